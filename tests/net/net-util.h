/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server that lets everybody in, and a client, over TCP on this computer. */
#pragma once

#include "../test-util.h"

#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

typedef struct
{
  DevSshServer        *server;
  DevSshClient        *client;
  DevSshContext       *context;
  guint16              port;
  guint                n_opened;
  guint                n_closed;
  guint                n_errors;
  guint                n_logins;
  DevSshServerSession *last;      /* opened; not owned */
} Fixture;

void                 test_fixture_init    (Fixture *self);
/* ... of both; NULL: what it is without */
void                 test_fixture_init_with (Fixture *self, DevSshSessionConfig *config);
void                 test_fixture_clear   (Fixture *self);
DevSshClientSession *test_fixture_try     (Fixture *self, const char *host, GError **error);
/* ... which succeeds. */
DevSshClientSession *test_fixture_connect (Fixture *self);
void                 test_fixture_log_in  (Fixture *self, DevSshClientSession *session);
/* A handler of ::authenticating that says yes. */
gboolean             test_host_cb         (DevSshSession *session, DevSshAuthentication *authentication, gpointer user_data);
guint                test_count           (GListModel *model);

G_END_DECLS
