/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer's transport is one of ours, without limits and without a gate for what it says. */
#include "hostile-peer.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libdevssh/transport/devssh-transport-state-private.h>

/* So much is said before the socket has to take it. */
#define OUTPUT_MARK (64 * 1024)

static void peer_turn (HostilePeer *self);

/* ---- the session's application ---- */

static gboolean
authenticating_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   HostilePeer          *self)
{
  switch (devssh_authentication_get_authentication_type (question))
    {
    case DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY:
      devssh_authentication_accept (question, NULL);
      return TRUE;
    case DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD:
      if (g_strcmp0 (devssh_authentication_get_password (question), "secret") == 0)
        devssh_authentication_accept (question, NULL);
      else
        devssh_authentication_reject (question);
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
channel_opening_cb (DevSshSession        *session,
                    DevSshChannelOpening *opening,
                    HostilePeer          *self)
{
  if (!g_str_equal (devssh_channel_opening_get_channel_type (opening), "session"))
    return FALSE;

  devssh_channel_opening_accept (opening);

  return TRUE;
}

static void
ignore_result_cb (GObject      *source,
                  GAsyncResult *result,
                  gpointer      user_data)
{
}

static void
make_session (HostilePeer         *self,
              GIOStream           *stream,
              DevSshSessionConfig *config)
{
  g_autoptr(DevSshServerCredentials) host = devssh_server_credentials_new ();
  g_autoptr(GError) error = NULL;

  devssh_server_credentials_add_key (host, test_key ("ssh-ed25519"));
  if (self->is_server)
    self->session = DEVSSH_SESSION (devssh_client_session_new (stream, config, &error));
  else
    self->session = DEVSSH_SESSION (devssh_server_session_new (stream, config, host, &error));
  g_assert_no_error (error);

  g_signal_connect (self->session, "authenticating", G_CALLBACK (authenticating_cb), self);
  g_signal_connect (self->session, "channel-opening", G_CALLBACK (channel_opening_cb), self);
  devssh_session_connect_async (self->session, NULL, ignore_result_cb, NULL);
}

/* ---- the peer ---- */

static DevSshTransportConfig *
peer_config_new (gboolean is_server)
{
  static DevSshBufferPool *pool;
  DevSshTransportConfig *config;

  if (pool == NULL)
    pool = devssh_buffer_pool_new ();

  config = devssh_transport_config_new (is_server, pool);
  devssh_transport_config_use_defaults (config);
  config->rekey_bytes = 0;
  config->kex_timeout = 0;
  config->max_output = config->max_held = G_MAXSIZE / 2;
  if (is_server)
    {
      config->host_keys = g_ptr_array_new_with_free_func (g_object_unref);
      g_ptr_array_add (config->host_keys, g_object_ref (test_key ("ssh-ed25519")));
    }

  return config;
}

HostilePeer *
hostile_peer_new (gboolean             is_server,
                  DevSshSessionConfig *config)
{
  HostilePeer *self = g_new0 (HostilePeer, 1);
  g_autoptr(DevSshSessionConfig) defaults = devssh_session_config_new ();
  g_autoptr(GSocket) socket = NULL;
  g_autoptr(GIOStream) stream = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[1], NULL);
  stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));

  self->is_server = is_server;
  self->fd = fds[0];
  self->reads_left = -1;
  self->transport = devssh_transport_new (peer_config_new (is_server));
  devssh_transport_start (self->transport, g_get_monotonic_time ());
  make_session (self, stream, config != NULL ? config : defaults);
  peer_turn (self);

  return self;
}

static void
clear_source (HostilePeer *self)
{
  if (self->source == NULL)
    return;

  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  self->wanted = 0;
}

void
hostile_peer_hang_up (HostilePeer *self)
{
  clear_source (self);
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->over = TRUE;
}

void
hostile_peer_free (HostilePeer *self)
{
  hostile_peer_hang_up (self);
  g_signal_handlers_disconnect_by_data (self->session, self);
  devssh_session_close (self->session, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, NULL);
  test_settle ();
  g_assert_finalize_object (self->session);
  test_settle ();
  devssh_transport_free (self->transport);
  g_clear_pointer (&self->template_bytes, g_byte_array_unref);
  g_free (self->text);
  g_free (self);
}

/* ---- what the session says ---- */

