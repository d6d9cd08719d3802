/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions with the plugin, and TCP around them. */
#pragma once

#include "../test-util.h"

G_BEGIN_DECLS

typedef struct
{
  TestPair            *pair;
  DevSshSession       *client;
  DevSshSession       *server;
  DevSshPortForwarder *client_forwarder;   /* borrowed: the session's */
  DevSshPortForwarder *server_forwarder;

  /* What the application of either side says; counted, and the last one kept. */
  gboolean              accept_requests;
  gboolean              accept_openings;
  gboolean              keep_questions;
  gboolean              leave_openings;    /* take none: another one may */
  guint                 n_requests;
  guint                 n_openings;
  DevSshSessionRequest *request;
  DevSshChannelOpening *opening;
} Forwarding;

/* Both sessions may use the plugin, are joined and logged in; the server's application says what accept_* say. */
Forwarding          *forwarding_new              (void);
/* The same, without the plugin on one side: what goes out there is made by hand. */
Forwarding          *forwarding_new_full         (gboolean client_has_plugin, gboolean server_has_plugin);
void                 forwarding_free             (Forwarding *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Forwarding, forwarding_free)
void                 forwarding_close_sessions   (Forwarding *self);

/* The calls, awaited. */
DevSshForwardedPort *forward_from                (DevSshPortForwarder *forwarder, const char *remote_address, guint remote_port,
                                                  const char *local_host, guint local_port, GError **error);
DevSshForwardedPort *stream_from                 (DevSshPortForwarder *forwarder, const char *remote_address, guint remote_port, GError **error);
DevSshForwardedPort *forward_to                  (DevSshPortForwarder *forwarder, const char *local_address, guint local_port,
                                                  const char *remote_host, guint remote_port, GError **error);
GIOStream           *stream_to                   (DevSshPortForwarder *forwarder, const char *host, guint port, GError **error);
GIOStream           *connect_to                  (DevSshPortForwarder *forwarder, guint port, GError **error);
DevSshForwardedPort *wait_for                    (DevSshPortForwarder *forwarder, guint port, GError **error);

/* By hand. host NULL: no payload. */
GBytes              *request_payload             (const char *address, guint port);
GBytes              *open_payload                (const char *host, guint port, const char *originator, guint originator_port);
gboolean             raw_request                 (DevSshSession *session, const char *type, GBytes *payload, GBytes **reply);
DevSshChannel       *raw_open                    (DevSshSession *session, const char *type, GBytes *payload, GError **error);

/* TCP. A target listens on loopback, and has whoever connected last. */
typedef struct
{
  GSocketListener   *listener;
  guint              port;
  GCancellable      *cancellable;
  GSocketConnection *connection;     /* owned */
  guint              n_connections;
} Target;
Target              *target_new                  (const char *address);
GSocketConnection   *target_take                 (Target *self);     /* waits for one */
void                 target_free                 (Target *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Target, target_free)
GSocketConnection   *tcp_connect                 (const char *host, guint port, GError **error);
gboolean             tcp_can_listen              (const char *address, guint port);
void                 tcp_reset                   (GSocketConnection *connection);
void                 tcp_shutdown_write          (GSocketConnection *connection);

/* Bytes. */
void                 assert_carries              (GIOStream *from, GIOStream *to, gsize size);
void                 assert_carries_both         (GIOStream *a, GIOStream *b);
void                 assert_eof                  (GIOStream *stream);
/* Nothing more comes, and it was no clean end. */
void                 assert_broken               (GIOStream *stream);
/* An end of either kind. */
void                 assert_ended                (GIOStream *stream);
/* -1: error */
gssize               read_some                   (GIOStream *stream, guint8 *data, gsize size, GError **error);

#define n_items(model) (g_list_model_get_n_items (G_LIST_MODEL (model)))
DevSshForwardedPort *nth_port                    (GListModel *model, guint position);   /* borrowed */

G_END_DECLS
