/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories with plugins in them, for tests. Modules come from where $DEVSSH_TEST_MODULES says. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* One that others cannot write to, and that goes when the test ends. */
char *new_directory (void);
void  put_text      (const char *directory, const char *name, const char *text);
void  copy_file     (const char *source_directory, const char *name, const char *directory, int mode);
/* libtest-VARIANT.so */
void  put_module    (const char *directory, const char *variant);
/* libTYPE-NAME.so: those of the variants hook and slow find the name of their type in that of their file. */
void  put_module_as (const char *directory, const char *variant, const char *type_name);
/* A module of a variant, and PLUGIN.plugin, with one service that is called PLUGIN. */
void  put_plugin    (const char *directory, const char *variant, const char *plugin, const char *type_name, const char *rules);
/* PLUGIN.plugin, with one service that is called PLUGIN and wakes on session-request:PLUGIN. */
void  put_keyfile   (const char *directory, const char *plugin, const char *module, const char *type_name);
void  link_to       (const char *directory, const char *name, const char *target);

G_END_DECLS
