/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the data types of RFC 4251, 5. The first failure sticks, so one check at the end serves all fields.
 * After it everything that comes back is zero or empty, never NULL. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_READER (devssh_reader_get_type ())

DEVSSH_AVAILABLE_IN_1_0
GType         devssh_reader_get_type      (void);
DEVSSH_AVAILABLE_IN_1_0
DevSshReader *devssh_reader_new           (GBytes        *bytes);
DEVSSH_AVAILABLE_IN_1_0
DevSshReader *devssh_reader_ref           (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
void          devssh_reader_unref         (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
guint8        devssh_reader_get_byte      (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean      devssh_reader_get_boolean   (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
guint32       devssh_reader_get_uint32    (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
guint64       devssh_reader_get_uint64    (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes       *devssh_reader_get_string    (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
char         *devssh_reader_dup_utf8      (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
char        **devssh_reader_get_name_list (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes       *devssh_reader_get_mpint     (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
GBytes       *devssh_reader_get_bytes     (DevSshReader  *self,
                                           gsize          length);
DEVSSH_AVAILABLE_IN_1_0
GBytes       *devssh_reader_get_rest      (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
gsize         devssh_reader_get_available (DevSshReader  *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean      devssh_reader_finish        (DevSshReader  *self,
                                           GError       **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshReader, devssh_reader_unref)

G_END_DECLS
