/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* devssh known-hosts: who has which key, and what ssh would say of it. */
#include "tool.h"

#include <string.h>

#define SSH_PORT 22

static char     **files;
static gboolean   hash_names;
static gboolean   replace;
static gboolean   also;

#define FILE_ENTRY(help) { "file", 'f', 0, G_OPTION_ARG_FILENAME_ARRAY, &files, help, "FILE" }

/* ---- what was given ---- */

typedef struct
{
  char             *host;
  guint16           port;
  GPtrArray        *keys;           /* (element-type DevSshKeyPair) */
  DevSshKnownHosts *known_hosts;
} Given;

static void
given_clear (Given *self)
{
  g_free (self->host);
  g_clear_pointer (&self->keys, g_ptr_array_unref);
  g_clear_object (&self->known_hosts);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Given, given_clear)

static gboolean
given_read_host (Given       *self,
                 const char  *text,
                 GError     **error)
{
  g_autoptr(GSocketConnectable) address = g_network_address_parse (text, SSH_PORT, error);

  if (address == NULL)
    return FALSE;
  self->host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  self->port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  return TRUE;
}

static gboolean
given_read_key (Given       *self,
                const char  *path,
                GError     **error)
{
  g_autoptr(GFile) file = g_file_new_for_path (g_str_equal (path, "-") ? "/dev/stdin" : path);
  DevSshKeyPair *key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, NULL, NULL, error);

  if (key == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  g_ptr_array_add (self->keys, key);
  return TRUE;
}

/* HOST[:PORT] [KEYFILE...]; the files that must exist are those that are only read. */
static int
given_read (Given    *self,
            int       argc,
            char     *argv[],
            gboolean  may_be_missing)
{
  g_autoptr(GError) error = NULL;

  self->keys = g_ptr_array_new_with_free_func (g_object_unref);
  self->known_hosts = devssh_known_hosts_new ();
  if (argc > 1 && !given_read_host (self, argv[1], &error))
    return tool_fail (TOOL_USAGE, error, "%s", argv[1]);
  for (int i = 2; i < argc; i++)
    if (!given_read_key (self, argv[i], &error))
      return tool_fail (TOOL_FAILED, error, "No key");
  if (!tool_load_known_hosts (self->known_hosts, files, may_be_missing, &error))
    return tool_fail (TOOL_FAILED, error, "Known hosts cannot be read");
  return TOOL_OK;
}

/* ---- what is said ---- */

static const char *
nick_of (GType type,
         int   value)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (type);

  return g_enum_get_value (klass, value)->value_nick;
}

/* A file may have anything in it, and a terminal obeys some of it. */
static char *
for_people (const char *text)
{
  char *safe = g_strdup (text);

  for (char *at = safe; *at != '\0'; at++)
    if (g_ascii_iscntrl (*at))
      *at = '?';
  return safe;
}

static void
print_entry (DevSshKnownHostsEntry *entry)
{
  g_autofree char *place = devssh_known_hosts_entry_dup_place (entry);
  g_autofree char *fingerprint = devssh_known_hosts_entry_dup_fingerprint (entry);
  g_autofree char *names = for_people (devssh_known_hosts_entry_get_names (entry));
  const char *marker = nick_of (DEVSSH_TYPE_KNOWN_HOSTS_MARKER, (int) devssh_known_hosts_entry_get_marker (entry));
  gboolean marked = devssh_known_hosts_entry_get_marker (entry) != DEVSSH_KNOWN_HOSTS_MARKER_NONE;
  g_autofree char *text = g_strdup_printf ("%s: %s%s%s%s %s %s", place, marked ? "@" : "", marked ? marker : "", marked ? " " : "",
                                           names, devssh_known_hosts_entry_get_algorithm (entry), fingerprint);
  GFile *file = devssh_known_hosts_entry_get_file (entry);

  tool_event ("entry", text,
              "file", "s", file != NULL ? g_file_peek_path (file) : "",
              "line", "u", devssh_known_hosts_entry_get_line (entry),
              "marker", "s", marker,
              "names", "s", devssh_known_hosts_entry_get_names (entry),
              "hashed", "b", devssh_known_hosts_entry_get_is_hashed (entry),
              "algorithm", "s", devssh_known_hosts_entry_get_algorithm (entry),
              "fingerprint", "s", fingerprint,
              NULL);
}

