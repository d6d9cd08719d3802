/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two test peers share. */
#include "peer-common.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- JSON lines ---- */

static void
peer_append_json (GString      *text,
                  const guint8 *data,
                  gsize         length,
                  gboolean      latin1)
{
  g_string_append_c (text, '"');
  for (gsize i = 0; i < length; i++)
    {
      guint8 c = data[i];

      if (c == '"' || c == '\\')
        g_string_append_printf (text, "\\%c", c);
      else if (c == '\n')
        g_string_append (text, "\\n");
      else if (c < 0x20 || c == 0x7f || (latin1 && c >= 0x80))
        g_string_append_printf (text, "\\u%04x", c);
      else
        g_string_append_c (text, (char) c);
    }
  g_string_append_c (text, '"');
}

static void
peer_line_name (PeerLine   *line,
                const char *name)
{
  if (line->nested)
    g_string_append_c (line->text, ',');
  line->nested = TRUE;
  g_string_append_printf (line->text, "\"%s\":", name);
}

void
peer_line_begin (PeerLine   *line,
                 const char *event)
{
  line->text = g_string_new ("{");
  line->nested = FALSE;
  peer_line_string (line, "event", event);
}

void
peer_line_string (PeerLine   *line,
                  const char *name,
                  const char *value)
{
  if (value == NULL)
    return;
  peer_line_name (line, name);
  peer_append_json (line->text, (const guint8 *) value, strlen (value), FALSE);
}

void
peer_line_bytes (PeerLine     *line,
                 const char   *name,
                 const guint8 *data,
                 gsize         length)
{
  peer_line_name (line, name);
  peer_append_json (line->text, data, length, TRUE);
}

void
peer_line_int (PeerLine   *line,
               const char *name,
               gint64      value)
{
  peer_line_name (line, name);
  g_string_append_printf (line->text, "%" G_GINT64_FORMAT, value);
}

void
peer_line_number (PeerLine   *line,
                  const char *name,
                  double      value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  peer_line_name (line, name);
  g_string_append (line->text, g_ascii_formatd (number, sizeof number, "%.4f", value));
}

void
peer_line_bool (PeerLine   *line,
                const char *name,
                gboolean    value)
{
  peer_line_name (line, name);
  g_string_append (line->text, value ? "true" : "false");
}

void
peer_line_open (PeerLine   *line,
                const char *name)
{
  peer_line_name (line, name);
  g_string_append_c (line->text, '{');
  line->nested = FALSE;
}

void
peer_line_close (PeerLine *line)
{
  g_string_append_c (line->text, '}');
  line->nested = TRUE;
}

void
peer_line_raw (PeerLine   *line,
               const char *name,
               const char *json)
{
  peer_line_name (line, name);
  g_string_append (line->text, json);
}

void
peer_line_end (PeerLine *line)
{
  g_string_append (line->text, "}\n");
  fwrite (line->text->str, 1, line->text->len, stdout);
  fflush (stdout);
  g_string_free (line->text, TRUE);
  line->text = NULL;
}

/* ---- options ---- */

struct _PeerOptions
{
  GHashTable *values;    /* name -> GPtrArray of texts */
};

static const PeerOption common_options[] = {
  { "no-security", PEER_BOOL },
  { "kex", PEER_LIST },
  { "pk", PEER_LIST },
  { "enc", PEER_LIST },
  { "mac", PEER_LIST },
  { "reconnect", PEER_BOOL },
  { "latency", PEER_BOOL },
  { "keepalive", PEER_INT },
  { "max-missed", PEER_INT },
  { "rekey", PEER_INT },
  { "kex-guess", PEER_BOOL },
  { "auth-methods", PEER_LIST },
  { "max-auth-attempts", PEER_INT },
  { "no-open-request-ext", PEER_BOOL },
  { "trace", PEER_BOOL },
  { "host", PEER_STRING },
  { "port", PEER_INT },
  { NULL, PEER_BOOL },
};

static const PeerOption *
peer_options_find (const PeerOption *specs,
                   const char       *name)
{
  for (; specs->name != NULL; specs++)
    {
      if (g_str_equal (specs->name, name))
        return specs;
    }
  return NULL;
}

static void G_GNUC_PRINTF (1, 2) G_GNUC_NORETURN
peer_die (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
  exit (2);
}

