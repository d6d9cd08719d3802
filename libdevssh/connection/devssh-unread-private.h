/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Data messages that came before anybody wanted them: as they came, and joined, for a peer may send its window byte by byte. */
#pragma once

#include <libdevssh/base/devssh-byte-queue-private.h>

G_BEGIN_DECLS

/* RFC 4254 knows one type of extended data, standard error; so many others are told apart. */
#define DEVSSH_UNREAD_TYPES 6

typedef struct
{
  DevSshByteQueue bytes;   /* of all messages */
  DevSshByteQueue heads;   /* the type and the length of each: one byte if it is short */
  guint32         types[DEVSSH_UNREAD_TYPES];
  guint           n_types;
} DevSshUnread;

/* A zeroed struct is an empty queue. */
void      devssh_unread_clear (DevSshUnread *self);
/* FALSE: of one type too many, and not kept. length: not 0. */
gboolean  devssh_unread_push  (DevSshUnread *self, guint32 data_type, const guint8 *data, gsize length, DevSshBuffer *buffer);
/* The first message; there must be one. buffer: where it lies, kept by what is returned; or NULL. */
GBytes   *devssh_unread_pop   (DevSshUnread *self, guint32 *data_type, DevSshBuffer **buffer);

G_END_DECLS
