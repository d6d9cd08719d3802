/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests that cannot wait for whole seconds. */
#pragma once

#include <libdevssh/net/devssh-server.h>

G_BEGIN_DECLS

void  devssh_server_set_login_grace_milliseconds (DevSshServer *self, guint milliseconds);
/* Sessions that have not logged in yet. */
guint devssh_server_get_startups                 (DevSshServer *self);

G_END_DECLS