static void
peer_options_add (PeerOptions      *self,
                  const PeerOption *spec,
                  const char       *value)
{
  GPtrArray *values = g_hash_table_lookup (self->values, spec->name);

  if (values == NULL)
    {
      values = g_ptr_array_new_with_free_func (g_free);
      g_hash_table_insert (self->values, (gpointer) spec->name, values);
    }
  if (values->len > 0)
    g_ptr_array_set_size (values, (int) values->len - 1);   /* the closing NULL */

  if (spec->kind == PEER_LIST)
    {
      g_auto(GStrv) parts = g_strsplit (value, ",", -1);

      for (char **part = parts; *part != NULL; part++)
        {
          if (**part != '\0')
            g_ptr_array_add (values, g_strdup (*part));
        }
    }
  else
    {
      g_ptr_array_set_size (values, 0);
      g_ptr_array_add (values, g_strdup (value));
    }
  g_ptr_array_add (values, NULL);
}

PeerOptions *
peer_options_parse (int               argc,
                    char             *argv[],
                    const PeerOption *specs,
                    const char       *usage)
{
  PeerOptions *self = g_new0 (PeerOptions, 1);

  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *name = NULL;
      const char *value;
      const PeerOption *spec;

      if (g_str_equal (argv[i], "--help") || g_str_equal (argv[i], "-h"))
        {
          fputs (usage, stdout);
          exit (0);
        }
      if (!g_str_has_prefix (argv[i], "--"))
        peer_die ("unexpected argument %s", argv[i]);
      value = strchr (argv[i], '=');
      name = value != NULL ? g_strndup (argv[i] + 2, (gsize) (value - argv[i] - 2)) : g_strdup (argv[i] + 2);
      if (value != NULL)
        value++;

      spec = peer_options_find (specs, name);
      if (spec == NULL)
        spec = peer_options_find (common_options, name);
      if (spec == NULL)
        peer_die ("unknown option --%s", name);
      if (spec->kind == PEER_BOOL)
        value = "true";
      else if (value == NULL && ++i < argc)
        value = argv[i];
      if (value == NULL)
        peer_die ("--%s needs a value", name);
      if (spec->kind == PEER_INT && !g_ascii_string_to_signed (value, 10, G_MININT64, G_MAXINT64, NULL, NULL))
        peer_die ("--%s needs an integer, got %s", name, value);
      peer_options_add (self, spec, value);
    }
  return self;
}

gboolean
peer_options_has (PeerOptions *self,
                  const char  *name)
{
  return g_hash_table_contains (self->values, name);
}

const char *
peer_options_string (PeerOptions *self,
                     const char  *name)
{
  GPtrArray *values = g_hash_table_lookup (self->values, name);

  return values != NULL ? g_ptr_array_index (values, 0) : NULL;
}

gint64
peer_options_int (PeerOptions *self,
                  const char  *name,
                  gint64       fallback)
{
  const char *text = peer_options_string (self, name);

  return text != NULL ? g_ascii_strtoll (text, NULL, 10) : fallback;
}

char **
peer_options_list (PeerOptions *self,
                   const char  *name)
{
  static char *empty[] = { NULL };
  GPtrArray *values = g_hash_table_lookup (self->values, name);

  return values != NULL ? (char **) values->pdata : empty;
}

void
peer_options_free (PeerOptions *self)
{
  g_hash_table_unref (self->values);
  g_free (self);
}

/* ---- sessions ---- */

static void
peer_set_list (PeerOptions         *options,
               const char          *name,
               DevSshSessionConfig *config,
               const char          *property)
{
  char **list = peer_options_list (options, name);

  if (list[0] != NULL)
    g_object_set (config, property, list, NULL);
}

static void
peer_set_extensions (PeerOptions         *options,
                     DevSshSessionConfig *config)
{
  g_auto(GStrv) extensions = NULL;
  g_autoptr(GPtrArray) wanted = g_ptr_array_new ();

  g_object_get (config, "protocol-extensions", &extensions, NULL);
  for (char **name = extensions; *name != NULL; name++)
    {
      if (!peer_options_has (options, "no-open-request-ext") || !g_str_equal (*name, DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST))
        g_ptr_array_add (wanted, *name);
    }
  if (peer_options_has (options, "reconnect"))
    g_ptr_array_add (wanted, (gpointer) DEVSSH_EXTENSION_SESSION_RECONNECT);
  if (peer_options_has (options, "latency"))
    g_ptr_array_add (wanted, (gpointer) DEVSSH_EXTENSION_SESSION_LATENCY);
  g_ptr_array_add (wanted, NULL);
  g_object_set (config, "protocol-extensions", wanted->pdata, NULL);
}

