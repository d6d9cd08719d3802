/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's half of RFC 4252: messages 50 and 61 in, 51, 52, 60 out, and one question at a time.
 *
 *   devssh_auth_server_handle (payload, &event)   QUESTION: the pump holds the transport (devssh_transport_hold), emits,
 *                                                 and when the question's sink fires calls devssh_auth_server_resume (&event)
 *   devssh_auth_server_resume (&event)            NONE (a failure, PK_OK or 60 went out), SUCCESS or FATAL; then the hold ends
 * SUCCESS is returned before 52 is sent: the session sets principal and phase, activates the service, then calls devssh_auth_server_send_success().
 * The engine keeps only a weak hold on the question: refused when it dies (D6). A dead question (session gone) never comes back. */
#pragma once

#include <libdevssh/auth/devssh-authentication-private.h>
#include <libdevssh/base/devssh-trace-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/transport/devssh-outbox-private.h>

G_BEGIN_DECLS

typedef struct _DevSshAuthServer DevSshAuthServer;

typedef enum
{
  DEVSSH_AUTH_SERVER_NONE,
  DEVSSH_AUTH_SERVER_QUESTION,
  DEVSSH_AUTH_SERVER_SUCCESS,
  DEVSSH_AUTH_SERVER_FATAL,          /* reason, text; an engine that said so is deaf. 14: close in order, the 51 before it must leave */
  DEVSSH_AUTH_SERVER_UNIMPLEMENTED   /* answer the packet so: 61 with no question pending, numbers of other methods */
} DevSshAuthServerEventType;

typedef struct
{
  DevSshAuthServerEventType type;
  DevSshAuthentication     *question;    /* QUESTION: transfer full */
  GObject                  *principal;   /* SUCCESS: borrowed from the engine */
  const char               *user_name;   /* SUCCESS */
  const char               *service;     /* SUCCESS: the service the client named */
  guint32                   reason;      /* FATAL: 2, 7 or 14 */
  const char               *text;
} DevSshAuthServerEvent;

typedef struct
{
  char       **methods;          /* configured, in order; what 51 lists (but for "none": RFC 4252, 5.2) */
  char       **key_algorithms;   /* configured signature algorithms */
  char       **services;         /* what a client may name in 50; NULL: ssh-connection alone. Others: FATAL 7 (RFC 4252, 5) */
  int          max_attempts;     /* <= 0: 5 */
  gboolean     split_prompts;    /* the peer is Dev Tunnels SSH: 60 in their form (protocol.md 4.6) */
  DevSshSecret *session_id;      /* copy, owned */
  DevSshTracer *tracer;          /* owned ref or NULL */
} DevSshAuthServerConfig;

void              devssh_auth_server_config_free  (DevSshAuthServerConfig *config);   /* made with g_new0() */
/* Takes config over. wake: an answer has come (marks only). */
DevSshAuthServer *devssh_auth_server_new          (DevSshAuthServerConfig *config, DevSshOutbox *outbox, void (*wake) (gpointer host), gpointer host);
void              devssh_auth_server_free         (DevSshAuthServer *self);   /* kills an open question */
/* Not while a question is open. The payload of 50 and 61 is wiped (T-82). */
void              devssh_auth_server_handle       (DevSshAuthServer *self, guint8 *payload, gsize length, DevSshAuthServerEvent *event);
/* TRUE: an answer is there, event filled; FALSE: still open, or none. */
gboolean          devssh_auth_server_resume       (DevSshAuthServer *self, DevSshAuthServerEvent *event);
gboolean          devssh_auth_server_is_waiting   (DevSshAuthServer *self);
void              devssh_auth_server_send_success (DevSshAuthServer *self);
guint             devssh_auth_server_get_failures (DevSshAuthServer *self);

G_END_DECLS
