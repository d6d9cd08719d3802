/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client's half of RFC 4252 (protocol.md 4.2): works through a queue of attempts. One run per authenticate call.
 *
 * devssh_auth_client_start() sends the first request or returns what it needs first. After each event of kind NEED_* the
 * session gets the thing (asynchronously) and calls provide_*(); QUESTION is answered through the question's sink -> wake -> resume(). */
#pragma once

#include <libdevssh/auth/devssh-authentication-private.h>
#include <libdevssh/base/devssh-trace-private.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/transport/devssh-outbox-private.h>

G_BEGIN_DECLS

typedef struct _DevSshAuthClient DevSshAuthClient;

typedef enum
{
  DEVSSH_AUTH_CLIENT_NONE,
  DEVSSH_AUTH_CLIENT_QUESTION,           /* keyboard-interactive prompts */
  DEVSSH_AUTH_CLIENT_NEED_PASSWORD,      /* ask the password provider; then provide_password() */
  DEVSSH_AUTH_CLIENT_NEED_PRIVATE_KEY,   /* key: public only; then provide_private_key() */
  DEVSSH_AUTH_CLIENT_SUCCESS,
  DEVSSH_AUTH_CLIENT_FAILURE,            /* queue exhausted: the session stays, another run may follow; methods: the server's last list */
  DEVSSH_AUTH_CLIENT_PK_OK,              /* end of a query run: yes (FAILURE: no) */
  DEVSSH_AUTH_CLIENT_BANNER,             /* text, safe for people */
  DEVSSH_AUTH_CLIENT_CANCELLED,          /* a provider gave nothing: close with 13 */
  DEVSSH_AUTH_CLIENT_FATAL               /* reason, text */
} DevSshAuthClientEventType;

typedef struct
{
  DevSshAuthClientEventType type;
  DevSshAuthentication     *question;    /* transfer full */
  DevSshKeyPair            *key;         /* borrowed */
  const char * const       *methods;     /* borrowed */
  const char               *text;
  guint32                   reason;
} DevSshAuthClientEvent;

typedef struct
{
  char          *user_name;
  char          *password;               /* NULL: none (or the provider) */
  gboolean       has_password_provider;
  gboolean       has_private_key_provider;
  gboolean       has_interactive_handler;/* somebody listens to ::authenticating */
  GPtrArray     *keys;                   /* (element-type DevSshKeyPair) */
  char          *client_host, *client_user;   /* hostbased: with host_key; tried only when methods has it and these are set */
  DevSshKeyPair *host_based_key;
  gboolean       query;                  /* only ask whether keys[0] would do (AuthenticatePublicKeyQuery) */
} DevSshAuthClientCredentials;
void              devssh_auth_client_credentials_free (DevSshAuthClientCredentials *credentials);   /* wipes */

typedef struct
{
  char        **methods;                 /* allowed by the configuration */
  char        **key_algorithms;          /* preference */
  DevSshSecret *session_id;              /* owned copy */
  DevSshTracer *tracer;
} DevSshAuthClientConfig;

DevSshAuthClient *devssh_auth_client_new     (DevSshAuthClientConfig *config, DevSshOutbox *outbox, void (*wake) (gpointer host), gpointer host);
void              devssh_auth_client_free    (DevSshAuthClient *self);
/* The peer's server-sig-algs (NULL: none known); may be set whenever EXT_INFO comes. */
void              devssh_auth_client_set_server_sig_algs (DevSshAuthClient *self, const char *value, gsize length);
/* Takes credentials over. error: nothing to try at all. */
gboolean          devssh_auth_client_start   (DevSshAuthClient *self, DevSshAuthClientCredentials *credentials, DevSshAuthClientEvent *event, GError **error);
gboolean          devssh_auth_client_is_running (DevSshAuthClient *self);
/* Our request is outstanding: 51, 52, 60 are legal now (T-32). */
void              devssh_auth_client_handle  (DevSshAuthClient *self, guint8 *payload, gsize length, DevSshAuthClientEvent *event);
gboolean          devssh_auth_client_resume  (DevSshAuthClient *self, DevSshAuthClientEvent *event);
/* user_name NULL: unchanged; password NULL: nothing was given -> CANCELLED. */
void              devssh_auth_client_provide_password    (DevSshAuthClient *self, const char *user_name, const char *password, DevSshAuthClientEvent *event);
void              devssh_auth_client_provide_private_key (DevSshAuthClient *self, DevSshKeyPair *key, DevSshAuthClientEvent *event);
/* Ends the run locally; replies to what is outstanding are swallowed. */
void              devssh_auth_client_cancel  (DevSshAuthClient *self);

G_END_DECLS