DevSshSessionConfig *
peer_make_config (PeerOptions *options)
{
  g_autoptr(DevSshSessionConfig) config = NULL;
  g_autoptr(GError) error = NULL;

  config = peer_options_has (options, "no-security") ? devssh_session_config_new_no_security ()
                                                     : devssh_session_config_new ();
  peer_set_list (options, "kex", config, "key-exchange-algorithms");
  peer_set_list (options, "pk", config, "public-key-algorithms");
  peer_set_list (options, "enc", config, "encryption-algorithms");
  peer_set_list (options, "mac", config, "mac-algorithms");
  peer_set_list (options, "auth-methods", config, "authentication-methods");
  peer_set_extensions (options, config);
  if (peer_options_has (options, "rekey"))
    g_object_set (config, "key-rotation-threshold", (guint64) peer_options_int (options, "rekey", 0), NULL);
  if (peer_options_has (options, "keepalive"))
    g_object_set (config, "keepalive-interval", (guint) peer_options_int (options, "keepalive", 0),
                  "max-missed-keepalives", (guint) peer_options_int (options, "max-missed", 0), NULL);
  if (peer_options_has (options, "kex-guess"))
    g_object_set (config, "enable-key-exchange-guess", TRUE, NULL);
  if (peer_options_has (options, "max-auth-attempts"))
    g_object_set (config, "max-client-authentication-attempts",
                  (int) peer_options_int (options, "max-auth-attempts", 5), NULL);
  if (!devssh_session_config_validate (config, &error))
    peer_die ("%s", error->message);
  return g_steal_pointer (&config);
}

DevSshKeyPair *
peer_load_key (const char *path,
               const char *passphrase)
{
  g_autoptr(GFile) file = g_file_new_for_path (path);
  g_autoptr(GError) error = NULL;
  DevSshKeyPair *key = devssh_key_pair_import_file (file, DEVSSH_KEY_FORMAT_DEFAULT, passphrase, NULL, &error);

  if (key == NULL)
    peer_die ("%s: %s", path, error->message);
  return key;
}

static void
peer_trace_cb (DevSshSession    *session,
               DevSshTraceLevel  level,
               DevSshTraceEvent  event,
               const char       *text,
               gpointer          user_data)
{
  fprintf (stderr, "[%s:%d] %s\n", devssh_trace_level_to_string (level), event, text);
}

static void
peer_count_keys_cb (DevSshSession    *session,
                    DevSshTraceLevel  level,
                    DevSshTraceEvent  event,
                    const char       *text,
                    gpointer          user_data)
{
  if (event == DEVSSH_TRACE_EVENT_SESSION_ENCRYPTED)
    g_object_set_data (G_OBJECT (session), "peer-new-keys",
                       GUINT_TO_POINTER (GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (session), "peer-new-keys")) + 1));
}

void
peer_watch_trace (DevSshSession *session,
                  gboolean       print)
{
  g_signal_connect (session, "trace", G_CALLBACK (peer_count_keys_cb), NULL);
  if (print)
    g_signal_connect (session, "trace", G_CALLBACK (peer_trace_cb), NULL);
}

guint
peer_new_keys (DevSshSession *session)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (session), "peer-new-keys"));
}

const char *
peer_reason_name (DevSshDisconnectReason reason)
{
  static const char * const names[] = {
    "none", "hostNotAllowedToConnect", "protocolError", "keyExchangeFailed", "reserved", "macError", "compressionError",
    "serviceNotAvailable", "protocolVersionNotSupported", "hostKeyNotVerifiable", "connectionLost", "byApplication",
    "tooManyConnections", "authCancelledByUser", "noMoreAuthMethodsAvailable", "illegalUserName",
  };

  return (guint) reason < G_N_ELEMENTS (names) ? names[reason] : "unknown";
}

const char *
peer_progress_name (DevSshProgress progress)
{
  static const char * const names[] = {
    "OpeningSshSessionConnection", "OpenedSshSessionConnection", "StartingProtocolVersionExchange",
    "CompletedProtocolVersionExchange", "StartingKeyExchange", "CompletedKeyExchange",
    "StartingSessionAuthentication", "CompletedSessionAuthentication",
  };

  return names[progress];
}

const char *
peer_auth_type_name (DevSshAuthenticationType type)
{
  static const char * const names[] = {
    "clientNone", "clientHostBased", "clientPassword", "clientPublicKeyQuery", "clientPublicKey", "clientInteractive",
  };

  return type == DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY ? "serverPublicKey" : names[type];
}

