/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh key: what a key file holds, and the same key in another format. */
#include "tool.h"

#include <gio/gunixinputstream.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As much as the library reads, and one byte more. */
#define MAX_LENGTH (64 * 1024 + 1)

static char    *from_name;
static char    *passphrase_file;
static char    *to_name;
static char    *output;
static char    *comment;
static char    *new_passphrase_file;
static gboolean no_passphrase;
static gboolean public_half;
static gboolean force;

#define READING_ENTRIES \
  { "from", 0, 0, G_OPTION_ARG_STRING, &from_name, "The format of FILE, which binary files do not tell", "FORMAT" }, \
  { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &passphrase_file, \
    "A file whose first line is the passphrase (asked on the terminal)", "FILE" }

static GOptionEntry reading_entries[] = {
  READING_ENTRIES,
  { NULL }
};

static GOptionEntry convert_entries[] = {
  { "to", 't', 0, G_OPTION_ARG_STRING, &to_name, "The format to write (openssh; ssh for a public key)", "FORMAT" },
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Where to write it; - is the standard output (the default for a public key)", "FILE" },
  { "public", 'p', 0, G_OPTION_ARG_NONE, &public_half, "Write the public half alone", NULL },
  { "comment", 'C', 0, G_OPTION_ARG_STRING, &comment, "Change the comment, in formats that have one", "TEXT" },
  { "new-passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &new_passphrase_file, "A file whose first line is to be the passphrase", "FILE" },
  { "no-passphrase", 0, 0, G_OPTION_ARG_NONE, &no_passphrase, "Write the key without a passphrase, also if it has one", NULL },
  { "force", 0, 0, G_OPTION_ARG_NONE, &force, "Replace what is there", NULL },
  READING_ENTRIES,
  { NULL }
};

#define FORMATS_HELP \
  "Formats:\n" \
  "  ssh      the line of id_ed25519.pub and authorized_keys; public keys\n" \
  "  openssh  OPENSSH PRIVATE KEY, as ssh-keygen writes it\n" \
  "  pkcs8    PRIVATE KEY, ENCRYPTED PRIVATE KEY and PUBLIC KEY, as openssl writes them\n" \
  "  pkcs1    RSA PRIVATE KEY and RSA PUBLIC KEY; RSA\n" \
  "  sec1     EC PRIVATE KEY; ECDSA\n" \
  "  ssh2     RFC 4716, and private RSA keys of ssh.com\n" \
  "  jwk      a JSON web key\n" \
  "Passphrases are written in openssh and pkcs8. Keys of PuTTY (PPK) are converted by puttygen.\n"

static gboolean
find_format (const char       *name,
             DevSshKeyFormat  *format)
{
  g_autoptr(GEnumClass) values = g_type_class_ref (DEVSSH_TYPE_KEY_FORMAT);
  GEnumValue *value = name != NULL ? g_enum_get_value_by_nick (values, name) : NULL;

  *format = value != NULL ? (DevSshKeyFormat) value->value : DEVSSH_KEY_FORMAT_DEFAULT;
  return name == NULL || value != NULL;
}

/* ---- reading ---- */

typedef struct
{
  DevSshKeyPair *key;
  char          *passphrase;   /* NULL: it has none */
} OpenKey;

static void
open_key_clear (OpenKey *self)
{
  g_clear_object (&self->key);
  tool_free_secret (self->passphrase);
  self->passphrase = NULL;
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OpenKey, open_key_clear)

static void
free_text (gpointer text)
{
  explicit_bzero (text, MAX_LENGTH);
  g_free (text);
}

/* path: - for the standard input */
static GBytes *
read_file (const char  *path,
           GError     **error)
{
  g_autoptr(GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr(GInputStream) stream = NULL;
  char *text = NULL;
  gsize length = 0;

  if (g_str_equal (path, "-"))
    stream = g_unix_input_stream_new (STDIN_FILENO, FALSE);
  else
    stream = G_INPUT_STREAM (g_file_read (file, NULL, error));
  if (stream == NULL)
    return NULL;
  text = g_malloc0 (MAX_LENGTH);
  if (!g_input_stream_read_all (stream, text, MAX_LENGTH, &length, NULL, error))
    {
      free_text (text);
      return NULL;
    }
  return g_bytes_new_with_free_func (text, length, free_text, text);
}

/* Asks for the passphrase only when it is what is missing. */
static gboolean
read_key (const char  *path,
          OpenKey     *self,
          GError     **error)
{
  g_autoptr(GBytes) data = read_file (path, error);
  g_autoptr(GError) reason = NULL;
  DevSshKeyFormat format;

  if (data == NULL)
    return FALSE;
  find_format (from_name, &format);
  self->key = devssh_key_pair_import_data (data, format, NULL, &reason);
  if (self->key != NULL)
    return TRUE;
  if (!g_error_matches (reason, DEVSSH_ERROR, DEVSSH_ERROR_PASSPHRASE_REQUIRED))
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }

  if (passphrase_file != NULL)
    {
      self->passphrase = tool_read_secret_line (passphrase_file, error);
      if (self->passphrase == NULL)
        return FALSE;
    }
  else
    {
      g_autofree char *prompt = g_strdup_printf ("Passphrase of %s: ", path);

      self->passphrase = tool_json ? NULL : tool_ask_secret (prompt);
      if (self->passphrase == NULL)
        {
          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PASSPHRASE_REQUIRED, "%s; try --passphrase-file",
                       reason->message);
          return FALSE;
        }
    }
  self->key = devssh_key_pair_import_data (data, format, self->passphrase, error);
  return self->key != NULL;
}

