/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits: two processes, a socket of the loopback, and OpenSSL. */
#include "bench-limits.h"

#include "bench-gcm.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 262144

typedef struct
{
  guint16  port;
  guint64  bytes;
  gsize    packet;
  double   seconds;
  gboolean through_gio;
} Job;

/* Reads length bytes; FALSE at the end of the stream. */
static gboolean
read_whole (int     fd,
            guint8 *data,
            gsize   length)
{
  while (length > 0)
    {
      gssize n = read (fd, data, length);

      if (n <= 0)
        return FALSE;
      data += n;
      length -= (gsize) n;
    }

  return TRUE;
}

/* ---- bulk ---- */

static void
stream_receiver (int           fd,
                 gconstpointer data)
{
  const Job *job = data;
  gsize size = BATCH + job->packet + BENCH_GCM_EXTRA, have = 0;
  guint8 *buffer = g_malloc (size), *body;
  guint64 received = 0;
  guint16 port;
  int listener = bench_listen (&port), peer;
  BenchGcm gcm;

  bench_pin (1);
  memset (buffer, 1, size);
  bench_gcm_init (&gcm, FALSE);
  bench_tell (fd, port);
  peer = bench_accept (listener);
  while (received < job->bytes)
    {
      gssize n = read (peer, buffer + have, size - have);
      gsize position = 0;

      if (n <= 0)
        bench_die ("the sender has ended");
      have += (gsize) n;
      while (have - position >= 4)
        {
          guint32 length = bench_get_uint32 (buffer + position);

          if (have - position < 20 + (gsize) length)
            break;
          received += bench_gcm_open (&gcm, buffer + position, length, &body);
          position += 20 + (gsize) length;
        }
      have -= position;
      memmove (buffer, buffer + position, have);
    }
  bench_write_whole (peer, "k", 1);
  bench_await (fd);
}

static void
stream_sender (int           fd,
               gconstpointer data)
{
  const Job *job = data;
  guint8 *body = g_malloc (job->packet), *out = g_malloc (BATCH + job->packet + BENCH_GCM_EXTRA);
  guint64 sent = 0;
  int peer = bench_connect (job->port);
  BenchGcm gcm;
  double begin;

  bench_pin (0);
  memset (body, 5, job->packet);
  memset (out, 5, BATCH + job->packet + BENCH_GCM_EXTRA);
  bench_gcm_init (&gcm, TRUE);
  begin = bench_now ();
  while (sent < job->bytes)
    {
      gsize length = 0;

      while (length < BATCH && sent < job->bytes)
        {
          length += bench_gcm_seal (&gcm, out + length, body, job->packet);
          sent += job->packet;
        }
      bench_write_whole (peer, out, length);
    }
  if (!read_whole (peer, out, 1))
    bench_die ("the receiver has ended");
  bench_tell (fd, (double) sent / (bench_now () - begin));
}

gboolean
bench_limit_stream (guint64   bytes,
                    gsize     packet,
                    double   *value,
                    GError  **error)
{
  Job job = { .bytes = bytes, .packet = packet };

  return bench_run_pair (stream_receiver, &job, stream_sender, &job, &job.port, value, error);
}

/* ---- echo ---- */

typedef struct
{
  int                    peer;
  gboolean               is_client;
  GPollableOutputStream *out;        /* through GIO; else NULL */
  GMainLoop             *loop;
  BenchGcm               seal;
  BenchGcm               open;
  guint8                 input[4096];
  guint8                 output[4096];
  gsize                  have;
  guint64                trips;
  double                 until;
} Echo;

static const guint8 ten_bytes[10];

static void
echo_send (Echo         *self,
           const guint8 *data,
           gsize         length)
{
  gsize size = bench_gcm_seal (&self->seal, self->output, data, length);

  if (self->out != NULL)
    {
      if (g_pollable_output_stream_write_nonblocking (self->out, self->output, size, NULL, NULL) != (gssize) size)
        bench_die ("short write");
    }
  else
    {
      bench_write_whole (self->peer, self->output, size);
    }
}

/* FALSE: done. */
static gboolean
echo_received (Echo  *self,
               gsize  length)
{
  guint8 *data;
  guint32 packet;
  gsize n;

  self->have += length;
  packet = bench_get_uint32 (self->input);
  if (self->have < 4 || self->have < 20 + (gsize) packet)
    return TRUE;

  n = bench_gcm_open (&self->open, self->input, packet, &data);
  self->have = 0;
  if (!self->is_client)
    {
      echo_send (self, data, n);
      return TRUE;
    }

  self->trips++;
  if (bench_now () >= self->until)
    return FALSE;
  echo_send (self, ten_bytes, sizeof ten_bytes);

  return TRUE;
}

