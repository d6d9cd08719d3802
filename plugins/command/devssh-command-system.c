/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What GLib has no call for: terminals, process groups, and writes that raise no signal. */
#include "devssh-command-system.h"

#include "devssh-command-modes.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define NAME_SIZE 64

static gboolean
fail (int      *fd,
      GError  **error)
{
  int code = errno;

  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "No terminal: %s", g_strerror (code));
  return FALSE;
}

gboolean
devssh_command_open_terminal (int     *master,
                              int     *slave,
                              GError **error)
{
  char name[NAME_SIZE];

  *master = posix_openpt (O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (*master < 0 || grantpt (*master) < 0 || unlockpt (*master) < 0
      || ptsname_r (*master, name, sizeof name) != 0)
    return fail (master, error);

  *slave = open (name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (*slave < 0)
    return fail (master, error);

  return TRUE;
}

void
devssh_command_set_window_size (int   terminal,
                                guint columns,
                                guint rows,
                                guint width,
                                guint height)
{
  struct winsize size = {
    .ws_row = (unsigned short) MIN (rows, G_MAXUSHORT),
    .ws_col = (unsigned short) MIN (columns, G_MAXUSHORT),
    .ws_xpixel = (unsigned short) MIN (width, G_MAXUSHORT),
    .ws_ypixel = (unsigned short) MIN (height, G_MAXUSHORT),
  };

  ioctl (terminal, TIOCSWINSZ, &size);
}

void
devssh_command_set_terminal_modes (int     terminal,
                                   GBytes *modes)
{
  struct termios settings;
  gsize length;
  const guint8 *data = g_bytes_get_data (modes, &length);

  if (tcgetattr (terminal, &settings) < 0)
    return;

  devssh_command_apply_modes (&settings, data, length);
  tcsetattr (terminal, TCSANOW, &settings);
}

/* Runs between fork() and exec(): nothing here takes a lock. What is ignored or blocked would be inherited. */
void
devssh_command_child_setup (gpointer unused)
{
  struct sigaction by_default = { .sa_handler = SIG_DFL };
  sigset_t nothing;

  for (int number = 1; number < NSIG; number++)
    sigaction (number, &by_default, NULL);
  sigemptyset (&nothing);
  sigprocmask (SIG_SETMASK, &nothing, NULL);

  setsid ();
  if (isatty (STDIN_FILENO))
    ioctl (STDIN_FILENO, TIOCSCTTY, 0);
}

gboolean
devssh_command_signal_group (pid_t group,
                             int   signal_number)
{
  return kill (-group, signal_number) == 0 || errno != ESRCH;
}

int
devssh_command_duplicate (int fd)
{
  return fcntl (fd, F_DUPFD_CLOEXEC, 3);
}

void
devssh_command_enlarge_pipe (int   fd,
                             gsize size)
{
#ifdef F_SETPIPE_SZ
  fcntl (fd, F_SETPIPE_SZ, (int) size);
#endif
}

gssize
devssh_command_read (int     fd,
                     guint8 *data,
                     gsize   size)
{
  gssize n;

  do
    n = read (fd, data, size);
  while (n < 0 && errno == EINTR);

  /* So Linux says that the last one who had the other end of a terminal open is gone. */
  return n < 0 && errno == EIO ? 0 : n;
}

/* A pipe whose reader is gone raises SIGPIPE in the thread that writes, unless the process ignores it. */
gssize
devssh_command_write (int           fd,
                      const guint8 *data,
                      gsize         size)
{
  const struct timespec at_once = { 0, 0 };
  sigset_t pipe_signal, before;
  gssize n;
  int code;

  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &before);

  do
    n = write (fd, data, size);
  while (n < 0 && errno == EINTR);
  code = errno;

  if (n < 0 && code == EPIPE)
    sigtimedwait (&pipe_signal, NULL, &at_once);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = code;

  return n;
}