static char *
public_line (DevSshKeyPair *key)
{
  g_autoptr(GBytes) line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, NULL);

  return g_strchomp (g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line)));
}

/* ---- show, fingerprint ---- */

static void
print_key (const char    *path,
           const OpenKey *self,
           gboolean       whole)
{
  DevSshKeyPair *key = self->key;
  const char *text = devssh_key_pair_get_comment (key);
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);
  g_autofree char *line = public_line (key);
  g_autofree char *shown = NULL;

  if (text == NULL)
    text = "";
  if (whole)
    shown = g_strdup_printf ("%s: %s of type %s, %u bits%s\n  %s\n  %s", path,
                             devssh_key_pair_get_has_private (key) ? "a private key" : "a public key",
                             devssh_key_pair_get_algorithm (key), devssh_key_pair_get_size (key),
                             self->passphrase != NULL ? ", with a passphrase" : "", fingerprint, line);
  else
    shown = g_strdup_printf ("%u %s %s (%s)", devssh_key_pair_get_size (key), fingerprint,
                             *text != '\0' ? text : "no comment", devssh_key_pair_get_algorithm (key));
  tool_event ("key", shown,
              "path", "s", path,
              "algorithm", "s", devssh_key_pair_get_algorithm (key),
              "bits", "u", devssh_key_pair_get_size (key),
              "fingerprint", "s", fingerprint,
              "comment", "s", text,
              "private", "b", devssh_key_pair_get_has_private (key),
              "encrypted", "b", self->passphrase != NULL,
              "public", "s", line,
              NULL);
}

/* All of them, and how the last that failed did. */
static int
print_keys (int      argc,
            char    *argv[],
            gboolean whole)
{
  DevSshKeyFormat format;
  int status = TOOL_OK;

  if (argc < 2)
    return tool_fail (TOOL_USAGE, NULL, "Name a file");
  if (!find_format (from_name, &format))
    return tool_fail (TOOL_USAGE, NULL, "There is no format '%s'", from_name);

  for (int i = 1; i < argc; i++)
    {
      g_auto(OpenKey) key = { NULL, NULL };
      g_autoptr(GError) error = NULL;

      if (read_key (argv[i], &key, &error))
        print_key (argv[i], &key, whole);
      else
        status = tool_fail (TOOL_FAILED, error, "%s", argv[i]);
    }
  return status;
}

