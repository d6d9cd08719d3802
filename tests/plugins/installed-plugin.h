/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plugin as it is installed: in a folder of its own, with modes that the library trusts. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* DEVSSH_TEST_PLUGIN says where it was built. name: of the keyfile, without the ending. One a process, removed at its end. */
const char *test_plugin_directory (const char *name);

G_END_DECLS
