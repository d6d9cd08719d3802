/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forks, pins, talks to and buries the processes of a measurement. */
#include "bench-process.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Whatever takes longer is broken. */
#define PATIENCE_MS 60000

static volatile sig_atomic_t interrupted;
static pid_t                 parent;
static cpu_set_t             allowed;
static char                 *folder;

/* ---- signals, limits, and the end ---- */

static void
interrupt_cb (int number)
{
  interrupted = number;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

void
bench_process_init (void)
{
  struct sigaction action = { .sa_handler = interrupt_cb };
  struct rlimit limit;

  parent = getpid ();
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sigaction (signals[i], &action, NULL);
  signal (SIGPIPE, SIG_IGN);

  /* sshd's sessions outlive sshd: they become ours, so that they can be found and ended. */
  prctl (PR_SET_CHILD_SUBREAPER, 1);

  sched_getaffinity (0, sizeof allowed, &allowed);
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    {
      limit.rlim_cur = limit.rlim_max;
      setrlimit (RLIMIT_NOFILE, &limit);
    }
}

gboolean
bench_interrupted (void)
{
  return interrupted != 0;
}

/* Kills every child there is; TRUE if there was one. */
static gboolean
kill_children (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int) getpid ());
  g_autofree char *text = NULL;
  g_auto(GStrv) words = NULL;
  gboolean some = FALSE;

  if (g_file_get_contents (path, &text, NULL, NULL))
    words = g_strsplit (text, " ", -1);
  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      pid_t pid = (pid_t) g_ascii_strtoll (words[i], NULL, 10);

      if (pid <= 0)
        continue;
      kill (pid, SIGKILL);
      waitpid (pid, NULL, 0);
      some = TRUE;
    }

  return some;
}

static void
remove_folder (void)
{
  g_autoptr(GDir) dir = NULL;
  const char *name;

  if (folder == NULL)
    return;

  dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

void
bench_process_end (void)
{
  /* The death of one may bring us its children. */
  while (kill_children ())
    ;
  remove_folder ();
}

const char *
bench_temporary_folder (void)
{
  g_autoptr(GError) error = NULL;

  if (folder == NULL)
    {
      folder = g_dir_make_tmp ("devssh-bench-XXXXXX", &error);
      if (folder == NULL)
        g_error ("%s", error->message);
    }

  return folder;
}

double
bench_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);

  return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

void
bench_pin (int core)
{
  cpu_set_t set;
  int seen = 0;

  if (core == BENCH_ANY_CORE)
    {
      sched_setaffinity (0, sizeof allowed, &allowed);
      return;
    }

  core %= MAX (CPU_COUNT (&allowed), 1);
  CPU_ZERO (&set);
  for (int i = 0; i < CPU_SETSIZE; i++)
    {
      if (CPU_ISSET (i, &allowed) && seen++ == core)
        CPU_SET (i, &set);
    }
  sched_setaffinity (0, sizeof set, &set);
}

/* ---- the parent's side ---- */

static void
become_child (void)
{
  /* Also if we are killed in a way that cannot be caught. */
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != parent)
    _exit (1);

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    signal (signals[i], SIG_DFL);
}

static gboolean
fail_with_errno (GError     **error,
                 const char  *what)
{
  int code = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s: %s", what, g_strerror (code));

  return FALSE;
}

gboolean
bench_child_start (BenchChild    *self,
                   BenchBody      body,
                   gconstpointer  data,
                   GError       **error)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return fail_with_errno (error, "socketpair");

  fflush (NULL);
  self->pid = fork ();
  if (self->pid < 0)
    {
      close (fds[0]);
      close (fds[1]);
      self->pid = 0;
      return fail_with_errno (error, "fork");
    }

  if (self->pid == 0)
    {
      become_child ();
      close (fds[0]);
      body (fds[1], data);
      fflush (NULL);
      _exit (0);
    }

  close (fds[1]);
  self->fd = fds[0];

  return TRUE;
}

