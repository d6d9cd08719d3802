/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two authentication engines joined by two lists, and a pump that treats questions as a session does. */
#pragma once

#include <libdevssh/auth/devssh-auth-client-private.h>
#include <libdevssh/auth/devssh-auth-server-private.h>
#include <libdevssh/wire/devssh-messages-private.h>

/* Collects payloads; what leaves is wiped, so that a test can look for secrets that stayed. */
typedef struct
{
  DevSshOutbox  parent;
  GQueue        payloads;   /* (element-type DevSshSecret) */
} TestOutbox;

typedef struct _TestPeers TestPeers;

/* As a handler of ::authenticating. */
typedef gboolean (*TestHandler) (TestPeers *peers, DevSshAuthentication *question);

struct _TestPeers
{
  TestOutbox                 from_client;
  TestOutbox                 from_server;
  DevSshAuthClient          *client;
  DevSshAuthServer          *server;
  gboolean                   client_woken;
  gboolean                   server_woken;

  /* What the applications do. */
  TestHandler                server_handler;   /* NULL: nobody listens */
  TestHandler                client_handler;
  DevSshTracer              *tracer;           /* of both */

  const char                *provided_user;    /* by the password provider */
  const char                *provided_password;
  DevSshKeyPair             *provided_key;
  gboolean                   keeps_waiting;    /* providers do not answer */

  /* What happened. */
  GString                   *log;              /* one word for each message and event, in order */
  GPtrArray                 *kinds;            /* of the server's questions: nicks */
  gboolean                   client_succeeded; /* of the last run */
  gboolean                   server_succeeded;
  GObject                   *principal;
  char                      *user_name;
  char                      *service;
  DevSshKeyPair             *seen_key;
  DevSshAuthClientEventType  client_event;     /* the last one that was not NONE */
  char                      *client_methods;   /* of the last FAILURE */
  char                      *banner;           /* the last one */
  guint                      n_banners;
  guint32                    client_reason;
  guint32                    server_reason;
  DevSshAuthentication      *kept;             /* for late answers: handlers put it here */
  guint                      round;            /* for handlers */
};

extern const char * const test_all_methods[];
extern const char * const test_all_algorithms[];

DevSshSecret *test_session_id               (void);
DevSshKeyPair *test_key                     (const char *algorithm);    /* borrowed; made once for each name */
DevSshKeyPair *test_other_key               (const char *algorithm);    /* another one */

TestPeers    *test_peers_new                (const char * const *methods,
                                             int                 max_attempts);
/* For a server or a client that is configured otherwise: change what comes out of *_config, then set it. */
DevSshAuthServerConfig *
              test_server_config            (const char * const *methods,
                                             int                 max_attempts);
void          test_peers_set_server         (TestPeers              *peers,
                                             DevSshAuthServerConfig *config);
DevSshAuthClientConfig *
              test_client_config            (void);
void          test_peers_set_client         (TestPeers              *peers,
                                             DevSshAuthClientConfig *config);
void          test_peers_free               (TestPeers *peers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestPeers, test_peers_free)

DevSshAuthClientCredentials *
              test_credentials_new          (const char *user_name,
                                             const char *password,
                                             DevSshKeyPair *key);
void          test_peers_start              (TestPeers                   *peers,
                                             DevSshAuthClientCredentials *credentials);
/* Both ways, until nothing moves any more. */
void          test_peers_run                (TestPeers *peers);
/* What the client's own application has answered, and no message. */
void          test_peers_run_client         (TestPeers *peers);
void          test_peers_login              (TestPeers                   *peers,
                                             DevSshAuthClientCredentials *credentials);
/* One message from outside, as if the other side had sent it. */
void          test_peers_client_says        (TestPeers    *peers,
                                             const guint8 *payload,
                                             gsize         length);
void          test_peers_server_says        (TestPeers    *peers,
                                             const guint8 *payload,
                                             gsize         length);
void          test_peers_client_says_writer (TestPeers    *peers,
                                             DevSshWriter *writer);
void          test_peers_server_says_writer (TestPeers    *peers,
                                             DevSshWriter *writer);
/* 51 with these methods, as a server of its own would send it. */
void          test_peers_server_says_failure (TestPeers  *peers,
                                              const char *methods,
                                              gboolean    partial);
/* Takes what a side has sent: NULL if there is nothing. */
GBytes       *test_outbox_take              (TestOutbox *outbox);
guint         test_outbox_get_number        (TestOutbox *outbox);    /* of the next message; 0: none */
void          test_outbox_drop              (TestOutbox *outbox);

/* ---- requests made by hand ---- */
typedef struct
{
  const char    *user;
  const char    *service;
  const char    *method;            /* publickey or hostbased */
  const char    *algorithm;
  const char    *signed_session;    /* text instead of the real session id */
  const char    *signed_user;       /* what the signature covers, if not the same */
  const char    *signed_service;
  const char    *signed_algorithm;  /* the one that signs, so the inner name */
  const char    *blob_name;         /* inner name of an RSA blob */
  gboolean       flip;              /* one bit of the signature */
  gboolean       empty_signature;
  gboolean       trailing;          /* a byte behind the raw signature, inside the blob */
} TestSigned;

void          test_write_signed             (DevSshWriter     *writer,
                                             const TestSigned *what,
                                             DevSshKeyPair    *key);
void          test_write_query              (DevSshWriter     *writer,
                                             const char       *user,
                                             const char       *algorithm,
                                             DevSshKeyPair    *key);
void          test_write_password           (DevSshWriter     *writer,
                                             const char       *user,
                                             const char       *password);
void          test_write_method             (DevSshWriter     *writer,
                                             const char       *user,
                                             const char       *method);
void          test_write_responses          (DevSshWriter     *writer,
                                             const char * const *responses);

/* ---- handlers ---- */
gboolean      test_accept                   (TestPeers *peers, DevSshAuthentication *question);
gboolean      test_reject                   (TestPeers *peers, DevSshAuthentication *question);
gboolean      test_keep                     (TestPeers *peers, DevSshAuthentication *question);