static gboolean
echo_readable_cb (GObject  *stream,
                  gpointer  user_data)
{
  Echo *self = user_data;
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), self->input + self->have,
                                                       sizeof self->input - self->have, NULL, NULL);

  if (n <= 0 || !echo_received (self, (gsize) n))
    g_main_loop_quit (self->loop);

  return G_SOURCE_CONTINUE;
}

static void
echo_run (Echo     *self,
          gboolean  through_gio)
{
  bench_gcm_init (&self->seal, TRUE);
  bench_gcm_init (&self->open, FALSE);

  if (through_gio)
    {
      g_autoptr(GSocket) socket = g_socket_new_from_fd (self->peer, NULL);
      g_autoptr(GSocketConnection) connection = g_socket_connection_factory_create_connection (socket);
      GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (connection));
      GSource *source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (input), NULL);

      self->out = G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (connection)));
      self->loop = g_main_loop_new (NULL, FALSE);
      g_source_set_callback (source, G_SOURCE_FUNC (echo_readable_cb), self, NULL);
      g_source_attach (source, NULL);
      if (self->is_client)
        echo_send (self, ten_bytes, sizeof ten_bytes);
      g_main_loop_run (self->loop);
    }
  else
    {
      gssize n;

      if (self->is_client)
        echo_send (self, ten_bytes, sizeof ten_bytes);
      do
        n = read (self->peer, self->input + self->have, sizeof self->input - self->have);
      while (n > 0 && echo_received (self, (gsize) n));
    }
}

static void
echo_server (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  Echo self = { 0 };
  guint16 port;
  int listener = bench_listen (&port);

  bench_pin (0);
  bench_tell (fd, port);
  self.peer = bench_accept (listener);
  echo_run (&self, job->through_gio);
}

static void
echo_client (int           fd,
             gconstpointer data)
{
  const Job *job = data;
  Echo self = { .is_client = TRUE };
  double begin = bench_now ();

  bench_pin (0);
  self.peer = bench_connect (job->port);
  self.until = begin + job->seconds;
  echo_run (&self, job->through_gio);
  bench_tell (fd, (double) self.trips / (bench_now () - begin));
}

gboolean
bench_limit_echo (double     seconds,
                  gboolean   through_gio,
                  double    *value,
                  GError   **error)
{
  Job job = { .seconds = seconds, .through_gio = through_gio };

  return bench_run_pair (echo_server, &job, echo_client, &job, &job.port, value, error);
}

/* ---- handshakes ---- */

/* About what these messages are long. */
#define HELLO_SIZE   1200   /* version line and KEXINIT */
#define INIT_SIZE    64     /* KEX_ECDH_INIT; our point in front */
#define REPLY_SIZE   300    /* KEX_ECDH_REPLY, NEWKEYS, EXT_INFO; point and signature in front */
#define REQUEST_SIZE 400    /* NEWKEYS, SERVICE_REQUEST, USERAUTH_REQUEST; signature in front */
#define SUCCESS_SIZE 100    /* SERVICE_ACCEPT, USERAUTH_SUCCESS */

#define POINT     32
#define SIGNATURE 64

static const guint8 hash[32] = { 1 };

static EVP_PKEY *
new_pair (void)
{
  static EVP_PKEY_CTX *context;
  EVP_PKEY *key = NULL;

  if (context == NULL)
    {
      context = EVP_PKEY_CTX_new_from_name (NULL, "X25519", NULL);
      EVP_PKEY_keygen_init (context);
    }
  if (EVP_PKEY_generate (context, &key) != 1)
    abort ();

  return key;
}

static void
put_point (EVP_PKEY *key,
           guint8   *point)
{
  gsize length = POINT;

  if (EVP_PKEY_get_raw_public_key (key, point, &length) != 1)
    abort ();
}

static void
derive (EVP_PKEY     *key,
        const guint8 *point)
{
  EVP_PKEY *peer = EVP_PKEY_new_raw_public_key (EVP_PKEY_X25519, NULL, point, POINT);
  EVP_PKEY_CTX *context = EVP_PKEY_CTX_new (key, NULL);
  guint8 secret[POINT];
  gsize length = sizeof secret;

  if (EVP_PKEY_derive_init (context) != 1 || EVP_PKEY_derive_set_peer_ex (context, peer, 0) != 1 ||
      EVP_PKEY_derive (context, secret, &length) != 1)
    abort ();
  EVP_PKEY_CTX_free (context);
  EVP_PKEY_free (peer);
}