static DevSshKnownHostsVerdict
print_verdict (Given         *self,
               DevSshKeyPair *key)
{
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  DevSshKnownHostsVerdict verdict = devssh_known_hosts_check (self->known_hosts, self->host, self->port, key, &entry);
  const char *nick = nick_of (DEVSSH_TYPE_KNOWN_HOSTS_VERDICT, (int) verdict);
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (key);
  g_autofree char *known = entry != NULL ? devssh_known_hosts_entry_dup_fingerprint (entry) : g_strdup ("");
  g_autofree char *place = entry != NULL ? devssh_known_hosts_entry_dup_place (entry) : g_strdup ("");
  g_autofree char *text = g_strdup_printf ("%s port %u: %s\n  the key: %s %s%s%s%s%s%s%s", self->host, self->port, nick,
                                           devssh_key_pair_get_algorithm (key), fingerprint,
                                           entry != NULL ? "\n  known is: " : "",
                                           entry != NULL ? devssh_known_hosts_entry_get_algorithm (entry) : "",
                                           entry != NULL ? " " : "", known,
                                           entry != NULL ? "\n  the line: " : "", place);
  GFile *file = entry != NULL ? devssh_known_hosts_entry_get_file (entry) : NULL;

  tool_event ("verdict", text,
              "host", "s", self->host,
              "port", "u", (guint) self->port,
              "verdict", "s", nick,
              "algorithm", "s", devssh_key_pair_get_algorithm (key),
              "fingerprint", "s", fingerprint,
              "known-algorithm", "s", entry != NULL ? devssh_known_hosts_entry_get_algorithm (entry) : "",
              "known-fingerprint", "s", known,
              "file", "s", file != NULL ? g_file_peek_path (file) : "",
              "line", "u", entry != NULL ? devssh_known_hosts_entry_get_line (entry) : 0,
              NULL);
  return verdict;
}

static void
print_changed (GFile *file,
               int    lines)
{
  g_autofree char *text = g_strdup_printf ("%s: %d %s", g_file_peek_path (file), lines, lines == 1 ? "line" : "lines");

  tool_event ("changed", text, "file", "s", g_file_peek_path (file), "lines", "i", lines, NULL);
}

/* ---- the actions ---- */

static int run_check  (int argc, char *argv[]);
static int run_add    (int argc, char *argv[]);
static int run_remove (int argc, char *argv[]);
static int run_hash   (int argc, char *argv[]);
static int run_list   (int argc, char *argv[]);

static const ToolCommand actions[] = {
  { "known-hosts check", "Says what ssh would say of a host with this key", run_check },
  { "known-hosts add", "Adds a host and its keys", run_add },
  { "known-hosts remove", "Forgets a host", run_remove },
  { "known-hosts hash", "Hides the names of hosts in hashes", run_hash },
  { "known-hosts list", "Shows the lines that speak of a host, or all", run_list },
};

/* ---- check ---- */

