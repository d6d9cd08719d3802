/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TLS inside a channel (design D2): a GTlsConnection at both ends, which reads and writes asynchronously, by polling, and from
 * threads of its own. */
#include "stream-util.h"

#include <glib/gstdio.h>

#ifdef __SANITIZE_ADDRESS__
/* Its search for leaks cannot read the thread-local memory of threads that ran what dlopen() brought, as GnuTLS is, and crashes. All
 * the rest of the sanitizer stays, and leaks of ours are looked for in the tests beside this one. */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}
#endif

typedef struct
{
  TestPair        *pair;
  DevSshChannel   *channels[2];     /* the client's, the server's */
  GIOStream       *streams[2];
  GIOStream       *tls[2];
  GTlsCertificate *certificate;
} Fixture;

/* Made by the system's openssl for a host named "inside". */
static GTlsCertificate *
make_certificate (void)
{
  static GTlsCertificate *certificate;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *key = NULL;
  g_autofree char *path = NULL;
  int status;

  if (certificate != NULL)
    return certificate;

  folder = g_dir_make_tmp ("devssh-tls-XXXXXX", &error);
  g_assert_no_error (error);
  key = g_build_filename (folder, "key.pem", NULL);
  path = g_build_filename (folder, "certificate.pem", NULL);
  {
    const char *command[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                              "-keyout", key, "-out", path, "-days", "2", "-subj", "/CN=inside",
                              "-addext", "subjectAltName=DNS:inside", NULL };

    g_spawn_sync (NULL, (char **) command, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                  NULL, NULL, NULL, NULL, &status, &error);
  }
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, &error));
  certificate = g_tls_certificate_new_from_files (path, key, &error);
  g_assert_no_error (error);
  g_unlink (key);
  g_unlink (path);
  g_rmdir (folder);
  return certificate;
}

/* Only this one, and only for the name that it was made for. */
static gboolean
accept_certificate_cb (GTlsConnection       *connection,
                       GTlsCertificate      *certificate,
                       GTlsCertificateFlags  errors,
                       Fixture              *self)
{
  return g_tls_certificate_is_same (certificate, self->certificate) && (errors & G_TLS_CERTIFICATE_BAD_IDENTITY) == 0;
}

static void
test_fixture_init (Fixture    *self,
                   const char *name)
{
  g_autoptr(GSocketConnectable) identity = g_network_address_new (name, 443);
  g_autoptr(GError) error = NULL;

  *self = (Fixture) { test_pair_new () };
  self->certificate = make_certificate ();
  test_pair_authenticate (self->pair);
  test_pair_open (self->pair, "session", &self->channels[0], &self->channels[1]);
  for (guint i = 0; i < 2; i++)
    {
      self->streams[i] = G_IO_STREAM (devssh_channel_stream_new (self->channels[i], &error));
      g_assert_no_error (error);
    }
  self->tls[0] = g_tls_client_connection_new (self->streams[0], identity, &error);
  g_assert_no_error (error);
  self->tls[1] = g_tls_server_connection_new (self->streams[1], self->certificate, &error);
  g_assert_no_error (error);
  g_signal_connect (self->tls[0], "accept-certificate", G_CALLBACK (accept_certificate_cb), self);
}

static void
test_fixture_clear (Fixture *self)
{
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&self->tls[i]);
      g_clear_object (&self->streams[i]);
      g_clear_object (&self->channels[i]);
    }
  test_pair_free (self->pair);
}

/* Both ends; the error of either. */
static void
handshake (Fixture  *self,
           GError  **client_error,
           GError  **server_error)
{
  g_autoptr(GAsyncResult) client = NULL;
  g_autoptr(GAsyncResult) server = NULL;

  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls[0]), G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &client);
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls[1]), G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &server);
  test_spin_until (client != NULL);
  /* One that is refused hangs up. */
  if (!g_tls_connection_handshake_finish (G_TLS_CONNECTION (self->tls[0]), client, client_error))
    g_io_stream_close (self->streams[0], NULL, NULL);
  test_spin_until (server != NULL);
  g_tls_connection_handshake_finish (G_TLS_CONNECTION (self->tls[1]), server, server_error);
}

static void
close_async (GIOStream *stream)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;

  g_io_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  g_io_stream_close_finish (stream, result, &error);
  g_assert_no_error (error);
}