static void
sign (EVP_PKEY *key,
      guint8   *signature)
{
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  gsize length = SIGNATURE;

  if (EVP_DigestSignInit (context, NULL, NULL, NULL, key) != 1 ||
      EVP_DigestSign (context, signature, &length, hash, sizeof hash) != 1)
    abort ();
  EVP_MD_CTX_free (context);
}

static void
verify (const guint8 *public_key,
        const guint8 *signature)
{
  EVP_PKEY *key = EVP_PKEY_new_raw_public_key (EVP_PKEY_ED25519, NULL, public_key, POINT);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();

  if (EVP_DigestVerifyInit (context, NULL, NULL, NULL, key) != 1 ||
      EVP_DigestVerify (context, signature, SIGNATURE, hash, sizeof hash) != 1)
    abort ();
  EVP_MD_CTX_free (context);
  EVP_PKEY_free (key);
}

static gboolean
serve_handshake (int           peer,
                 EVP_PKEY     *host,
                 const guint8 *host_public)
{
  guint8 buffer[HELLO_SIZE] = { 0 };
  EVP_PKEY *key;

  /* Both say hello without waiting. */
  bench_write_whole (peer, buffer, HELLO_SIZE);
  if (!read_whole (peer, buffer, HELLO_SIZE) || !read_whole (peer, buffer, INIT_SIZE))
    return FALSE;

  key = new_pair ();
  derive (key, buffer);
  put_point (key, buffer);
  EVP_PKEY_free (key);
  memcpy (buffer + POINT, host_public, POINT);
  sign (host, buffer + 2 * POINT);
  bench_write_whole (peer, buffer, REPLY_SIZE);

  if (!read_whole (peer, buffer, REQUEST_SIZE))
    return FALSE;
  verify (buffer, buffer + POINT);
  bench_write_whole (peer, buffer, SUCCESS_SIZE);

  return TRUE;
}

static void
handshake_server (int           fd,
                  gconstpointer data)
{
  EVP_PKEY *host = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
  guint8 host_public[POINT];
  guint16 port;
  int listener = bench_listen (&port);

  bench_pin (0);
  put_point (host, host_public);
  bench_tell (fd, port);
  for (;;)
    {
      int peer = bench_accept (listener);
      guint8 scrap;

      if (serve_handshake (peer, host, host_public) && read (peer, &scrap, 1) < 0)
        bench_die ("reading: %s", g_strerror (errno));
      close (peer);
    }
}

static void
shake_hands (guint16       port,
             EVP_PKEY     *user,
             const guint8 *user_public)
{
  guint8 buffer[HELLO_SIZE] = { 0 };
  EVP_PKEY *key = new_pair ();
  int peer = bench_connect (port);

  bench_write_whole (peer, buffer, HELLO_SIZE);
  if (!read_whole (peer, buffer, HELLO_SIZE))
    bench_die ("the server has ended");
  put_point (key, buffer);
  bench_write_whole (peer, buffer, INIT_SIZE);

  if (!read_whole (peer, buffer, REPLY_SIZE))
    bench_die ("the server has ended");
  derive (key, buffer);
  verify (buffer + POINT, buffer + 2 * POINT);
  EVP_PKEY_free (key);

  memcpy (buffer, user_public, POINT);
  sign (user, buffer + POINT);
  bench_write_whole (peer, buffer, REQUEST_SIZE);
  if (!read_whole (peer, buffer, SUCCESS_SIZE))
    bench_die ("the server has ended");
  close (peer);
}

static void
handshake_client (int           fd,
                  gconstpointer data)
{
  const Job *job = data;
  EVP_PKEY *user = EVP_PKEY_Q_keygen (NULL, NULL, "ED25519");
  guint8 user_public[POINT];
  guint n = 0;
  double begin;

  bench_pin (0);
  put_point (user, user_public);
  begin = bench_now ();
  do
    {
      shake_hands (job->port, user, user_public);
      n++;
    }
  while (bench_now () < begin + job->seconds);
  bench_tell (fd, n / (bench_now () - begin));
}

gboolean
bench_limit_handshakes (double    seconds,
                        double   *value,
                        GError  **error)
{
  Job job = { .seconds = seconds };

  return bench_run_pair (handshake_server, &job, handshake_client, &job, &job.port, value, error);
}
