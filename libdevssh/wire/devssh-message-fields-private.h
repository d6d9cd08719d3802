/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all message decoders begin and end with. */
#pragma once

#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

G_BEGIN_DECLS

typedef void (*DevSshClearFunc) (gpointer message);

/* For messages that own nothing: their slices lie in the payload. */
#define DEVSSH_DEFINE_PLAIN_CLEAR(Message, message) \
  void \
  message ## _clear (Message *self) \
  { \
    memset (self, 0, sizeof *self); \
  }

/* Reads the number and fails unless it is that one. */
void         devssh_message_begin             (DevSshReader         *reader,
                                               DevSshMessageNumber   number,
                                               const guint8         *payload,
                                               gsize                 length);
/* Finishes; after a failure clear (message) runs, if there is any, and all of message becomes 0. */
gboolean     devssh_message_end               (DevSshReader         *reader,
                                               gpointer              message,
                                               gsize                 size,
                                               DevSshClearFunc       clear,
                                               GError              **error);
/* The same where bytes after the last field are refused. */
gboolean     devssh_message_end_all           (DevSshReader         *reader,
                                               gpointer              message,
                                               gsize                 size,
                                               DevSshClearFunc       clear,
                                               GError              **error);

/* A string that may be missing at the end of a message; data is NULL then. */
DevSshSlice  devssh_reader_get_optional_slice (DevSshReader         *self);
/* A string that is a name of RFC 4251, 6. */
char        *devssh_reader_dup_name           (DevSshReader         *self);
/* A uint32 that says how many elements follow: it fails, and is 0, when they cannot all be there
 * because each takes element_size bytes, or when they are more than maximum (T-13). */
guint        devssh_reader_get_count          (DevSshReader         *self,
                                               gsize                 element_size,
                                               guint                 maximum,
                                               const char           *too_many);
void         devssh_writer_put                (DevSshWriter         *self,
                                               DevSshSlice           slice);

G_END_DECLS
