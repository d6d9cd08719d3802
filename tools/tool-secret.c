/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Passphrases: from a file, or from whoever sits at the terminal. */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Longer ones are not typed. */
#define MAX_LENGTH 1024

void
tool_free_secret (char *secret)
{
  if (secret != NULL)
    explicit_bzero (secret, strlen (secret));
  g_free (secret);
}

/* The first line, without its end; what is left of the buffer is wiped. NULL: nothing came, or too much. */
static char *
read_line (int fd)
{
  char buffer[MAX_LENGTH];
  gsize length = 0;
  gboolean complete = FALSE;
  char *line = NULL;

  while (!complete && length < sizeof buffer)
    {
      gssize n = read (fd, buffer + length, sizeof buffer - length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      complete = memchr (buffer + length, '\n', (gsize) n) != NULL;
      length += (gsize) n;
    }
  if (length > 0 && length < sizeof buffer && memchr (buffer, '\0', length) == NULL)
    {
      buffer[length] = '\0';
      buffer[strcspn (buffer, "\r\n")] = '\0';
      line = g_strdup (buffer);
    }
  explicit_bzero (buffer, sizeof buffer);
  return line;
}

char *
tool_read_secret_line (const char  *path,
                       GError     **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  char *line = fd >= 0 ? read_line (fd) : NULL;
  int number = errno;

  if (fd >= 0)
    close (fd);
  if (line != NULL)
    return line;

  if (fd < 0)
    g_set_error (error, G_FILE_ERROR, (int) g_file_error_from_errno (number), "%s: %s", path, g_strerror (number));
  else
    g_set_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s: its first line is no passphrase", path);
  return NULL;
}

char *
tool_ask_secret (const char *prompt)
{
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  struct termios before, quiet;
  char *line = NULL;

  if (fd < 0)
    return NULL;
  if (tcgetattr (fd, &before) == 0)
    {
      quiet = before;
      quiet.c_lflag &= ~(tcflag_t) ECHO;
      quiet.c_lflag |= ECHONL | ICANON;
      if (tcsetattr (fd, TCSAFLUSH, &quiet) == 0 && write (fd, prompt, strlen (prompt)) >= 0)
        line = read_line (fd);
      tcsetattr (fd, TCSAFLUSH, &before);
    }
  close (fd);
  return line;
}