static void
note_event (HostilePeer                *self,
            const DevSshTransportEvent *event)
{
  switch (event->type)
    {
    case DEVSSH_TRANSPORT_KEX_DONE:
      self->keyed = TRUE;
      break;
    case DEVSSH_TRANSPORT_MESSAGE:
      self->received[event->payload[0]]++;
      break;
    case DEVSSH_TRANSPORT_UNIMPLEMENTED:
      self->unimplemented++;
      break;
    case DEVSSH_TRANSPORT_SERVICE_REQUEST:
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_AUTH);
      devssh_transport_send_service_accept (self->transport, event->text);
      break;
    case DEVSSH_TRANSPORT_SERVICE_ACCEPT:
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_AUTH);
      break;
    case DEVSSH_TRANSPORT_DISCONNECTED:
      self->over = TRUE;
      self->reason = event->reason;
      self->text = g_strdup (event->text);
      break;
    case DEVSSH_TRANSPORT_FAILED:
      g_test_message ("the peer is confused: %s", event->text);
      self->over = self->confused = TRUE;
      break;
    case DEVSSH_TRANSPORT_NEED_INPUT:
    case DEVSSH_TRANSPORT_HELD:
    case DEVSSH_TRANSPORT_END:
    case DEVSSH_TRANSPORT_VERSION:
    case DEVSSH_TRANSPORT_KEX_STARTED:
    case DEVSSH_TRANSPORT_HOST_KEY:
    case DEVSSH_TRANSPORT_NEED_HOST_KEY:
    case DEVSSH_TRANSPORT_EXT_INFO:
    case DEVSSH_TRANSPORT_DEBUG:
    default:
      break;
    }
}

static void
hear (HostilePeer *self)
{
  DevSshTransportEvent event;

  while (!self->over)
    {
      devssh_transport_step (self->transport, g_get_monotonic_time (), &event);
      if (event.type == DEVSSH_TRANSPORT_NEED_INPUT || event.type == DEVSSH_TRANSPORT_END)
        break;
      note_event (self, &event);
    }
}

static void
read_once (HostilePeer *self)
{
  gsize size = 0;
  guint8 *space = devssh_transport_get_space (self->transport, &size);
  gssize n = space != NULL ? recv (self->fd, space, size, 0) : 0;

  if (n < 0 && errno == EAGAIN)
    return;
  if (n <= 0)
    {
      self->over = TRUE;
      return;
    }

  devssh_transport_received (self->transport, n);
  if (self->reads_left > 0 && --self->reads_left == 0)
    self->deaf = TRUE;
  hear (self);
}

/* ---- what it says ---- */

static gsize
get_waiting (HostilePeer *self)
{
  gsize length = 0;

  devssh_transport_get_output (self->transport, &length);

  return length;
}

static void
write_out (HostilePeer *self)
{
  for (;;)
    {
      gsize length = 0;
      const guint8 *data;
      gssize n;

      while (self->produce != NULL && get_waiting (self) < OUTPUT_MARK)
        if (!self->produce (self))
          self->produce = NULL;

      data = devssh_transport_get_output (self->transport, &length);
      if (length == 0 || self->fd < 0)
        return;

      n = send (self->fd, data, length, MSG_NOSIGNAL);
      if (n < 0 && errno == EAGAIN)
        return;
      if (n < 0)
        {
          /* The session has hung up; what it said before may still be there. */
          devssh_transport_sent (self->transport, length);
          self->produce = NULL;
          return;
        }
      devssh_transport_sent (self->transport, n);
    }
}

static gboolean
ready_cb (int          fd,
          GIOCondition condition,
          gpointer     user_data)
{
  HostilePeer *self = user_data;

  if ((condition & (G_IO_IN | G_IO_HUP | G_IO_ERR)) != 0 && !self->deaf)
    read_once (self);
  peer_turn (self);

  return G_SOURCE_CONTINUE;
}

