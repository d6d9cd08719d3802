/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Downloads through a forwarded port while the connection beneath is cut 20 times: what arrives is what was served.
 *
 *   cuts HOST PORT USER KEY-FILE HOST-FINGERPRINT [MIB [SEED [PICTURE]]]
 *
 *   fetch () <- port of the session here <- carry (): a proxy, which cuts <- the server at HOST <- serve ()
 *
 * Where it is cut, in bytes that the proxy has carried, follows from the seed. How to survive is what survive.c shows; the rest
 * measures.
 */
#include <libdevssh/devssh.h>
#include <gio/gnetworking.h>
#include <stdlib.h>
#include <string.h>

#define CUTS     20
#define RATE     (64 << 20)   /* bytes a second that the proxy carries, about: the download takes long enough for a picture */
#define PATIENCE 60           /* seconds without a byte */

static char                 **words;
static GMainLoop             *loop;
static DevSshClient          *client;
static DevSshSessionContour  *contour;
static guint64                size, points[CUTS];   /* points: how much is carried before each cut */
static guint32                seed;
static gint64                 began;

/* Of several threads. */
static GMutex   lock;
static char    *served;                      /* SHA-256 */
static guint64  carried, received, got;      /* by the proxy; by the session, when it lost its connection; by who downloads */
static gint64   cut_at[CUTS], lost[CUTS];    /* microseconds */
static guint    n_cuts, n_noticed, n_over;

static guint16
number (const char *word)
{
  return (guint16) g_ascii_strtoull (word, NULL, 10);
}

static void
stop (GError *error)
{
  g_printerr ("cuts: %s (seed %u, %u cuts, %" G_GUINT64_FORMAT " bytes)\n", error != NULL ? error->message : "refused", seed,
              n_cuts, got);
  exit (1);
}

static void
stop_saying (const char *text)
{
  stop (g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, text));
}

/* ---- who serves ---- */

static gboolean
serve (GThreadedSocketService *service, GSocketConnection *connection, GObject *source, gpointer user_data)
{
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 block[8192], x = seed + 1;

  for (guint64 done = 0; done < size; done += sizeof block)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (block); i++)
        {
          x ^= x << 13;
          x ^= x >> 7;
          block[i] = x ^= x << 17;
        }
      g_checksum_update (sum, (const guchar *) block, sizeof block);
      if (!g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), block, sizeof block, NULL, NULL,
                                      NULL))
        return TRUE;
    }
  g_mutex_lock (&lock);
  served = g_strdup (g_checksum_get_string (sum));
  g_mutex_unlock (&lock);
  return TRUE;
}

/* ---- the proxy ---- */

/* How many of n bytes pass; fewer: and then it is cut. */
static gsize
allow (gsize n)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (began == 0)
    return n;
  if (n_cuts < CUTS && carried + n > points[n_cuts])
    {
      n = points[n_cuts] - carried;
      cut_at[n_cuts++] = g_get_monotonic_time ();
    }
  carried += n;
  return n;
}

static gpointer
carry_up (gpointer data)
{
  GSocketConnection **ends = data;

  g_output_stream_splice (g_io_stream_get_output_stream (G_IO_STREAM (ends[1])),
                          g_io_stream_get_input_stream (G_IO_STREAM (ends[0])), G_OUTPUT_STREAM_SPLICE_NONE, NULL, NULL);
  g_socket_shutdown (g_socket_connection_get_socket (ends[1]), FALSE, TRUE, NULL);
  return NULL;
}

static gboolean
carry (GThreadedSocketService *service, GSocketConnection *near, GObject *source, gpointer user_data)
{
  g_autoptr(GSocketClient) dialer = g_socket_client_new ();
  g_autoptr(GSocketConnection) far = g_socket_client_connect_to_host (dialer, words[1], number (words[2]), NULL, NULL);
  GSocketConnection *ends[] = { near, far };
  char buffer[65536];
  GThread *up;
  gssize n;

  if (far == NULL)
    return TRUE;
  for (int i = 0; i < 2; i++)
    g_socket_set_option (g_socket_connection_get_socket (ends[i]), IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  up = g_thread_new ("up", carry_up, ends);
  while ((n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (far)), buffer, sizeof buffer, NULL, NULL)) > 0)
    {
      gsize allowed = allow ((gsize) n);

      if (!g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (near)), buffer, allowed, NULL, NULL, NULL) ||
          allowed < (gsize) n)
        break;
      g_usleep ((gulong) (n * G_USEC_PER_SEC / RATE));
    }
  for (int i = 0; i < 2; i++)
    g_socket_shutdown (g_socket_connection_get_socket (ends[i]), TRUE, TRUE, NULL);
  g_thread_join (up);
  return TRUE;
}

