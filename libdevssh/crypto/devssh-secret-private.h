/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are wiped when freed, and compared in constant time (T-39, T-82). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _DevSshSecret DevSshSecret;

struct _DevSshSecret
{
  gsize  length;
  guint8 data[];
};

DevSshSecret *devssh_secret_new       (gsize length);                        /* zeros */
DevSshSecret *devssh_secret_new_copy  (const guint8 *data, gsize length);
DevSshSecret *devssh_secret_dup       (const DevSshSecret *self);
void          devssh_secret_free      (DevSshSecret *self);                  /* OPENSSL_cleanse, NULL is fine */
gboolean      devssh_secret_equal     (const DevSshSecret *self, const guint8 *data, gsize length);
/* For texts (passwords): wiped when freed with this; NULL is fine. */
char         *devssh_secret_strdup    (const char *text);
void          devssh_secret_strfree   (char *text);
void          devssh_wipe             (gpointer data, gsize length);
gboolean      devssh_equal_constant_time (gconstpointer a, gconstpointer b, gsize length);
/* Buffered DRBG: no system call per packet; the buffer is wiped as it is given out. One per thread. */
void          devssh_random           (guint8 *data, gsize length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshSecret, devssh_secret_free)

G_END_DECLS
