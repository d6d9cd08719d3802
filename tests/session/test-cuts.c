/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A thousand cuts at random places while eight channels carry 64 MiB each way together, up to three of them in one reconnect:
 * every byte arrives, once and in order (T-61, T-73, T-74). Between client and server lies a relay that carries so many bytes and
 * then breaks. */
#include "../test-util.h"

#include <errno.h>
#include <glib-unix.h>
#include <libdevssh/session/devssh-session-private.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define N_CHANNELS 8
#define PART       (64 * 1024)      /* of what a channel sends at once, bytes */

/* ---- the relay ---- */

typedef struct _Relay Relay;

typedef struct
{
  Relay  *relay;
  int     fd;
  guint   in_source, out_source;
  guint8 *waiting;                  /* for the other end to take from us */
  gsize   start, end;
} RelayEnd;

struct _Relay
{
  RelayEnd ends[2];
  gint64   left;                    /* bytes, both ways; then it breaks; -1: never */
};

#define RELAY_BUFFER (128 * 1024)

static void
relay_end_clear (RelayEnd *end)
{
  if (end->in_source != 0)
    g_source_remove (end->in_source);
  if (end->out_source != 0)
    g_source_remove (end->out_source);
  if (end->fd >= 0)
    close (end->fd);
  g_free (end->waiting);
}

static void
relay_free (Relay *self)
{
  relay_end_clear (&self->ends[0]);
  relay_end_clear (&self->ends[1]);
  g_free (self);
}

static void
relay_break (Relay *self)
{
  for (guint i = 0; i < 2; i++)
    {
      if (self->ends[i].in_source != 0)
        g_source_remove (self->ends[i].in_source);
      if (self->ends[i].out_source != 0)
        g_source_remove (self->ends[i].out_source);
      self->ends[i].in_source = self->ends[i].out_source = 0;
      close (self->ends[i].fd);
      self->ends[i].fd = -1;
    }
}

static gboolean relay_in_cb (int fd, GIOCondition condition, gpointer data);

static RelayEnd *
relay_other (RelayEnd *end)
{
  return end == &end->relay->ends[0] ? &end->relay->ends[1] : &end->relay->ends[0];
}

/* TRUE: all of it is with the other end. */
static gboolean
relay_pass_on (RelayEnd *end)
{
  while (end->start < end->end)
    {
      gssize n = send (relay_other (end)->fd, end->waiting + end->start, end->end - end->start, MSG_NOSIGNAL | MSG_DONTWAIT);

      if (n <= 0)
        return FALSE;
      end->start += (gsize) n;
    }
  end->start = end->end = 0;
  return TRUE;
}

static gboolean
relay_out_cb (int          fd,
              GIOCondition condition,
              gpointer     data)
{
  RelayEnd *end = data;             /* whose bytes they are */

  if (!relay_pass_on (end) && (condition & (G_IO_ERR | G_IO_HUP)) == 0)
    return G_SOURCE_CONTINUE;
  end->out_source = 0;
  end->in_source = g_unix_fd_add (end->fd, G_IO_IN | G_IO_HUP, relay_in_cb, end);
  return G_SOURCE_REMOVE;
}

static gboolean
relay_in_cb (int          fd,
             GIOCondition condition,
             gpointer     data)
{
  RelayEnd *end = data;
  Relay *self = end->relay;
  gsize size = self->left >= 0 ? (gsize) MIN (RELAY_BUFFER, self->left) : RELAY_BUFFER;
  gssize n = size > 0 ? recv (fd, end->waiting, size, MSG_DONTWAIT) : 0;

  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      end->in_source = 0;
      relay_break (self);
      return G_SOURCE_REMOVE;
    }

  end->end = (gsize) n;
  if (self->left >= 0)
    self->left -= n;
  if (relay_pass_on (end))
    {
      if (self->left != 0)
        return G_SOURCE_CONTINUE;
      end->in_source = 0;
      relay_break (self);
      return G_SOURCE_REMOVE;
    }

  end->in_source = 0;
  end->out_source = g_unix_fd_add (relay_other (end)->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, relay_out_cb, end);
  return G_SOURCE_REMOVE;
}

static GIOStream *
wrap (int fd)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

