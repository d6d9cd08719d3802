/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a plugin module exports. */
#pragma once

#include <libdevssh/base/devssh-types.h>

G_BEGIN_DECLS

/**
 * DEVSSH_PLUGIN_ABI:
 *
 * The number that a module and its keyfile carry; raised when class structs that plugins derive change.
 *
 * Since: 1.0
 */
#define DEVSSH_PLUGIN_ABI 1

#define DEVSSH_PLUGIN_EXPORT __attribute__ ((visibility ("default"))) extern

/* A module exports exactly:
 *   DEVSSH_PLUGIN_EXPORT const guint devssh_plugin_abi;      = DEVSSH_PLUGIN_ABI, read before anything is called
 *   DEVSSH_PLUGIN_EXPORT void devssh_plugin_load (GTypeModule *module);   registers its types; called once, in some thread */

G_END_DECLS
