/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class that an add-on derives: one instance a session, made when a rule first matches. */
#pragma once

#include <libdevssh/base/devssh-question.h>
#include <libdevssh/base/devssh-trace.h>
#include <libdevssh/connection/devssh-channel-opening.h>
#include <libdevssh/connection/devssh-channel-request.h>
#include <libdevssh/connection/devssh-session-request.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_SERVICE (devssh_service_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (DevSshService, devssh_service, DEVSSH, SERVICE, GObject)

/* Every vfunc returns as a signal handler would: TRUE, and the question answered now or kept for later; FALSE: refused.
 * Defaults: session_request and channel_opening hand the question to the session's own signals; channel_request refuses. */
struct _DevSshServiceClass
{
  GObjectClass parent_class;

  void     (*activated)       (DevSshService        *self);
  gboolean (*session_request) (DevSshService        *self,
                               DevSshSessionRequest *request);
  gboolean (*channel_opening) (DevSshService        *self,
                               DevSshChannelOpening *opening);
  gboolean (*channel_request) (DevSshService        *self,
                               DevSshChannelRequest *request);
  void     (*closed)          (DevSshService        *self);

  /*< private >*/
  gpointer _reserved[8];
};

/* The session it serves; NULL once closed. */
DEVSSH_AVAILABLE_IN_1_0
DevSshSession *devssh_service_get_session (DevSshService        *self);
DEVSSH_AVAILABLE_IN_1_0
const char    *devssh_service_get_name    (DevSshService        *self);
/* What was registered with it. */
DEVSSH_AVAILABLE_IN_1_0
GObject       *devssh_service_get_config  (DevSshService        *self);
/* Puts the question to the application, through the session's own signals, as a question of its own: the answer comes here,
 * and question itself stays open for the service to answer. Result: TRUE accepted; FALSE and an error: refused
 * (DEVSSH_ERROR_REFUSED, or DEVSSH_CHANNEL_ERROR with the reason the application gave for an opening). */
DEVSSH_AVAILABLE_IN_1_0
void           devssh_service_ask_async   (DevSshService        *self,
                                           DevSshQuestion       *question,
                                           GCancellable         *cancellable,
                                           GAsyncReadyCallback   callback,
                                           gpointer              user_data);
DEVSSH_AVAILABLE_IN_1_0
gboolean       devssh_service_ask_finish  (DevSshService        *self,
                                           GAsyncResult         *result,
                                           GError              **error);
/* For what has to be done after the session: the main context is run until it is released. */
DEVSSH_AVAILABLE_IN_1_0
void           devssh_service_hold        (DevSshService        *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_service_release     (DevSshService        *self);
DEVSSH_AVAILABLE_IN_1_0
void           devssh_service_trace       (DevSshService        *self,
                                           DevSshTraceLevel      level,
                                           DevSshTraceEvent      event,
                                           const char           *text);

G_END_DECLS
