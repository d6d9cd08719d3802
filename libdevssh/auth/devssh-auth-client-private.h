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
  DEVSSH_AUTH_CLIENT_FATAL,              /* reason, text; an engine that said so is deaf */
  DEVSSH_AUTH_CLIENT_NEED_EXT_INFO,      /* only after expect_ext_info(): the next key is one that some peers hang up on; then provide_ext_info() */
  DEVSSH_AUTH_CLIENT_UNIMPLEMENTED       /* answer the packet so: a number nobody knows here */
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

void              devssh_auth_client_config_free (DevSshAuthClientConfig *config);   /* made with g_new0() */
/* Takes config over. wake: an answer has come (marks only). */
DevSshAuthClient *devssh_auth_client_new     (DevSshAuthClientConfig *config, DevSshOutbox *outbox, void (*wake) (gpointer host), gpointer host);
void              devssh_auth_client_free    (DevSshAuthClient *self);
/* The peer's server-sig-algs (NULL: none known); may be set whenever EXT_INFO comes. */
void              devssh_auth_client_set_server_sig_algs (DevSshAuthClient *self, const char *value, gsize length);
/* The peer said in its KEXINIT that it sends EXT_INFO (ext-info-s), and none has come yet: it may come any time up to SERVICE_ACCEPT.
 * Only then a first request may have to wait (NEED_EXT_INFO) instead of leaving together with SERVICE_REQUEST. */
void              devssh_auth_client_expect_ext_info (DevSshAuthClient *self);
/* EXT_INFO has come (after set_server_sig_algs()), or SERVICE_ACCEPT without it. Harmless at any time. */
void              devssh_auth_client_provide_ext_info (DevSshAuthClient *self, DevSshAuthClientEvent *event);
/* Takes credentials over (made with g_new0(); texts by g_strdup()). error: nothing to try at all. */
gboolean          devssh_auth_client_start   (DevSshAuthClient *self, DevSshAuthClientCredentials *credentials, DevSshAuthClientEvent *event, GError **error);
gboolean          devssh_auth_client_is_running (DevSshAuthClient *self);
/* 51, 52 and 60 are legal only while a request of ours is outstanding: else FATAL (T-32). After a late yes to a run that was
 * cancelled, nothing can follow any more: start() fails, a run that has begun already ends in FATAL. */
void              devssh_auth_client_handle  (DevSshAuthClient *self, guint8 *payload, gsize length, DevSshAuthClientEvent *event);
gboolean          devssh_auth_client_resume  (DevSshAuthClient *self, DevSshAuthClientEvent *event);
/* user_name NULL: unchanged; password NULL: nothing was given -> CANCELLED. Without effect (NONE) when it is not wanted any more. */
void              devssh_auth_client_provide_password    (DevSshAuthClient *self, const char *user_name, const char *password, DevSshAuthClientEvent *event);
/* key: the same one, with its private half; otherwise -> CANCELLED. */
void              devssh_auth_client_provide_private_key (DevSshAuthClient *self, DevSshKeyPair *key, DevSshAuthClientEvent *event);
/* Ends the run locally; replies to what is outstanding are swallowed. */
void              devssh_auth_client_cancel  (DevSshAuthClient *self);

G_END_DECLS