static void
place (int fd,
       int target)
{
  if (fd < 0)
    fd = open ("/dev/null", O_RDWR);
  dup2 (fd, target);
}

gboolean
bench_child_spawn (BenchChild         *self,
                   const char * const *argv,
                   int                 input,
                   int                 output,
                   int                 errors,
                   GError            **error)
{
  fflush (NULL);
  self->fd = -1;
  self->pid = fork ();
  if (self->pid < 0)
    {
      self->pid = 0;
      return fail_with_errno (error, "fork");
    }

  if (self->pid == 0)
    {
      become_child ();
      signal (SIGPIPE, SIG_DFL);
      place (input, 0);
      place (output, 1);
      place (errors, 2);
      execv (argv[0], (char **) argv);
      _exit (127);
    }

  return TRUE;
}

gboolean
bench_read_whole (int       fd,
                  gpointer  data,
                  gsize     length,
                  GError  **error)
{
  double until = bench_now () + PATIENCE_MS / 1000.0;
  guint8 *bytes = data;

  while (length > 0)
    {
      struct pollfd wait = { fd, POLLIN, 0 };
      int left = (int) ((until - bench_now ()) * 1000);
      gssize n;

      if (interrupted)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Interrupted");
          return FALSE;
        }
      if (left <= 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "It takes too long");
          return FALSE;
        }
      if (poll (&wait, 1, left) <= 0)
        continue;

      n = read (fd, bytes, length);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "A process of the measurement has ended");
          return FALSE;
        }
      bytes += n;
      length -= (gsize) n;
    }

  return TRUE;
}

gboolean
bench_child_hear (BenchChild  *self,
                  double      *answer,
                  GError     **error)
{
  return bench_read_whole (self->fd, answer, sizeof *answer, error);
}

gboolean
bench_child_ask (BenchChild  *self,
                 char         command,
                 double      *answer,
                 GError     **error)
{
  if (send (self->fd, &command, 1, MSG_NOSIGNAL) != 1)
    return fail_with_errno (error, "A process of the measurement does not listen");

  return bench_child_hear (self, answer, error);
}

void
bench_child_kill (BenchChild *self)
{
  if (self->pid > 0)
    {
      kill (self->pid, SIGKILL);
      waitpid (self->pid, NULL, 0);
    }
  if (self->fd > 0)
    close (self->fd);
  self->fd = 0;
  self->pid = 0;
}

/* ---- the child's side ---- */

void
bench_tell (int    fd,
            double number)
{
  if (send (fd, &number, sizeof number, MSG_NOSIGNAL) != sizeof number)
    _exit (1);
}

char
bench_await (int fd)
{
  char command;

  if (read (fd, &command, 1) != 1)
    _exit (0);

  return command;
}

void
bench_die (const char *format,
           ...)
{
  va_list arguments;

  va_start (arguments, format);
  fputs ("devssh-bench: ", stderr);
  vfprintf (stderr, format, arguments);
  fputc ('\n', stderr);
  va_end (arguments);
  fflush (NULL);
  _exit (1);
}

/* ---- sockets ---- */

static void
no_delay (int fd)
{
  int one = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int
bench_listen (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, length) < 0 || listen (fd, 1024) < 0 ||
      getsockname (fd, (struct sockaddr *) &address, &length) < 0)
    bench_die ("listening: %s", g_strerror (errno));

  *port = ntohs (address.sin_port);

  return fd;
}

int
bench_accept (int listener)
{
  int fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);

  if (fd < 0)
    bench_die ("accepting: %s", g_strerror (errno));
  no_delay (fd);

  return fd;
}

int
bench_connect (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_port = htons (port);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    bench_die ("connecting: %s", g_strerror (errno));
  no_delay (fd);

  return fd;
}

void
bench_write_whole (int           fd,
                   gconstpointer data,
                   gsize         length)
{
  const guint8 *bytes = data;

  while (length > 0)
    {
      gssize n = write (fd, bytes, length);

      if (n < 0)
        bench_die ("writing: %s", g_strerror (errno));
      bytes += n;
      length -= (gsize) n;
    }
}