static int
run_show (int   argc,
          char *argv[])
{
  static const ToolCommand command = { "key show", "Shows what keys are", NULL };

  if (!tool_parse (&command, "FILE...",
                   "Prints the type, the size, the fingerprint and the public line of each key; - is the standard input.\n\n"
                   "  devssh key show ~/.ssh/id_ed25519\n"
                   "  devssh key show --json server.jwk | jq -r .fingerprint\n\n"
                   FORMATS_HELP,
                   reading_entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  return print_keys (argc, argv, TRUE);
}

static int
run_fingerprint (int   argc,
                 char *argv[])
{
  static const ToolCommand command = { "key fingerprint", "Prints the fingerprints of keys", NULL };

  if (!tool_parse (&command, "FILE...",
                   "Prints a line for each key, as ssh-keygen -l does: its bits, its fingerprint, its comment and its type.\n\n"
                   "  devssh key fingerprint /etc/ssh/ssh_host_*_key.pub\n\n"
                   FORMATS_HELP,
                   reading_entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  return print_keys (argc, argv, FALSE);
}

/* ---- convert ---- */

/* What protects the key stays, unless something else was asked for: *passphrase is borrowed from either. */
static gboolean
choose_passphrase (const OpenKey    *key,
                   DevSshKeyFormat   format,
                   char            **new_passphrase,
                   const char      **passphrase,
                   GError          **error)
{
  *passphrase = NULL;
  if (no_passphrase)
    return TRUE;
  if (new_passphrase_file != NULL)
    {
      *new_passphrase = tool_read_secret_line (new_passphrase_file, error);
      *passphrase = *new_passphrase;
      return *new_passphrase != NULL;
    }

  *passphrase = key->passphrase;
  if (key->passphrase == NULL || format == DEVSSH_KEY_FORMAT_OPENSSH || format == DEVSSH_KEY_FORMAT_PKCS8)
    return TRUE;
  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                       "The key has a passphrase, for which this format has no place; --no-passphrase writes it without");
  return FALSE;
}

static gboolean
write_output (GBytes  *text,
              GError **error)
{
  gsize length = 0;
  const char *data = g_bytes_get_data (text, &length);

  if (fwrite (data, 1, length, stdout) == length && fflush (stdout) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The standard output takes no more");
  return FALSE;
}

static gboolean
convert (OpenKey          *key,
         DevSshKeyFormat   format,
         gboolean          is_public,
         GFile            *file,
         gboolean         *encrypted,
         GError          **error)
{
  DevSshKeyFileFlags flags = force ? DEVSSH_KEY_FILE_REPLACE : DEVSSH_KEY_FILE_NONE;
  char *new_passphrase = NULL;
  const char *passphrase = NULL;
  g_autoptr(GBytes) text = NULL;
  gboolean done = FALSE;

  if (is_public && file != NULL)
    return devssh_key_pair_export_public_file (key->key, file, format, flags, NULL, error);
  if (is_public)
    {
      text = devssh_key_pair_export_public (key->key, format, error);
      return text != NULL && write_output (text, error);
    }

  if (choose_passphrase (key, format, &new_passphrase, &passphrase, error))
    {
      *encrypted = passphrase != NULL;
      if (file != NULL)
        {
          done = devssh_key_pair_export_private_file (key->key, file, format, passphrase, flags, NULL, error);
        }
      else
        {
          text = devssh_key_pair_export_private (key->key, format, passphrase, error);
          done = text != NULL && write_output (text, error);
        }
    }
  tool_free_secret (new_passphrase);
  return done;
}

static int
run_convert (int   argc,
             char *argv[])
{
  static const ToolCommand command = { "key convert", "Writes a key in another format", NULL };
  g_auto(OpenKey) key = { NULL, NULL };
  g_autoptr(GFile) file = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *fingerprint = NULL;
  gboolean is_public, encrypted = FALSE;
  DevSshKeyFormat from, to;

  if (!tool_parse (&command, "FILE",
                   "Reads a key in any format and writes it in another; - is the standard input. A new file of a private key is\n"
                   "for its owner alone, and nothing is replaced without --force. A passphrase stays, unless another is given.\n\n"
                   "  devssh key convert -t pkcs8 -o key.pem ~/.ssh/id_ed25519     for openssl and programs of the web\n"
                   "  devssh key convert -t openssh -o ~/.ssh/id_rsa key.pem       for ssh\n"
                   "  devssh key convert --public key.pem >> authorized_keys       the line of its public half\n"
                   "  devssh key convert --no-passphrase -o plain locked           without its passphrase\n\n"
                   FORMATS_HELP,
                   convert_entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_fail (TOOL_USAGE, NULL, "Name one file to read");
  if (!find_format (from_name, &from))
    return tool_fail (TOOL_USAGE, NULL, "There is no format '%s'", from_name);
  if (!find_format (to_name, &to))
    return tool_fail (TOOL_USAGE, NULL, "There is no format '%s'", to_name);
  if (no_passphrase && new_passphrase_file != NULL)
    return tool_fail (TOOL_USAGE, NULL, "Shall it have a passphrase, or none?");

  if (!read_key (argv[1], &key, &error))
    return tool_fail (TOOL_FAILED, error, "%s", argv[1]);
  is_public = public_half || !devssh_key_pair_get_has_private (key.key);
  if (!is_public && output == NULL)
    return tool_fail (TOOL_USAGE, NULL, "Where to write the private key? Give --output, or --public for the other half");
  if (tool_json && (output == NULL || g_str_equal (output, "-")))
    return tool_fail (TOOL_USAGE, NULL, "The key and what is said of it cannot both go to the standard output");

  if (!is_public && to == DEVSSH_KEY_FORMAT_DEFAULT)
    to = DEVSSH_KEY_FORMAT_OPENSSH;
  if (comment != NULL)
    devssh_key_pair_set_comment (key.key, comment);
  if (output != NULL && !g_str_equal (output, "-"))
    file = g_file_new_for_commandline_arg (output);
  if (!convert (&key, to, is_public, file, &encrypted, &error))
    return tool_fail (TOOL_FAILED, error, "The key was not written");
  if (file == NULL)
    return TOOL_OK;

  fingerprint = devssh_key_pair_dup_fingerprint (key.key);
  tool_event ("key", NULL,
              "path", "s", output,
              "algorithm", "s", devssh_key_pair_get_algorithm (key.key),
              "bits", "u", devssh_key_pair_get_size (key.key),
              "fingerprint", "s", fingerprint,
              "private", "b", !is_public,
              "encrypted", "b", encrypted,
              NULL);
  return TOOL_OK;
}

/* ---- the three of them ---- */

static const ToolCommand actions[] = {
  { "show", "Shows what keys are", run_show },
  { "fingerprint", "Prints the fingerprints of keys", run_fingerprint },
  { "convert", "Writes a key in another format", run_convert },
};

static int
run (int   argc,
     char *argv[])
{
  static GOptionEntry none[] = { { NULL } };

  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (argv[1], actions[i].name))
      return actions[i].run (argc - 1, argv + 1);

  if (!tool_parse (&tool_key_command, "show|fingerprint|convert FILE...",
                   "  devssh key show FILE...         the type, the size, the fingerprint and the public line of each\n"
                   "  devssh key fingerprint FILE...  a line for each, as ssh-keygen -l prints it\n"
                   "  devssh key convert FILE         the same key in another format\n\n"
                   "Each has more to say: devssh key convert --help\n\n"
                   FORMATS_HELP,
                   none, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc > 1)
    return tool_fail (TOOL_USAGE, NULL, "What is '%s'? Try show, fingerprint or convert", argv[1]);
  return tool_fail (TOOL_USAGE, NULL, "Try show, fingerprint or convert");
}

const ToolCommand tool_key_command = { "key", "Shows keys, and writes them in other formats", run };
