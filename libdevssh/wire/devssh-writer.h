/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the data types of RFC 4251, 5. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_WRITER (devssh_writer_get_type ())

DEVSSH_AVAILABLE_IN_1_0
GType         devssh_writer_get_type      (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshWriter *devssh_writer_new           (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshWriter *devssh_writer_ref           (DevSshWriter       *self);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_unref         (DevSshWriter       *self);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_byte      (DevSshWriter       *self,
                                           guint8              value);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_boolean   (DevSshWriter       *self,
                                           gboolean            value);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_uint32    (DevSshWriter       *self,
                                           guint32             value);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_uint64    (DevSshWriter       *self,
                                           guint64             value);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_string    (DevSshWriter       *self,
                                           const guint8       *data,
                                           gsize               length);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_utf8      (DevSshWriter       *self,
                                           const char         *text);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_name_list (DevSshWriter       *self,
                                           const char * const *names);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_mpint     (DevSshWriter       *self,
                                           const guint8       *magnitude,
                                           gsize               length);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_put_bytes     (DevSshWriter       *self,
                                           const guint8       *data,
                                           gsize               length);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_writer_set_uint32    (DevSshWriter       *self,
                                           gsize               position,
                                           guint32             value);
DEVSSH_AVAILABLE_IN_1_0
gsize         devssh_writer_get_length    (DevSshWriter       *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes       *devssh_writer_end           (DevSshWriter       *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshWriter, devssh_writer_unref)

G_END_DECLS