/* On loopback; handler runs in a thread for each connection. */
static guint16
listen_with (GCallback handler)
{
  GSocketService *service = g_threaded_socket_service_new (-1);
  g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr(GSocketAddress) chosen = NULL;
  GError *error = NULL;

  if (!g_socket_listener_add_address (G_SOCKET_LISTENER (service), address, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL,
                                      &chosen, &error))
    stop (error);
  g_signal_connect (service, "run", handler, NULL);
  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (chosen));
}

/* ---- who downloads ---- */

static int
compare (const void *a, const void *b)
{
  gint64 x = *(const gint64 *) a, y = *(const gint64 *) b;

  return (x > y) - (x < y);
}

static gboolean
report (gpointer data)
{
  g_autoptr(DevSshClientSession) session = g_list_model_get_item (devssh_client_get_sessions (client), 0);
  double seconds = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  g_autofree char *sum = data, *title = NULL, *picture = NULL;
  GError *error = NULL;

  if (got != size || g_strcmp0 (sum, served) != 0)
    stop_saying ("What arrived is not what was served");
  if (session == NULL || n_over != CUTS)
    stop_saying ("Not all cuts were survived");

  qsort (lost, CUTS, sizeof lost[0], compare);
  g_print ("%" G_GUINT64_FORMAT " MiB in %.1f s, cut %u times, reconnected %u times (seed %u); SHA-256 same\n", size >> 20,
           seconds, n_cuts, devssh_session_metrics_get_reconnections (devssh_session_get_metrics (DEVSSH_SESSION (session))), seed);
  g_print ("from a cut to the first byte after it: %.1f ms min, %.1f ms median, %.1f ms max\n", (double) lost[0] / 1000,
           (double) (lost[CUTS / 2 - 1] + lost[CUTS / 2]) / 2000, (double) lost[CUTS - 1] / 1000);
  if (words[6] != NULL && words[7] != NULL && words[8] != NULL)
    {
      title = g_strdup_printf ("%" G_GUINT64_FORMAT " MiB, cut %u times", size >> 20, n_cuts);
      picture = devssh_session_contour_to_svg (contour, title);
      if (!g_file_set_contents (words[8], picture, -1, &error))
        stop (error);
      g_print ("throughput and latency over time: %s\n", words[8]);
    }
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

static gpointer
fetch (gpointer port)
{
  g_autoptr(GSocketClient) dialer = g_socket_client_new ();
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr(GSocketConnection) connection = NULL;
  GError *error = NULL;
  guchar buffer[65536];
  gssize n = 0;

  connection = g_socket_client_connect_to_host (dialer, "127.0.0.1", (guint16) GPOINTER_TO_UINT (port), NULL, &error);
  while (connection != NULL && (n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer,
                                                         sizeof buffer, NULL, &error)) > 0)
    {
      g_checksum_update (sum, buffer, n);
      g_mutex_lock (&lock);
      got += (guint64) n;
      /* What the old connection has brought may still be on its way to here: it is not the first byte of the new one. */
      for (; got > received && n_over < n_noticed; n_over++)
        lost[n_over] = g_get_monotonic_time () - cut_at[n_over];
      g_mutex_unlock (&lock);
    }
  if (error != NULL)
    stop (error);
  g_idle_add (report, g_strdup (g_checksum_get_string (sum)));
  return NULL;
}

static gboolean
has_it_stalled (gpointer data)
{
  static guint64 before;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&lock);

  if (got == before)
    stop_saying ("Nothing comes any more");
  before = got;
  return G_SOURCE_CONTINUE;
}

/* ---- the session ---- */

static void reconnected (GObject *object, GAsyncResult *result, gpointer session);

static gboolean
reconnect (gpointer session)
{
  devssh_client_reconnect_async (client, session, NULL, reconnected, session);
  return G_SOURCE_REMOVE;
}

