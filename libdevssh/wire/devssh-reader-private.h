/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader on the stack, over borrowed bytes: what decoders use. */
#pragma once

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/wire/devssh-reader.h>

#include <string.h>

G_BEGIN_DECLS

/* Borrowed bytes inside a payload; dies with the payload. */
typedef struct
{
  const guint8 *data;
  gsize         length;
} DevSshSlice;

static inline gboolean
devssh_slice_is (DevSshSlice  slice,
                 const char  *text)
{
  return slice.length == strlen (text) && memcmp (slice.data, text, slice.length) == 0;
}

struct _DevSshReader
{
  const guint8   *data;
  gsize           length;
  gsize           position;
  int             failure;    /* 0, or the DevSshError code + 1 of the first failure */
  const char     *what;       /* static text: which type was being read */
  gsize           where;      /* position of the first failure */
  GBytes         *bytes;      /* NULL on the stack */
  gatomicrefcount ref_count;  /* boxed ones only */
};

void        devssh_reader_init       (DevSshReader *self, const guint8 *data, gsize length);
/* The one bounds check: NULL and failed if fewer than length bytes are left. */
const guint8 *devssh_reader_take     (DevSshReader *self, gsize length);
DevSshSlice devssh_reader_get_slice  (DevSshReader *self);                   /* string, borrowed */
DevSshSlice devssh_reader_get_tail   (DevSshReader *self);                   /* all that is left, borrowed */
/* mpint >= 0, at most 16384 bits, magnitude without leading zeros; strict: unneeded leading zeros fail (T-15) */
DevSshSlice devssh_reader_get_magnitude (DevSshReader *self, gboolean strict);
gboolean    devssh_reader_ok         (const DevSshReader *self);
void        devssh_reader_fail       (DevSshReader *self, DevSshError code, const char *what);
/* As finish, and bytes that are left are a failure too. */
gboolean    devssh_reader_finish_all (DevSshReader *self, GError **error);

G_END_DECLS
