/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh keygen: a new key, in two files. */
#include "tool.h"

#include <string.h>

static char    *algorithm;
static char    *comment;
static char    *format_name;
static char    *passphrase_file;
static int      size;

static GOptionEntry entries[] = {
  { "type", 't', 0, G_OPTION_ARG_STRING, &algorithm, "ed25519 (the default), ecdsa or rsa", "TYPE" },
  { "size", 'b', 0, G_OPTION_ARG_INT, &size, "Bits: of rsa 2048 to 16384 (3072), of ecdsa 256, 384 or 521 (256)", "BITS" },
  { "comment", 'C', 0, G_OPTION_ARG_STRING, &comment, "What stands behind the public key", "TEXT" },
  { "passphrase-file", 0, 0, G_OPTION_ARG_FILENAME, &passphrase_file, "A file whose first line is to be the passphrase (none)", "FILE" },
  { "format", 'f', 0, G_OPTION_ARG_STRING, &format_name, "openssh (the default) or pkcs8", "FORMAT" },
  { NULL }
};

static const struct
{
  const char *type;
  int         size;       /* 0: any */
  const char *algorithm;
} algorithms[] = {
  { "ed25519", 0, DEVSSH_ALGORITHM_KEY_ED25519 },
  { "rsa", 0, DEVSSH_ALGORITHM_KEY_RSA },
  { "ecdsa", 256, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256 },
  { "ecdsa", 384, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP384 },
  { "ecdsa", 521, DEVSSH_ALGORITHM_KEY_ECDSA_NISTP521 },
};

static const struct
{
  const char      *name;
  DevSshKeyFormat  format;
} formats[] = {
  { "openssh", DEVSSH_KEY_FORMAT_OPENSSH },
  { "pkcs8", DEVSSH_KEY_FORMAT_PKCS8 },
};

static DevSshKeyPair *
generate (GError **error)
{
  const char *type = algorithm != NULL ? algorithm : "ed25519";
  guint bits = (guint) MAX (size, 0);

  if (bits == 0 && g_str_equal (type, "ecdsa"))
    bits = 256;
  if (bits == 0 && g_str_equal (type, "rsa"))
    bits = 3072;
  for (guint i = 0; i < G_N_ELEMENTS (algorithms); i++)
    if (g_str_equal (type, algorithms[i].type) && (algorithms[i].size == 0 || (guint) algorithms[i].size == bits))
      return devssh_key_pair_generate (algorithms[i].algorithm, bits, error);

  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "There are no keys of type %s with %u bits", type, bits);
  return NULL;
}

static gboolean
find_format (DevSshKeyFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (format_name == NULL || g_str_equal (format_name, formats[i].name))
      {
        *format = formats[i].format;
        return TRUE;
      }
  return FALSE;
}

static gboolean
write_pair (DevSshKeyPair    *key,
            DevSshKeyFormat   format,
            const char       *path,
            const char       *passphrase,
            GError          **error)
{
  g_autofree char *public_path = g_strconcat (path, ".pub", NULL);
  g_autoptr(GFile) file = g_file_new_for_commandline_arg (path);
  g_autoptr(GFile) public_file = g_file_new_for_commandline_arg (public_path);

  /* The half that is worth nothing alone comes first: if the other one cannot be written, it goes again. */
  if (!devssh_key_pair_export_public_file (key, public_file, DEVSSH_KEY_FORMAT_SSH, DEVSSH_KEY_FILE_NONE, NULL, error))
    return FALSE;
  if (devssh_key_pair_export_private_file (key, file, format, passphrase, DEVSSH_KEY_FILE_NONE, NULL, error))
    return TRUE;
  g_file_delete (public_file, NULL, NULL);
  return FALSE;
}

static int
run (int   argc,
     char *argv[])
{
  g_autoptr(DevSshKeyPair) key = NULL;
  g_autofree char *fingerprint = NULL;
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  char *passphrase = NULL;
  gboolean saved = FALSE;
  DevSshKeyFormat format;

  if (!tool_parse (&tool_keygen_command, "FILE",
                   "Writes FILE, for you alone, and FILE.pub. Neither may exist.\n\n"
                   "  devssh keygen ~/.ssh/id_ed25519\n"
                   "  devssh keygen -t rsa -b 4096 -C \"the build machine\" build-key\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 2)
    return tool_fail (TOOL_USAGE, NULL, "Name one file");
  if (!find_format (&format))
    return tool_fail (TOOL_USAGE, NULL, "There is no format '%s'", format_name);

  key = generate (&error);
  if (key == NULL)
    return tool_fail (TOOL_USAGE, error, "No key");
  if (comment != NULL)
    devssh_key_pair_set_comment (key, comment);
  if (passphrase_file != NULL && (passphrase = tool_read_secret_line (passphrase_file, &error)) == NULL)
    return tool_fail (TOOL_FAILED, error, "There is no passphrase");
  saved = write_pair (key, format, argv[1], passphrase, &error);
  tool_free_secret (passphrase);
  if (!saved)
    return tool_fail (TOOL_FAILED, error, "The key was not saved");

  fingerprint = devssh_key_pair_dup_fingerprint (key);
  text = g_strdup_printf ("%s %s", devssh_key_pair_get_algorithm (key), fingerprint);
  tool_event ("key", text,
              "path", "s", argv[1],
              "algorithm", "s", devssh_key_pair_get_algorithm (key),
              "bits", "u", devssh_key_pair_get_size (key),
              "fingerprint", "s", fingerprint,
              NULL);
  return TOOL_OK;
}

const ToolCommand tool_keygen_command = { "keygen", "Makes a key", run };
