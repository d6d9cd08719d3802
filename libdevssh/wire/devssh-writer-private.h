/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writer on the stack: what encoders use. Small messages need no heap. */
#pragma once

#include <libdevssh/wire/devssh-writer.h>

G_BEGIN_DECLS

struct _DevSshWriter
{
  guint8         *data;        /* local, or on the heap once it has grown */
  gsize           length;
  gsize           capacity;
  gatomicrefcount ref_count;   /* boxed ones only */
  guint8          local[256];
};

void devssh_writer_init  (DevSshWriter *self);
/* Wipes (explicit_bzero) and frees; safe on an initialised writer, at any time. */
void devssh_writer_clear (DevSshWriter *self);
void devssh_writer_reset (DevSshWriter *self);   /* empty again, storage kept */
void devssh_writer_put_slice (DevSshWriter *self, const guint8 *data, gsize length);  /* = put_string */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshWriter, devssh_writer_clear)

/* "g_auto (DevSshWriter) writer = { 0 };" is NOT initialised: use this. */
#define DEVSSH_WRITER_AUTO(name) g_auto (DevSshWriter) name; devssh_writer_init (&name)

G_END_DECLS