void
peer_line_session (PeerLine      *line,
                   DevSshSession *session)
{
  static const char * const rows[][2] = {
    { "KeyExchange", "kex" }, { "PublicKey", "host-key" }, { "ClientEncryption", "cipher-c2s" },
    { "ServerEncryption", "cipher-s2c" }, { "ClientHmac", "mac-c2s" }, { "ServerHmac", "mac-s2c" },
    { "ClientCompression", "compression-c2s" }, { "ServerCompression", "compression-s2c" },
  };
  DevSshVersion *version = devssh_session_get_remote_version (session);
  g_autoptr(GHashTable) extensions = devssh_session_get_protocol_extensions (session);

  peer_line_string (line, "remoteVersion", version != NULL ? devssh_version_to_string (version) : NULL);
  peer_line_open (line, "negotiated");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    peer_line_string (line, rows[i][0], devssh_session_get_algorithm (session, rows[i][1]));
  peer_line_close (line);
  if (extensions != NULL)
    {
      GHashTableIter iter;
      gpointer name, value;

      peer_line_open (line, "extensions");
      g_hash_table_iter_init (&iter, extensions);
      while (g_hash_table_iter_next (&iter, &name, &value))
        peer_line_string (line, name, value);
      peer_line_close (line);
    }
}

void
peer_line_metrics (PeerLine      *line,
                   DevSshSession *session)
{
  DevSshSessionMetrics *metrics = devssh_session_get_metrics (session);

  peer_line_open (line, "metrics");
  peer_line_int (line, "messagesSent", (gint64) devssh_session_metrics_get_messages_sent (metrics));
  peer_line_int (line, "messagesReceived", (gint64) devssh_session_metrics_get_messages_received (metrics));
  peer_line_int (line, "bytesSent", (gint64) devssh_session_metrics_get_bytes_sent (metrics));
  peer_line_int (line, "bytesReceived", (gint64) devssh_session_metrics_get_bytes_received (metrics));
  peer_line_int (line, "reconnections", devssh_session_metrics_get_reconnections (metrics));
  peer_line_number (line, "latencyCurrentMs", devssh_session_metrics_get_latency_current (metrics));
  peer_line_number (line, "latencyAverageMs", devssh_session_metrics_get_latency_average (metrics));
  peer_line_number (line, "latencyMinMs", devssh_session_metrics_get_latency_min (metrics));
  peer_line_number (line, "latencyMaxMs", devssh_session_metrics_get_latency_max (metrics));
  peer_line_close (line);
}

/* ---- bytes ---- */

void
peer_source_init (PeerSource *self,
                  guint32     seed,
                  guint64     total)
{
  self->state = seed != 0 ? seed : 1;
  self->left = total;
  self->hash = g_checksum_new (G_CHECKSUM_SHA256);
}

GBytes *
peer_source_next (PeerSource *self,
                  gsize       count)
{
  gsize n = (gsize) MIN (count, self->left);
  guint8 *out = g_malloc ((n + 3) & ~(gsize) 3);
  guint32 x = self->state;

  for (gsize i = 0; i < n; i += 4)
    {
      guint32 word;

      x ^= x << 13;
      x ^= x >> 17;
      x ^= x << 5;
      word = GUINT32_TO_LE (x);
      memcpy (out + i, &word, 4);
    }
  self->state = x;
  self->left -= n;
  g_checksum_update (self->hash, out, (gssize) n);
  return g_bytes_new_take (out, n);
}

void
peer_source_clear (PeerSource *self)
{
  g_clear_pointer (&self->hash, g_checksum_free);
}

/* ---- waiting ---- */

static gint64 deadline;
static guint  deadline_source;

static gboolean
peer_deadline_cb (gpointer data)
{
  deadline_source = 0;
  return G_SOURCE_REMOVE;
}

void
peer_deadline (guint       seconds,
               const char *what)
{
  g_clear_handle_id (&deadline_source, g_source_remove);
  deadline = 0;
  if (seconds == 0)
    return;
  deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  /* Wakes the loop when the time has come. */
  deadline_source = g_timeout_add (seconds * 1000 + 1, peer_deadline_cb, NULL);
}

gboolean
peer_expired (void)
{
  return deadline != 0 && g_get_monotonic_time () > deadline;
}

void
peer_keep_cb (GObject      *source,
              GAsyncResult *result,
              gpointer      user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}
