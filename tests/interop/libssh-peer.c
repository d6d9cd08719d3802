/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libssh as a client: logs in, echoes, and forwards in both directions.
 *
 *   libssh-peer PORT key|password KEY-FILE-OR-PASSWORD TARGET-PORT BYTES      at TARGET-PORT, an echo
 */
#include <arpa/inet.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LIMIT 60

static ssh_session session;

static void
need (int         ok,
      const char *step)
{
  if (ok)
    return;
  fprintf (stderr, "libssh-peer: %s: %s\n", step, session != NULL ? ssh_get_error (session) : "");
  exit (1);
}

static char *
make_data (size_t size)
{
  char *data = malloc (size);
  FILE *random = fopen ("/dev/urandom", "r");

  need (data != NULL && random != NULL && fread (data, 1, size, random) == size, "random bytes");
  fclose (random);
  return data;
}

/* Writes and reads in turn, never more ahead than a window may hold. */
static void
check_echo (ssh_channel  channel,
            const char  *data,
            size_t       size,
            const char  *step)
{
  const size_t ahead = 128 * 1024;
  char buffer[32768];
  size_t sent = 0;
  size_t got = 0;

  while (got < size)
    {
      size_t part = size - sent < sizeof buffer ? size - sent : sizeof buffer;
      int n;

      if (part > 0 && sent - got < ahead)
        {
          n = ssh_channel_write (channel, data + sent, (uint32_t) part);
          need (n > 0, step);
          sent += (size_t) n;
          if (sent == size)
            need (ssh_channel_send_eof (channel) == SSH_OK, step);
          continue;
        }
      n = ssh_channel_read_timeout (channel, buffer, sizeof buffer, 0, LIMIT * 1000);
      need (n > 0 && (size_t) n <= size - got && memcmp (buffer, data + got, (size_t) n) == 0, step);
      got += (size_t) n;
    }
  ssh_channel_close (channel);
  ssh_channel_free (channel);
}

static void
check_exec (const char *data,
            size_t      size)
{
  ssh_channel channel = ssh_channel_new (session);
  char byte;

  need (ssh_channel_open_session (channel) == SSH_OK && ssh_channel_request_exec (channel, "cat") == SSH_OK, "exec");
  check_echo (channel, data, size, "exec");

  channel = ssh_channel_new (session);
  need (ssh_channel_open_session (channel) == SSH_OK && ssh_channel_request_exec (channel, "exit 5") == SSH_OK, "exit");
  while (ssh_channel_read_timeout (channel, &byte, 1, 0, LIMIT * 1000) > 0)
    ;
  need (ssh_channel_get_exit_status (channel) == 5, "exit");
  ssh_channel_free (channel);
}

static void
check_direct (int         target,
              const char *data,
              size_t      size)
{
  ssh_channel channel = ssh_channel_new (session);

  need (ssh_channel_open_forward (channel, "127.0.0.1", target, "127.0.0.1", 1) == SSH_OK, "direct");
  check_echo (channel, data, size, "direct");
}

/* The server listens: a connection to it must come out here as a channel. */
static void
check_remote (void)
{
  static const char words[] = "through the server and back";
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);
  char buffer[sizeof words] = { 0 };
  ssh_channel channel;
  int port = 0;
  int from = 0;

  need (ssh_channel_listen_forward (session, "127.0.0.1", 0, &port) == SSH_OK, "remote");
  address.sin_port = htons ((uint16_t) port);
  need (connect (fd, (struct sockaddr *) &address, sizeof address) == 0, "remote: connect");
  need (write (fd, words, sizeof words) == sizeof words, "remote: write");
  channel = ssh_channel_open_forward_port (session, LIMIT * 1000, &from, NULL, NULL);
  need (channel != NULL && from == port, "remote: accept");
  for (size_t got = 0; got < sizeof words;)
    {
      int n = ssh_channel_read_timeout (channel, buffer + got, (uint32_t) (sizeof words - got), 0, LIMIT * 1000);

      need (n > 0, "remote: read");
      got += (size_t) n;
    }
  need (memcmp (buffer, words, sizeof words) == 0, "remote: compare");
  need (ssh_channel_write (channel, words, sizeof words) == sizeof words, "remote: answer");
  memset (buffer, 0, sizeof buffer);
  need (recv (fd, buffer, sizeof buffer, MSG_WAITALL) == sizeof words && memcmp (buffer, words, sizeof words) == 0,
        "remote: compare the answer");
  close (fd);
  ssh_channel_free (channel);
  need (ssh_channel_cancel_forward (session, "127.0.0.1", port) == SSH_OK, "remote: cancel");
}

int
main (int   argc,
      char *argv[])
{
  unsigned port;
  size_t size;
  char *data;
  ssh_key key = NULL;

  if (argc != 6)
    {
      fprintf (stderr, "usage: libssh-peer PORT key|password KEY-FILE-OR-PASSWORD TARGET-PORT BYTES\n");
      return 2;
    }
  port = (unsigned) atoi (argv[1]);
  size = (size_t) atol (argv[5]);
  data = make_data (size);

  session = ssh_new ();
  ssh_options_set (session, SSH_OPTIONS_HOST, "127.0.0.1");
  ssh_options_set (session, SSH_OPTIONS_PORT, &port);
  ssh_options_set (session, SSH_OPTIONS_USER, "test");
  ssh_options_set (session, SSH_OPTIONS_PROCESS_CONFIG, &(int) { 0 });
  need (ssh_connect (session) == SSH_OK, "connect");
  if (strcmp (argv[2], "key") == 0)
    {
      need (ssh_pki_import_privkey_file (argv[3], NULL, NULL, NULL, &key) == SSH_OK, "key");
      need (ssh_userauth_publickey (session, NULL, key) == SSH_AUTH_SUCCESS, "login by key");
      ssh_key_free (key);
    }
  else
    need (ssh_userauth_password (session, NULL, argv[3]) == SSH_AUTH_SUCCESS, "login by password");

  check_exec (data, size);
  check_direct (atoi (argv[4]), data, size);
  check_remote ();
  ssh_disconnect (session);
  ssh_free (session);
  free (data);
  printf ("{\"event\": \"result\", \"ok\": true}\n");
  return 0;
}