static Relay *
relay_new (gint64      left,
           GIOStream **client,
           GIOStream **server)
{
  Relay *self = g_new0 (Relay, 1);
  GIOStream **streams[] = { client, server };

  self->left = left;
  for (guint i = 0; i < 2; i++)
    {
      int fds[2];

      g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
      *streams[i] = wrap (fds[0]);
      self->ends[i].relay = self;
      self->ends[i].fd = fds[1];
      self->ends[i].waiting = g_malloc (RELAY_BUFFER);
      self->ends[i].in_source = g_unix_fd_add (fds[1], G_IO_IN | G_IO_HUP, relay_in_cb, &self->ends[i]);
    }
  return self;
}

/* ---- what the channels carry ---- */

typedef struct
{
  DevSshChannel *channel;
  guint32        n_sent, n_received;    /* words */
  guint32        n_all;
  GByteArray    *rest;
} Flow;

static void
flow_send (Flow *self)
{
  guint n = MIN (PART / 4, self->n_all - self->n_sent);
  g_autoptr(GBytes) bytes = NULL;
  guint32 *words;

  if (n == 0)
    return;

  words = g_new (guint32, n);
  for (guint i = 0; i < n; i++)
    words[i] = self->n_sent++;
  bytes = g_bytes_new_take (words, n * 4);
  devssh_channel_send_async (self->channel, bytes, NULL, NULL, NULL);
}

/* As much as has come goes back the other way, so that both directions are busy until the end. */
static void
flow_data_cb (DevSshChannel *channel,
              GBytes        *bytes,
              Flow          *self)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  guint32 before = self->n_received;
  guint position;

  g_byte_array_append (self->rest, data, length);
  for (position = 0; position + 4 <= self->rest->len; position += 4)
    {
      guint32 word;

      memcpy (&word, self->rest->data + position, 4);
      if (word != self->n_received)
        g_error ("%u came where %u was due", word, self->n_received);
      self->n_received++;
    }
  g_byte_array_remove_range (self->rest, 0, position);
  if (before / (PART / 4) != self->n_received / (PART / 4))
    flow_send (self);
}

static void
flow_init (Flow          *self,
           DevSshChannel *channel,
           guint32        n_all)
{
  memset (self, 0, sizeof *self);
  self->channel = channel;
  self->n_all = n_all;
  self->rest = g_byte_array_new ();
  g_signal_connect (channel, "data", G_CALLBACK (flow_data_cb), self);
}

static gboolean
flow_is_done (const Flow *self)
{
  return self->n_received == self->n_all;
}

static void
flow_clear (Flow *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  g_byte_array_unref (self->rest);
  g_object_unref (self->channel);
}

/* ---- the session that is cut ---- */

typedef struct
{
  TestPair            *pair;
  GRand               *rand;
  Relay               *relay;
  DevSshServerSession *temporary;
  guint                n_cuts;          /* that are still to come */
  guint                n_nested;        /* in the reconnect that runs */
  guint                n_lost;          /* reconnects that did not work */
  guint                n_resumed;
  guint                bytes_between;   /* about so many */
  gsize                most_data, most_control;
} Cuts;

static void cuts_reconnect (Cuts *self);

static gint64
cuts_next (Cuts     *self,
           gboolean  in_resume)
{
  if (self->n_cuts == 0)
    return -1;
  if (!in_resume || self->n_nested == 3 || g_rand_int_range (self->rand, 0, 4) != 0)
    {
      self->n_nested = 0;
      self->n_cuts--;
      /* Beyond what an exchange of keys takes, so that something is gained each time. */
      return 4500 + g_rand_int_range (self->rand, 0, (gint32) (2 * self->bytes_between));
    }
  self->n_nested++;
  self->n_cuts--;
  return g_rand_int_range (self->rand, 1, 4500);
}

static void
cuts_reconnected_cb (GObject      *source,
                     GAsyncResult *result,
                     gpointer      data)
{
  Cuts *self = data;
  g_autoptr(GError) error = NULL;

  if (devssh_client_session_reconnect_finish (self->pair->client, result, &error))
    {
      self->n_resumed++;
      return;
    }

  g_assert_error (error, DEVSSH_CONNECTION_ERROR, DEVSSH_DISCONNECT_REASON_CONNECTION_LOST);
  self->n_lost++;
  cuts_reconnect (self);
}

static void
cuts_look (Cuts          *self,
           DevSshSession *session)
{
  DevSshMessageCache *cache = devssh_transport_get_cache (devssh_session_get_private (session)->pump->transport);

  self->most_data = MAX (self->most_data, devssh_message_cache_get_data (cache));
  self->most_control = MAX (self->most_control, devssh_message_cache_get_control (cache));
}

