/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh contour: the picture of a session, from the line of text that a program has logged. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* As much as the longest contour takes, with the line ends of a mail. */
#define MAX_LENGTH (16 * 1024 * 1024)

static char *output;
static char *title;

static GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the picture here; - is the standard output (the default)", "FILE" },
  { "title", 't', 0, G_OPTION_ARG_STRING, &title, "What stands above the picture", "TEXT" },
  { NULL }
};

/* Everything, from a file or (NULL) the standard input. */
static char *
read_all (const char  *path,
          GError     **error)
{
  g_autoptr(GString) text = g_string_new (NULL);
  FILE *stream = path != NULL ? fopen (path, "re") : stdin;
  char buffer[16384];
  GError *wrong = NULL;
  gsize n;

  if (stream == NULL)
    {
      g_set_error_literal (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), g_strerror (errno));
      return NULL;
    }
  while (text->len <= MAX_LENGTH && (n = fread (buffer, 1, sizeof buffer, stream)) > 0)
    g_string_append_len (text, buffer, (gssize) n);
  if (ferror (stream))
    g_set_error_literal (&wrong, G_FILE_ERROR, (int) g_file_error_from_errno (errno), g_strerror (errno));
  else if (text->len > MAX_LENGTH)
    g_set_error (&wrong, G_FILE_ERROR, G_FILE_ERROR_FAILED, "It has more than %d bytes", MAX_LENGTH);
  else if (memchr (text->str, '\0', text->len) != NULL)
    g_set_error_literal (&wrong, G_FILE_ERROR, G_FILE_ERROR_INVAL, "It is no text");
  if (path != NULL)
    fclose (stream);
  if (wrong == NULL)
    return g_string_free (g_steal_pointer (&text), FALSE);
  g_propagate_error (error, wrong);
  return NULL;
}

static GVariant *
bytes_of (DevSshSessionContour  *contour,
          guint64             *(*dup) (DevSshSessionContour *contour, gsize *n_values))
{
  gsize n;
  g_autofree guint64 *values = dup (contour, &n);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_UINT64, values, n, sizeof *values);
}

static GVariant *
latencies_of (DevSshSessionContour  *contour,
              double              *(*dup) (DevSshSessionContour *contour, gsize *n_values))
{
  gsize n;
  g_autofree double *values = dup (contour, &n);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, values, n, sizeof *values);
}

static void
print_numbers (DevSshSessionContour *contour)
{
  g_autofree char *text = devssh_session_contour_to_base64 (contour);

  tool_event ("contour", NULL,
              "interval", "x", devssh_session_contour_get_interval (contour),
              "intervals", "u", devssh_session_contour_get_interval_count (contour),
              "bytesSent", "@at", bytes_of (contour, devssh_session_contour_dup_bytes_sent),
              "bytesReceived", "@at", bytes_of (contour, devssh_session_contour_dup_bytes_received),
              "latencyMin", "@ad", latencies_of (contour, devssh_session_contour_dup_latency_min),
              "latencyMax", "@ad", latencies_of (contour, devssh_session_contour_dup_latency_max),
              "latencyAverage", "@ad", latencies_of (contour, devssh_session_contour_dup_latency_average),
              "base64", "s", text,
              NULL);
}

static gboolean
write_picture (const char  *picture,
               GError     **error)
{
  if (output != NULL && !g_str_equal (output, "-"))
    return g_file_set_contents (output, picture, -1, error);

  if (fputs (picture, stdout) >= 0 && fflush (stdout) == 0)
    return TRUE;
  g_set_error_literal (error, G_FILE_ERROR, (int) g_file_error_from_errno (errno), g_strerror (errno));
  return FALSE;
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshSessionContour) contour = NULL;
  g_autofree char *text = NULL;
  g_autofree char *picture = NULL;
  g_autoptr(GError) error = NULL;
  const char *path;

  if (!tool_parse (&tool_contour_command, "[FILE]",
                   "A contour tells how much a session sent and received, and how long messages took, over its whole\n"
                   "life. A program collects one with DevSshSessionContour (or SessionContour of the other Dev Tunnels\n"
                   "SSH libraries) and logs the line that its export gives. This reads that line from FILE, or from the\n"
                   "standard input, and draws it; with --json it prints the numbers, in milliseconds and bytes, and\n"
                   "draws only where --output says.\n\n"
                   "  devssh contour -o session.svg session.log\n"
                   "  echo AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA== | devssh contour -t 'A short one' > session.svg\n"
                   "  devssh contour --json session.log | jq '.bytesSent | add'\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc > 2)
    return tool_fail (TOOL_USAGE, NULL, "What is '%s'? Name one file, or none", argv[2]);

  if (tool_json && output != NULL && g_str_equal (output, "-"))
    return tool_fail (TOOL_USAGE, NULL, "Numbers and picture cannot both go to the standard output");

  path = argc == 2 && !g_str_equal (argv[1], "-") ? argv[1] : NULL;
  text = read_all (path, &error);
  if (text == NULL)
    return tool_fail (TOOL_FAILED, error, "Cannot read %s", path != NULL ? path : "the standard input");
  contour = devssh_session_contour_new_from_base64 (text, &error);
  if (contour == NULL)
    return tool_fail (TOOL_FAILED, error, "%s", path != NULL ? path : "The standard input");

  if (tool_json)
    print_numbers (contour);
  if (tool_json && output == NULL)
    return TOOL_OK;
  picture = devssh_session_contour_to_svg (contour, title);
  if (!write_picture (picture, &error))
    return tool_fail (TOOL_FAILED, error, "The picture was not written");
  return TOOL_OK;
}

const ToolCommand tool_contour_command = { "contour", "Draws how busy a session was over time", run };