static void
test_both_ways (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GAsyncResult) read = NULL;
  char buffer[16];
  Fixture self;

  test_fixture_init (&self, "inside");
  handshake (&self, &error, &error);
  g_assert_no_error (error);
  g_assert_true (g_tls_certificate_is_same (g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (self.tls[0])),
                                            self.certificate));
  test_bulk (self.tls[0], self.tls[1], 2500000);
  /* TLS in the channel, and not beside it. */
  g_assert_cmpuint (devssh_channel_get_bytes_received (self.channels[1]), >, 2500000);

  g_input_stream_read_async (g_io_stream_get_input_stream (self.tls[1]), buffer, sizeof buffer, G_PRIORITY_DEFAULT, NULL,
                             test_keep_result_cb, &read);
  close_async (self.tls[0]);
  test_spin_until (read != NULL);
  g_assert_cmpint (g_input_stream_read_finish (g_io_stream_get_input_stream (self.tls[1]), read, &error), ==, 0);
  g_assert_no_error (error);
  test_spin_until (devssh_channel_get_is_closed (self.channels[1]));
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.pair->client)));
  test_fixture_clear (&self);
}

static void
test_other_name (void)
{
  g_autoptr(GError) client_error = NULL;
  g_autoptr(GError) server_error = NULL;
  Fixture self;

  test_fixture_init (&self, "outside");
  handshake (&self, &client_error, &server_error);
  g_assert_error (client_error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (server_error);
  g_assert_false (devssh_session_get_is_closed (DEVSSH_SESSION (self.pair->client)));
  test_fixture_clear (&self);
}

typedef struct
{
  GIOStream *stream;
  int        done;
} Worker;

/* Blocking, from the handshake on: what it needs of the channel is done in the session's thread meanwhile. */
static gpointer
worker (gpointer user_data)
{
  Worker *self = user_data;
  g_autoptr(GError) error = NULL;

  g_tls_connection_handshake (G_TLS_CONNECTION (self->stream), NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 20; i++)
    {
      test_write (self->stream, "through TLS, through a channel, and back");
      test_assert_read (self->stream, "through TLS, through a channel, and back");
    }
  g_io_stream_close (self->stream, NULL, &error);
  g_assert_no_error (error);
  g_atomic_int_set (&self->done, 1);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_in_thread (void)
{
  g_autoptr(GAsyncResult) spliced = NULL;
  Worker data = { 0 };
  GThread *thread;
  Fixture self;

  test_fixture_init (&self, "inside");
  data.stream = self.tls[0];
  thread = g_thread_new ("tls", worker, &data);
  g_output_stream_splice_async (g_io_stream_get_output_stream (self.tls[1]), g_io_stream_get_input_stream (self.tls[1]),
                                G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, NULL, test_keep_result_cb, &spliced);
  test_spin_until (g_atomic_int_get (&data.done) && spliced != NULL);
  g_thread_join (thread);
  g_assert_cmpint (g_output_stream_splice_finish (g_io_stream_get_output_stream (self.tls[1]), spliced, NULL), ==, 20 * 40);
  test_fixture_clear (&self);
}

/* A secure stream is a stream like others: TLS runs through it as well. */
static void
test_in_secure (void)
{
  g_autoptr(GSocketConnectable) identity = g_network_address_new ("inside", 443);
  Fixture self = { NULL };
  TestSecure secure;
  g_autoptr(GError) error = NULL;

  self.certificate = make_certificate ();
  test_secure_init (&secure, NULL, NULL, NULL);
  test_secure_connect (&secure);
  self.tls[0] = g_tls_client_connection_new (G_IO_STREAM (secure.client), identity, &error);
  g_assert_no_error (error);
  self.tls[1] = g_tls_server_connection_new (G_IO_STREAM (secure.server), self.certificate, &error);
  g_assert_no_error (error);
  self.streams[0] = g_object_ref (G_IO_STREAM (secure.client));
  g_signal_connect (self.tls[0], "accept-certificate", G_CALLBACK (accept_certificate_cb), &self);
  handshake (&self, &error, &error);
  g_assert_no_error (error);
  test_bulk (self.tls[0], self.tls[1], 500000);
  close_async (self.tls[0]);
  test_spin_until (secure.heard[0].n_closed == 1 && secure.heard[1].n_closed == 1);
  g_object_unref (self.tls[0]);
  g_object_unref (self.tls[1]);
  g_object_unref (self.streams[0]);
  test_secure_clear (&secure);
}

int
main (int   argc,
      char *argv[])
{
  static const struct
  {
    const char *path;
    void      (*func) (void);
  } tests[] = {
    { "/stream/tls/both-ways", test_both_ways },
    { "/stream/tls/other-name", test_other_name },
    { "/stream/tls/in-thread", test_in_thread },
    { "/stream/tls/in-secure-stream", test_in_secure },
  };
  g_autofree char *openssl = g_find_program_in_path ("openssl");

  g_test_init (&argc, &argv, NULL);

  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()) || openssl == NULL)
    {
      g_print ("1..0 # SKIP no glib-networking, or no openssl\n");
      return 0;
    }
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_func (tests[i].path, tests[i].func);
  return g_test_run ();
}