static void
cuts_reconnect (Cuts *self)
{
  g_autoptr(GIOStream) near = NULL;
  g_autoptr(GIOStream) far = NULL;
  g_autoptr(GError) error = NULL;

  g_clear_pointer (&self->relay, relay_free);
  self->relay = relay_new (cuts_next (self, TRUE), &near, &far);
  g_clear_object (&self->temporary);
  self->temporary = devssh_server_session_new_reconnectable (far, self->pair->server_config, self->pair->host,
                                                             self->pair->sessions, &error);
  g_assert_no_error (error);
  devssh_session_connect_async (DEVSSH_SESSION (self->temporary), NULL, NULL, NULL);
  devssh_client_session_reconnect_async (self->pair->client, near, NULL, cuts_reconnected_cb, self);
}

static void
cuts_disconnected_cb (DevSshSession *session,
                      GError        *error,
                      Cuts          *self)
{
  cuts_look (self, session);
  if (session == DEVSSH_SESSION (self->pair->client))
    cuts_reconnect (self);
}

static void
test_cuts (gconstpointer data)
{
  guint n_cuts = GPOINTER_TO_UINT (data);
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  Cuts self = { .n_cuts = n_cuts };
  guint32 seed = g_test_rand_int ();
  guint32 n_words = 64 * 1024 * 1024 / 4 / N_CHANNELS;
  Flow near[N_CHANNELS], far[N_CHANNELS];
  g_autoptr(GIOStream) client = NULL;
  g_autoptr(GIOStream) server = NULL;
  gboolean done;

#if defined (__SANITIZE_ADDRESS__) || defined (__SANITIZE_THREAD__)
  n_words /= 8;
  self.n_cuts = n_cuts /= 8;
#endif
  g_test_message ("seed of the cuts: %u", seed);
  self.rand = g_rand_new_with_seed (seed);
  /* What lies in the sockets when one is cut is carried for nothing, and so are a few cuts left over. */
  self.bytes_between = (guint) ((guint64) n_words * 4 * N_CHANNELS / n_cuts);
  self.pair = test_pair_new ();
  g_set_object (&self.pair->client_config, config);
  g_set_object (&self.pair->server_config, config);
  self.pair->sessions = devssh_reconnectable_sessions_new ();
  self.relay = relay_new (-1, &client, &server);
  test_pair_make_over (self.pair, client, server);
  test_pair_authenticate (self.pair);
  g_signal_connect (self.pair->client, "disconnected", G_CALLBACK (cuts_disconnected_cb), &self);
  g_signal_connect (self.pair->server, "disconnected", G_CALLBACK (cuts_disconnected_cb), &self);

  for (guint i = 0; i < N_CHANNELS; i++)
    {
      DevSshChannel *a, *b;

      test_pair_open (self.pair, "flow", &a, &b);
      flow_init (&near[i], a, n_words);
      flow_init (&far[i], b, n_words);
      for (guint n = 0; n < 16; n++)
        {
          flow_send (&near[i]);
          flow_send (&far[i]);
        }
    }
  self.relay->left = cuts_next (&self, FALSE);

  do
    {
      g_main_context_iteration (NULL, TRUE);
      done = TRUE;
      for (guint i = 0; i < N_CHANNELS; i++)
        done = done && flow_is_done (&near[i]) && flow_is_done (&far[i]);
    }
  while (!done);

  g_test_message ("%u cuts, %u resumed, %u reconnects broken, at most %" G_GSIZE_FORMAT " bytes of data and %" G_GSIZE_FORMAT
                  " of control remembered", n_cuts - self.n_cuts, self.n_resumed, self.n_lost, self.most_data, self.most_control);
  g_assert_cmpuint (self.n_cuts, ==, 0);
  g_assert_cmpuint (self.most_data, <=, 72 * 1024 * 1024);
  g_assert_cmpuint (self.most_control, <=, 1024 * 1024);

  g_signal_handlers_disconnect_by_data (self.pair->client, &self);
  g_signal_handlers_disconnect_by_data (self.pair->server, &self);
  for (guint i = 0; i < N_CHANNELS; i++)
    {
      flow_clear (&near[i]);
      flow_clear (&far[i]);
    }
  g_clear_object (&self.temporary);
  test_pair_free (self.pair);
  relay_free (self.relay);
  g_rand_free (self.rand);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/session/cuts/1000/T-61/T-73/T-74", GUINT_TO_POINTER (1000), test_cuts);
  return g_test_run ();
}