static void
peer_turn (HostilePeer *self)
{
  GIOCondition wanted = 0;

  write_out (self);
  if (self->fd < 0)
    return;

  if (!self->deaf && !self->over)
    wanted |= G_IO_IN;
  if (get_waiting (self) > 0)
    wanted |= G_IO_OUT;
  if (wanted == self->wanted)
    return;

  clear_source (self);
  self->wanted = wanted;
  if (wanted == 0)
    return;

  self->source = g_unix_fd_source_new (self->fd, wanted);
  g_source_set_callback (self->source, G_SOURCE_FUNC (ready_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
}

static void
seal (HostilePeer  *self,
      const guint8 *payload,
      gsize         length)
{
  if (!devssh_transport_is_over (self->transport))
    devssh_transport_seal (self->transport, payload, length, NULL, 0, NULL);
}

void
hostile_peer_say (HostilePeer  *self,
                  const guint8 *payload,
                  gsize         length)
{
  seal (self, payload, length);
  peer_turn (self);
}

void
hostile_peer_say_fields (HostilePeer *self,
                         const char  *fields)
{
  g_autoptr(GByteArray) message = test_message_bytes (fields);

  hostile_peer_say (self, message->data, message->len);
}

void
hostile_peer_say_all (HostilePeer *self,
                      const char  *messages)
{
  g_auto(GStrv) list = g_strsplit (messages, "; ", -1);

  for (guint i = 0; list[i] != NULL; i++)
    {
      g_autoptr(GByteArray) message = test_message_bytes (list[i]);

      seal (self, message->data, message->len);
    }
  peer_turn (self);
}

void
hostile_peer_write (HostilePeer  *self,
                    const guint8 *data,
                    gsize         length)
{
  devssh_packet_writer_append (&self->transport->out, data, length);
  peer_turn (self);
}

static gboolean
produce_flood (HostilePeer *self)
{
  if (self->count == 0 || self->over)
    return FALSE;

  seal (self, self->template_bytes->data, self->template_bytes->len);
  self->count--;

  return TRUE;
}

void
hostile_peer_flood (HostilePeer *self,
                    const char  *fields,
                    guint        count)
{
  g_clear_pointer (&self->template_bytes, g_byte_array_unref);
  self->template_bytes = test_message_bytes (fields);
  self->count = count;
  self->produce = produce_flood;
  peer_turn (self);
}

void
hostile_peer_rekey (HostilePeer *self)
{
  g_assert_true (devssh_transport_rekey (self->transport, g_get_monotonic_time ()));
  peer_turn (self);
}

void
hostile_peer_set_deaf (HostilePeer *self,
                       gboolean     deaf)
{
  self->deaf = deaf;
  self->reads_left = -1;
  peer_turn (self);
}

/* ---- an honest beginning ---- */

void
hostile_peer_get_keys (HostilePeer *self)
{
  test_spin_until (self->keyed || self->over);
  g_assert_false (self->over);
}

void
hostile_peer_get_auth (HostilePeer *self)
{
  hostile_peer_get_keys (self);
  if (!self->is_server)
    {
      devssh_transport_send_service_request (self->transport, "ssh-userauth");
      peer_turn (self);
    }
  test_spin_until (devssh_transport_get_phase (self->transport) == DEVSSH_PHASE_AUTH || self->over);
  g_assert_false (self->over);
}

void
hostile_peer_get_in (HostilePeer *self)
{
  g_autoptr(DevSshClientCredentials) user = NULL;

  hostile_peer_get_keys (self);
  if (self->is_server)
    {
      test_spin_until (devssh_session_get_is_connected (self->session));
      user = devssh_client_credentials_new ("test");
      devssh_client_credentials_set_password (user, "secret");
      devssh_client_session_authenticate_async (DEVSSH_CLIENT_SESSION (self->session), user, NULL, ignore_result_cb, NULL);
      hostile_peer_get_auth (self);
      test_spin_until (self->received[DEVSSH_MESSAGE_USERAUTH_REQUEST] > 0);
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_OPEN);
      hostile_peer_say_fields (self, "b52");
    }
  else
    {
      hostile_peer_get_auth (self);
      hostile_peer_say_fields (self, "b50 stest sssh-connection spassword b0 ssecret");
      test_spin_until (self->received[DEVSSH_MESSAGE_USERAUTH_SUCCESS] > 0 || self->over);
      devssh_transport_set_phase (self->transport, DEVSSH_PHASE_OPEN);
    }

  g_assert_false (self->over);
  test_spin_until (devssh_session_get_is_authenticated (self->session));
}

/* ---- what must come of it ---- */

guint
hostile_peer_get_grants (HostilePeer *self)
{
  return self->received[52] + self->received[81] + self->received[91] + self->received[94] + self->received[99];
}

void
hostile_peer_expect_end (HostilePeer *self,
                         guint32      reason)
{
  test_spin_until (devssh_session_get_is_closed (self->session));
  g_assert_cmpint (devssh_session_get_disconnect_reason (self->session), ==, reason);
  test_spin_until (self->over);
  g_assert_false (self->confused);
  g_assert_cmpuint (self->reason, ==, reason);
}

void
hostile_serves_on (void)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(DevSshChannel) client = NULL;
  g_autoptr(DevSshChannel) server = NULL;

  test_pair_authenticate (pair);
  test_pair_open (pair, "session", &client, &server);
}
