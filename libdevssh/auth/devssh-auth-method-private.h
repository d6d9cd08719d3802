/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One row per method of RFC 4252, 5: what its requests mean to a server, how a client makes them.
 * Adding a method is adding a file and a row; neither engine names one. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/auth/devssh-auth-server-private.h>
#include <libdevssh/wire/devssh-messages-private.h>

G_BEGIN_DECLS

typedef struct _DevSshAuthMethod DevSshAuthMethod;

/* One entry of the client's queue. All but method is borrowed from the engine. */
typedef struct
{
  const DevSshAuthMethod            *method;
  const DevSshAuthClientConfig      *config;
  const DevSshAuthClientCredentials *credentials;
  const char * const                *peer_algorithms;    /* server-sig-algs; NULL: nobody knows */
  gboolean                           ext_info_expected;  /* nobody knows yet */
  DevSshKeyPair                     *key;                /* reference or NULL: publickey */
} DevSshAuthAttempt;

/* What an attempt needs before it can be written. */
typedef enum
{
  DEVSSH_AUTH_NEED_NOTHING,
  DEVSSH_AUTH_NEED_PASSWORD,
  DEVSSH_AUTH_NEED_PRIVATE_KEY,
  DEVSSH_AUTH_NEED_EXT_INFO,
  DEVSSH_AUTH_NEED_LUCK           /* nothing would help: next attempt */
} DevSshAuthNeed;

/* What a client makes of 60, which each method reads in its own way. */
typedef enum
{
  DEVSSH_AUTH_REPLY_BAD,          /* error is set: Fatal(2) */
  DEVSSH_AUTH_REPLY_YES,          /* the key of a query would do */
  DEVSSH_AUTH_REPLY_QUESTION,     /* for the application */
  DEVSSH_AUTH_REPLY_NO            /* the attempt is over; no 51 will follow */
} DevSshAuthReply;

struct _DevSshAuthMethod
{
  const char *name;

  /* ---- server ---- */
  /* The question for the application, or NULL and error: refused, and nobody is asked. What can be proved is proved before a
   * question exists: no row makes one about a signature that it has not verified (T-33). Knows no user: T-38. */
  DevSshAuthentication *(*ask)     (const DevSshAuthServerConfig *config, const DevSshUserauthRequestMessage *request, const guint8 *payload, GError **error);
  /* The next question of a dialogue; NULL member: the method has none. */
  DevSshAuthentication *(*ask_on)  (const char *user_name, const DevSshInfoResponseMessage *response, GError **error);

  /* ---- client ---- */
  gboolean              is_last_resort;   /* tried only when nothing else is left */
  /* How many attempts the credentials are good for. */
  guint                (*count)    (const DevSshAuthClientCredentials *credentials);
  DevSshAuthNeed       (*prepare)  (const DevSshAuthAttempt *attempt);
  /* The whole of 50; request has user, service and method. */
  gboolean             (*write)    (const DevSshAuthAttempt *attempt, DevSshUserauthRequestMessage *request, DevSshWriter *payload, GError **error);
  /* NULL member: 60 is no answer to this method, Fatal(2). */
  DevSshAuthReply      (*reply)    (const DevSshAuthAttempt *attempt, const guint8 *payload, gsize length, DevSshAuthentication **question, GError **error);
};

extern const DevSshAuthMethod devssh_auth_none;
extern const DevSshAuthMethod devssh_auth_password;
extern const DevSshAuthMethod devssh_auth_public_key;
extern const DevSshAuthMethod devssh_auth_keyboard_interactive;
extern const DevSshAuthMethod devssh_auth_host_based;

/* In the order in which a client tries them (protocol.md 4.2); ends with NULL. */
extern const DevSshAuthMethod * const devssh_auth_methods[];
const DevSshAuthMethod *devssh_auth_method_find     (const char *name);      /* NULL: not known here */
/* Known here and in the list of the configuration? */
const DevSshAuthMethod *devssh_auth_method_find_in  (const char * const *configured, const char *name);

/* ---- devssh-auth-signature.c: what publickey and hostbased share ---- */
/* The key of request, if its signature over this very session and request verifies. The one way to a key that proves something. */
DevSshKeyPair *devssh_auth_verify_request    (const DevSshAuthServerConfig *config, const DevSshUserauthRequestMessage *request, const guint8 *payload, GError **error);
/* The key of request, if it could be used here; nothing is proved. */
DevSshKeyPair *devssh_auth_read_key          (const DevSshAuthServerConfig *config, const DevSshUserauthRequestMessage *request, GError **error);
/* protocol.md 4.4; NULL: the peer would not take this key. */
const char    *devssh_auth_pick_algorithm    (const DevSshAuthAttempt *attempt, DevSshKeyPair *key);
/* Writes 50 with key and signature; fills in algorithm, key_blob and signature meanwhile. */
gboolean       devssh_auth_write_signed      (const DevSshAuthAttempt *attempt, DevSshKeyPair *key, DevSshUserauthRequestMessage *request, DevSshWriter *payload, GError **error);

G_END_DECLS
