/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Honest messages of every type, for tests and for the seeds of the fuzzers. */
#pragma once

#include <libdevssh/wire/devssh-messages-private.h>

G_BEGIN_DECLS

/* A message is written down as its fields, one word each:
 *   bN byte or boolean   uN uint32   qN uint64   k a cookie   sTEXT string ('_' is a space)
 *   cN uint32 that counts what follows   tTEXT bytes without a length, to the end
 * A '?' before a word: from here on the fields may be missing. */
typedef struct
{
  const char *name;    /* of the row in devssh_message_types */
  const char *fields;
} TestSample;

extern const TestSample test_samples[];
extern const guint      test_n_samples;

typedef struct
{
  const DevSshMessageType *type;
  GByteArray              *bytes;
  GArray                  *lengths;    /* (element-type guint): where length and count fields are */
  GArray                  *cuts;       /* (element-type guint): where the message may end early */
} TestMessage;

void        test_message_init  (TestMessage      *self,
                                const TestSample *sample);
void        test_message_clear (TestMessage      *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestMessage, test_message_clear)
/* Only what the fields come to. */
GByteArray *test_message_bytes (const char       *fields);

G_END_DECLS