static void
notice_cuts (DevSshSession *session)
{
  g_autoptr(DevSshChannel) channel = g_list_model_get_item (devssh_session_get_channels (session), 0);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new (&lock);

  received = devssh_channel_get_bytes_received (channel);
  n_noticed = n_cuts;
}

static void
reconnected (GObject *object, GAsyncResult *result, gpointer session)
{
  if (devssh_client_reconnect_finish (client, result, NULL))
    return;
  notice_cuts (session);   /* one that came before the session went on */
  g_timeout_add (10, reconnect, session);
}

static void
disconnected (DevSshSession *session, GError *error, gpointer user_data)
{
  notice_cuts (session);
  reconnect (session);
}

static void
closed (DevSshSession *session, DevSshDisconnectReason reason, const char *text, GError *error, gpointer user_data)
{
  stop (error);
}

static void
forwarded (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr(DevSshForwardedPort) port = devssh_session_forward_to_remote_port_finish (DEVSSH_SESSION (session), result, &error);

  if (port == NULL)
    stop (error);
  g_mutex_lock (&lock);
  began = g_get_monotonic_time ();
  g_mutex_unlock (&lock);
  g_thread_unref (g_thread_new ("fetch", fetch, GUINT_TO_POINTER (devssh_forwarded_port_get_local_port (port))));
}

static void
authenticated (GObject *session, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (!devssh_client_session_authenticate_finish (DEVSSH_CLIENT_SESSION (session), result, &error))
    stop (error);
  devssh_session_forward_to_remote_port_async (DEVSSH_SESSION (session), "127.0.0.1", 0, "127.0.0.1",
                                               listen_with (G_CALLBACK (serve)), NULL, forwarded, NULL);
}

static gboolean
authenticating (DevSshSession *session, DevSshAuthentication *host, gpointer user_data)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_authentication_get_public_key (host));

  if (g_str_equal (fingerprint, words[5]))
    devssh_authentication_accept (host, NULL);
  return TRUE;
}

static void
connected (GObject *object, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  g_autoptr(GFile) file = g_file_new_for_path (words[4]);
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, &error);
  g_autoptr(DevSshClientCredentials) user = devssh_client_credentials_new (words[3]);
  DevSshClientSession *session = NULL;

  if (key != NULL)
    session = devssh_client_connect_to_host_finish (client, result, &error);
  if (session == NULL)
    stop (error);
  devssh_client_credentials_add_key (user, key);
  devssh_session_contour_collect (contour, devssh_session_get_metrics (DEVSSH_SESSION (session)), NULL);
  g_signal_connect (session, "authenticating", G_CALLBACK (authenticating), NULL);
  g_signal_connect (session, "disconnected", G_CALLBACK (disconnected), NULL);
  g_signal_connect (session, "closed", G_CALLBACK (closed), NULL);
  devssh_client_session_authenticate_async (session, user, NULL, authenticated, NULL);
}

int
main (int argc, char *argv[])
{
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new_with_reconnect ();
  g_autoptr(GRand) lots = NULL;

  words = argv;
  if (argc < 6)
    {
      g_printerr ("usage: cuts HOST PORT USER KEY-FILE HOST-FINGERPRINT [MIB [SEED [PICTURE]]]\n");
      return 2;
    }
  size = (argc > 6 ? g_ascii_strtoull (argv[6], NULL, 10) : 256) << 20;
  seed = argc > 7 ? (guint32) g_ascii_strtoull (argv[7], NULL, 10) : g_random_int ();
  lots = g_rand_new_with_seed (seed);
  for (int i = 0; i < CUTS; i++)
    points[i] = (guint64) (g_rand_double (lots) * (double) size);
  qsort (points, CUTS, sizeof points[0], compare);

  contour = devssh_session_contour_new (DEVSSH_SESSION_CONTOUR_DEFAULT_MAX_INTERVALS, NULL);
  devssh_session_config_allow_plugins (config, (const char *[]) { DEVSSH_SERVICE_NAME_PORT_FORWARDING, NULL });
  client = devssh_client_new (config);
  devssh_client_connect_to_host_async (client, "127.0.0.1", listen_with (G_CALLBACK (carry)), NULL, connected, NULL);
  g_timeout_add_seconds (PATIENCE, has_it_stalled, NULL);
  loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (loop);
  return 0;
}