static int
run_check (int   argc,
           char *argv[])
{
  GOptionEntry entries[] = {
    FILE_ENTRY ("Look into FILE; may be given again (those of the user and of the system)"),
    { NULL }
  };
  g_auto(Given) given = { 0 };
  int status;

  if (!tool_parse (&actions[0], "HOST[:PORT] KEYFILE...",
                   "KEYFILE has the key that the host shows; - is standard input. The verdict is\n"
                   "  trusted   the host has this key; the exit status is 0 if that is said of each key, else 252\n"
                   "  unknown   nothing is known of the host\n"
                   "  changed   the host is known with other keys only: the line that says so is shown\n"
                   "  revoked   a line says that this key must not be used any more\n\n"
                   "  ssh-keyscan -t ed25519 example.org 2>/dev/null | cut -d' ' -f2- | devssh known-hosts check example.org -\n"
                   "  devssh known-hosts check -f /etc/ssh/ssh_known_hosts '[2001:db8::1]:2222' host.pub\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc < 3)
    return tool_fail (TOOL_USAGE, NULL, "Name a host and the file of a key");
  status = given_read (&given, argc, argv, FALSE);
  for (guint i = 0; (status == TOOL_OK || status == TOOL_HOST_KEY) && i < given.keys->len; i++)
    if (print_verdict (&given, given.keys->pdata[i]) != DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED)
      status = TOOL_HOST_KEY;
  return status;
}

/* ---- add ---- */

/* What would be a surprise is not added just like that. */
static int
check_surprise (Given *self)
{
  for (guint i = 0; i < self->keys->len; i++)
    {
      DevSshKnownHostsVerdict verdict = devssh_known_hosts_check (self->known_hosts, self->host, self->port, self->keys->pdata[i], NULL);

      if (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED || (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED && !replace && !also))
        {
          print_verdict (self, self->keys->pdata[i]);
          return tool_fail (TOOL_HOST_KEY, NULL,
                            verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED ? "A revoked key is not added"
                            : "The host is known with another key: --replace takes that out, --also keeps it");
        }
    }
  return TOOL_OK;
}

static int
run_add (int   argc,
         char *argv[])
{
  GOptionEntry entries[] = {
    FILE_ENTRY ("Add to FILE, and look into it and those that are named after it (~/.ssh/known_hosts)"),
    { "hash", 0, 0, G_OPTION_ARG_NONE, &hash_names, "Hide the name of the host in a hash", NULL },
    { "replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Take the lines out that have other keys for the host", NULL },
    { "also", 0, 0, G_OPTION_ARG_NONE, &also, "The host has other keys beside these", NULL },
    { NULL }
  };
  g_auto(Given) given = { 0 };
  g_autoptr(GFile) file = NULL;
  int lines = 0;
  int status;

  if (!tool_parse (&actions[1], "HOST[:PORT] KEYFILE...",
                   "What is there already is not added twice. A host that is known with another key is not touched, and the\n"
                   "exit status is 252, unless --replace or --also says what is meant; a key that is revoked is never added.\n\n"
                   "  devssh known-hosts add example.org /etc/ssh/ssh_host_ed25519_key.pub\n"
                   "  devssh known-hosts add --replace --hash example.org:2222 host.pub\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc < 3)
    return tool_fail (TOOL_USAGE, NULL, "Name a host and the file of a key");
  if (replace && also)
    return tool_fail (TOOL_USAGE, NULL, "Either replace other keys or keep them");
  status = given_read (&given, argc, argv, TRUE);
  if (status == TOOL_OK)
    status = check_surprise (&given);
  if (status != TOOL_OK)
    return status;

  file = tool_known_hosts_file (files);
  for (guint i = 0; i < given.keys->len; i++)
    {
      g_autoptr(GAsyncResult) result = NULL;
      g_autoptr(GError) error = NULL;
      DevSshKnownHostsAddFlags flags = hash_names ? DEVSSH_KNOWN_HOSTS_ADD_HASHED : DEVSSH_KNOWN_HOSTS_ADD_NONE;
      int n;

      /* The second of the given keys is no reason to take the first one out. */
      if (replace && i == 0)
        flags |= DEVSSH_KNOWN_HOSTS_ADD_REPLACE;
      devssh_known_hosts_add_async (given.known_hosts, file, given.host, given.port, given.keys->pdata[i], flags, NULL,
                                    tool_keep_result_cb, &result);
      tool_wait (result != NULL);
      n = devssh_known_hosts_add_finish (given.known_hosts, result, &error);
      if (n < 0)
        return tool_fail (g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY) ? TOOL_HOST_KEY : TOOL_FAILED, error,
                          "%s was not added", given.host);
      lines += n;
    }
  print_changed (file, lines);
  return TOOL_OK;
}

/* ---- remove ---- */

static int
run_remove (int   argc,
            char *argv[])
{
  GOptionEntry entries[] = {
    FILE_ENTRY ("Remove from FILE (~/.ssh/known_hosts)"),
    { NULL }
  };
  g_auto(Given) given = { 0 };
  g_autoptr(GFile) file = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  int lines;
  int status;

  if (!tool_parse (&actions[2], "HOST[:PORT] [KEYFILE]",
                   "All keys of the host go, or the one that KEYFILE has. A line that names other hosts, too, goes as a whole,\n"
                   "and so does a pattern that matches the host; lines with @revoked and @cert-authority stay.\n\n"
                   "  devssh known-hosts remove example.org:2222\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc < 2 || argc > 3)
    return tool_fail (TOOL_USAGE, NULL, "Name a host, and one key at most");
  status = given_read (&given, argc, argv, FALSE);
  if (status != TOOL_OK)
    return status;

  file = tool_known_hosts_file (files);
  devssh_known_hosts_remove_async (given.known_hosts, file, given.host, given.port, argc == 3 ? given.keys->pdata[0] : NULL, NULL,
                                   tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  lines = devssh_known_hosts_remove_finish (given.known_hosts, result, &error);
  if (lines < 0)
    return tool_fail (TOOL_FAILED, error, "%s was not removed", given.host);
  print_changed (file, lines);
  return TOOL_OK;
}

/* ---- hash ---- */

static int
run_hash (int   argc,
          char *argv[])
{
  GOptionEntry entries[] = {
    FILE_ENTRY ("Change FILE (~/.ssh/known_hosts)"),
    { NULL }
  };
  g_auto(Given) given = { 0 };
  g_autoptr(GFile) file = NULL;
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  int lines;
  int status;

  if (!tool_parse (&actions[3], "",
                   "Each name becomes a line of its own. Who reads the file can still try names, but not list them. Lines with\n"
                   "patterns and markers stay as they are. There is no way back.\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc != 1)
    return tool_fail (TOOL_USAGE, NULL, "Name files with --file");
  status = given_read (&given, argc, argv, FALSE);
  if (status != TOOL_OK)
    return status;

  file = tool_known_hosts_file (files);
  devssh_known_hosts_hash_async (given.known_hosts, file, NULL, tool_keep_result_cb, &result);
  tool_wait (result != NULL);
  lines = devssh_known_hosts_hash_finish (given.known_hosts, result, &error);
  if (lines < 0)
    return tool_fail (TOOL_FAILED, error, "The names were not hashed");
  print_changed (file, lines);
  return TOOL_OK;
}

/* ---- list ---- */

static int
run_list (int   argc,
          char *argv[])
{
  GOptionEntry entries[] = {
    FILE_ENTRY ("Look into FILE; may be given again (those of the user and of the system)"),
    { NULL }
  };
  g_auto(Given) given = { 0 };
  g_autoptr(GPtrArray) found = NULL;
  int status;

  if (!tool_parse (&actions[4], "[HOST[:PORT]]",
                   "A host is also found where its name is hashed. The exit status is 252 if nothing is known of it.\n\n"
                   "  devssh known-hosts list --json example.org\n",
                   entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  if (argc > 2)
    return tool_fail (TOOL_USAGE, NULL, "Name one host");
  status = given_read (&given, argc, argv, FALSE);
  if (status != TOOL_OK)
    return status;

  found = devssh_known_hosts_dup_entries (given.known_hosts, given.host, given.port);
  for (guint i = 0; i < found->len; i++)
    print_entry (found->pdata[i]);
  if (given.host != NULL && found->len == 0)
    return tool_fail (TOOL_HOST_KEY, NULL, "Nothing is known of %s port %u", given.host, given.port);
  return TOOL_OK;
}

/* ---- which of them ---- */

static const ToolCommand *
find_action (int   argc,
             char *argv[])
{
  for (guint i = 0; argc > 1 && i < G_N_ELEMENTS (actions); i++)
    if (g_str_equal (argv[1], actions[i].name + strlen ("known-hosts ")))
      return &actions[i];
  return NULL;
}

static int
run (int   argc,
     char *argv[])
{
  static GOptionEntry entries[] = { { NULL } };
  g_autoptr(GString) help = g_string_new ("Actions:\n");
  const ToolCommand *action = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (actions); i++)
    g_string_append_printf (help, "  %-8s %s\n", actions[i].name + strlen ("known-hosts "), actions[i].summary);
  g_string_append (help, "\nEach has more to say: devssh known-hosts ACTION --help\n\n"
                   "The files are those of ssh, and stay readable for it: what is not meant stays as it is, byte for byte, and a\n"
                   "change is there as a whole or not at all.\n\n"
                   "To believe hosts: devssh exec --accept-new or --ask (devssh exec --help-connection).\n");
  if (!tool_parse (&tool_known_hosts_command, "ACTION [ARGUMENT...]", help->str, entries, NULL, &argc, &argv))
    return TOOL_USAGE;
  action = find_action (argc, argv);
  if (action != NULL)
    return action->run (argc - 1, argv + 1);
  if (argc > 1)
    return tool_fail (TOOL_USAGE, NULL, "There is no action '%s'; try 'devssh known-hosts --help'", argv[1]);
  return tool_fail (TOOL_USAGE, NULL, "Say what to do; try 'devssh known-hosts --help'");
}

const ToolCommand tool_known_hosts_command = { "known-hosts", "Shows and changes whom to believe", run };
