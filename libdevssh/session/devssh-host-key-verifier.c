/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers a client's question about the host from what is known of it: at once, or when files were read, somebody was
 * asked, and a new host was written down. */
#include <libdevssh/session/devssh-host-key-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/keys/devssh-known-hosts-private.h>

#define SSH_PORT 22

struct _DevSshHostKeyVerifier
{
  GObject               parent_instance;
  DevSshKnownHosts     *known_hosts;
  DevSshHostKeyPolicy   policy;
  GFile                *file;
  gboolean              hash_names;
  char                **fingerprints;
};

/**
 * DevSshHostKeyVerifier:
 *
 * Answers [signal@Session::authenticating] of a client for the host's key, from
 * [class@KnownHosts]:
 *
 * ```python
 * hosts = DevSsh.KnownHosts.new()
 * await hosts.load_default_async()
 * verifier = DevSsh.HostKeyVerifier.new(hosts, DevSsh.HostKeyPolicy.ASK)
 * verifier.set_file(DevSsh.KnownHosts.dup_default_file())
 * verifier.connect('ask', show_a_dialog)
 * verifier.connect('refused', lambda verifier, question, error: print(error.message))
 * verifier.attach(session, 'example.org', 22)
 * ```
 *
 * A host whose key is known is accepted, a key that was revoked is refused, and
 * between them [property@HostKeyVerifier:policy] decides. Each time the files of the
 * known hosts are read again before, in a thread, so what `ssh` has learned
 * meanwhile counts; if they cannot be read, the host is refused.
 *
 * One verifier may serve many sessions of its thread.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshHostKeyVerifier, devssh_host_key_verifier, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (DevSshHostKeyPolicy, devssh_host_key_policy,
                    G_DEFINE_ENUM_VALUE (DEVSSH_HOST_KEY_POLICY_STRICT, "strict"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_HOST_KEY_POLICY_ASK, "ask"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW, "accept-new"))

enum { PROP_0, PROP_KNOWN_HOSTS, PROP_POLICY, PROP_FILE, PROP_HASH_NAMES, PROP_FINGERPRINTS, N_PROPS };
enum { SIGNAL_ASK, SIGNAL_REFUSED, SIGNAL_ADDED, SIGNAL_ADD_FAILED, N_SIGNALS };

static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
devssh_host_key_verifier_finalize (GObject *object)
{
  DevSshHostKeyVerifier *self = DEVSSH_HOST_KEY_VERIFIER (object);

  g_clear_object (&self->known_hosts);
  g_clear_object (&self->file);
  g_clear_pointer (&self->fingerprints, g_strfreev);

  G_OBJECT_CLASS (devssh_host_key_verifier_parent_class)->finalize (object);
}

static void
devssh_host_key_verifier_constructed (GObject *object)
{
  DevSshHostKeyVerifier *self = DEVSSH_HOST_KEY_VERIFIER (object);

  G_OBJECT_CLASS (devssh_host_key_verifier_parent_class)->constructed (object);

  if (self->known_hosts == NULL)
    self->known_hosts = devssh_known_hosts_new ();
}

static void
devssh_host_key_verifier_get_property (GObject    *object,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  DevSshHostKeyVerifier *self = DEVSSH_HOST_KEY_VERIFIER (object);

  switch (property_id)
    {
    case PROP_KNOWN_HOSTS:
      g_value_set_object (value, self->known_hosts);
      break;

    case PROP_POLICY:
      g_value_set_enum (value, (int) self->policy);
      break;

    case PROP_FILE:
      g_value_set_object (value, self->file);
      break;

    case PROP_HASH_NAMES:
      g_value_set_boolean (value, self->hash_names);
      break;

    case PROP_FINGERPRINTS:
      g_value_set_boxed (value, self->fingerprints);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_host_key_verifier_set_property (GObject      *object,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  DevSshHostKeyVerifier *self = DEVSSH_HOST_KEY_VERIFIER (object);

  switch (property_id)
    {
    case PROP_KNOWN_HOSTS:
      self->known_hosts = g_value_dup_object (value);
      break;

    case PROP_POLICY:
      devssh_host_key_verifier_set_policy (self, (DevSshHostKeyPolicy) g_value_get_enum (value));
      break;

    case PROP_FILE:
      devssh_host_key_verifier_set_file (self, g_value_get_object (value));
      break;

    case PROP_HASH_NAMES:
      devssh_host_key_verifier_set_hash_names (self, g_value_get_boolean (value));
      break;

    case PROP_FINGERPRINTS:
      devssh_host_key_verifier_set_fingerprints (self, g_value_get_boxed (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_host_key_verifier_class_init (DevSshHostKeyVerifierClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = devssh_host_key_verifier_constructed;
  object_class->finalize = devssh_host_key_verifier_finalize;
  object_class->get_property = devssh_host_key_verifier_get_property;
  object_class->set_property = devssh_host_key_verifier_set_property;

  /**
   * DevSshHostKeyVerifier:known-hosts: (getter get_known_hosts)
   *
   * Who is known.
   *
   * Since: 1.0
   */
  properties[PROP_KNOWN_HOSTS] =
    g_param_spec_object ("known-hosts", NULL, NULL, DEVSSH_TYPE_KNOWN_HOSTS,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshHostKeyVerifier:policy: (getter get_policy) (setter set_policy)
   *
   * What becomes of hosts that are not known.
   *
   * Since: 1.0
   */
  properties[PROP_POLICY] =
    g_param_spec_enum ("policy", NULL, NULL, DEVSSH_TYPE_HOST_KEY_POLICY, DEVSSH_HOST_KEY_POLICY_STRICT,
                       G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshHostKeyVerifier:file: (getter get_file) (setter set_file)
   *
   * Where new hosts are remembered, for instance [func@KnownHosts.dup_default_file]; %NULL to remember them as long
   * as [property@HostKeyVerifier:known-hosts] lives.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] =
    g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshHostKeyVerifier:hash-names: (getter get_hash_names) (setter set_hash_names)
   *
   * Whether the names of new hosts are hidden in hashes.
   *
   * Since: 1.0
   */
  properties[PROP_HASH_NAMES] =
    g_param_spec_boolean ("hash-names", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshHostKeyVerifier:fingerprints: (getter get_fingerprints) (setter set_fingerprints)
   *
   * If it is set, a host is accepted if and only if its key has one of these fingerprints
   * ([method@KeyPair.dup_fingerprint]) and was not revoked; nobody is asked, and nothing is remembered.
   *
   * Since: 1.0
   */
  properties[PROP_FINGERPRINTS] =
    g_param_spec_boxed ("fingerprints", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshHostKeyVerifier::ask:
   * @self: the verifier
   * @question: what is known of the host: its verdict is %DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN or
   *   %DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED
   *
   * Is this the right host? With %DEVSSH_HOST_KEY_POLICY_ASK.
   *
   * To answer later, keep a reference to @question and return %TRUE.
   *
   * Returns: %TRUE if the question is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_ASK] =
    g_signal_new ("ask", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_HOST_KEY_QUESTION);

  /**
   * DevSshHostKeyVerifier::refused:
   * @self: the verifier
   * @question: what is known of the host
   * @error: why, for people: %DEVSSH_ERROR_HOST_KEY with the text of [method@HostKeyQuestion.dup_text], or what went
   *   wrong with a file
   *
   * The verifier refuses a host, by itself: who rejected a question is not told.
   *
   * Since: 1.0
   */
  signals[SIGNAL_REFUSED] =
    g_signal_new ("refused", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, DEVSSH_TYPE_HOST_KEY_QUESTION, G_TYPE_ERROR);

  /**
   * DevSshHostKeyVerifier::added:
   * @self: the verifier
   * @question: what was known of the host
   *
   * A host was not known, or was another one, and is remembered from now on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ADDED] =
    g_signal_new ("added", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, DEVSSH_TYPE_HOST_KEY_QUESTION);

  /**
   * DevSshHostKeyVerifier::add-failed:
   * @self: the verifier
   * @question: what is known of the host
   * @error: why
   *
   * Somebody accepted a host that was to be remembered, and that did not work. The session goes on all the same.
   * With %DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW the host is refused instead: nobody would notice if it were another one
   * the next time.
   *
   * Since: 1.0
   */
  signals[SIGNAL_ADD_FAILED] =
    g_signal_new ("add-failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 2, DEVSSH_TYPE_HOST_KEY_QUESTION, G_TYPE_ERROR);
}

static void
devssh_host_key_verifier_init (DevSshHostKeyVerifier *self)
{
}

/* ---- the end of a verification ---- */

static gboolean
is_over (DevSshHostKeyQuestion *question)
{
  DevSshQuestion *authentication = DEVSSH_QUESTION (devssh_host_key_question_get_authentication (question));

  return g_cancellable_is_cancelled (devssh_question_get_cancellable (authentication));
}

static void
accept (DevSshHostKeyQuestion *question)
{
  devssh_authentication_accept (devssh_host_key_question_get_authentication (question), NULL);
}

static void
reject (DevSshHostKeyQuestion *question)
{
  devssh_authentication_reject (devssh_host_key_question_get_authentication (question));
}

static void
refuse (DevSshHostKeyQuestion *question,
        const GError          *error)
{
  devssh_host_key_question_close (question);
  g_signal_emit (devssh_host_key_question_get_verifier (question), signals[SIGNAL_REFUSED], 0, question, error);
  reject (question);
}

static void
refuse_with_text (DevSshHostKeyQuestion *question,
                  const char            *more)
{
  g_autofree char *text = devssh_host_key_question_dup_text (question);
  g_autoptr(GError) error = g_error_new (DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY, "%s%s%s", text, more != NULL ? "\n  " : "",
                                         more != NULL ? more : "");

  refuse (question, error);
}

/* ---- remembering ---- */

/* Somebody said yes, whatever becomes of the file; or nobody did, and a host that cannot be remembered would be a new
 * one every time. */
static void
add_ended (DevSshHostKeyQuestion *question,
           gboolean               was_asked,
           const GError          *error)
{
  DevSshHostKeyVerifier *self = devssh_host_key_question_get_verifier (question);

  devssh_host_key_question_close (question);
  if (error != NULL && !was_asked)
    {
      refuse (question, error);
      return;
    }
  if (error != NULL)
    g_signal_emit (self, signals[SIGNAL_ADD_FAILED], 0, question, error);
  else
    g_signal_emit (self, signals[SIGNAL_ADDED], 0, question);
  accept (question);
}

static void
added_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(DevSshHostKeyQuestion) question = user_data;
  g_autoptr(GError) error = NULL;
  gboolean remember = FALSE;
  gboolean was_asked = devssh_host_key_question_get_accepted (question, &remember);

  devssh_known_hosts_add_finish (DEVSSH_KNOWN_HOSTS (object), result, &error);
  if (!is_over (question))
    add_ended (question, was_asked, error);
}

static void
add (DevSshHostKeyQuestion *question)
{
  DevSshHostKeyVerifier *self = devssh_host_key_question_get_verifier (question);
  DevSshKnownHostsAddFlags flags = DEVSSH_KNOWN_HOSTS_ADD_NONE;

  if (self->hash_names)
    flags |= DEVSSH_KNOWN_HOSTS_ADD_HASHED;
  if (devssh_host_key_question_get_verdict (question) == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED)
    flags |= DEVSSH_KNOWN_HOSTS_ADD_REPLACE;
  devssh_known_hosts_add_async (self->known_hosts, self->file, devssh_host_key_question_get_host (question),
                                devssh_host_key_question_get_port (question), devssh_host_key_question_get_public_key (question),
                                flags, devssh_question_get_cancellable (
                                  DEVSSH_QUESTION (devssh_host_key_question_get_authentication (question))),
                                added_cb, g_object_ref (question));
}

/* ---- asking ---- */

/* A refusal may come out of the question's own dispose; whoever accepts holds it. */
static void
answered_cb (DevSshQuestion *object,
             gpointer        sink_data)
{
  DevSshHostKeyQuestion *question = DEVSSH_HOST_KEY_QUESTION (object);
  gboolean remember = FALSE;

  if (!devssh_host_key_question_get_accepted (question, &remember))
    reject (question);
  else if (remember)
    add (question);
  else
    accept (question);
}

static void
ask (DevSshHostKeyQuestion *question)
{
  DevSshHostKeyVerifier *self = devssh_host_key_question_get_verifier (question);
  gboolean handled = FALSE;

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_ASK], 0, FALSE))
    {
      refuse_with_text (question, "nobody is there to be asked");
      return;
    }
  devssh_question_set_sink (DEVSSH_QUESTION (question), answered_cb, NULL);
  devssh_host_key_question_watch (question);
  devssh_question_begin (DEVSSH_QUESTION (question));
  g_signal_emit (self, signals[SIGNAL_ASK], 0, question, &handled);
  devssh_question_end (DEVSSH_QUESTION (question), handled);
}

/* ---- deciding ---- */

static gboolean
has_fingerprint (DevSshHostKeyVerifier *self,
                 DevSshHostKeyQuestion *question)
{
  g_autofree char *fingerprint = devssh_key_pair_dup_fingerprint (devssh_host_key_question_get_public_key (question));

  return g_strv_contains ((const char * const *) self->fingerprints, fingerprint);
}

static void
decide (DevSshHostKeyQuestion *question)
{
  DevSshHostKeyVerifier *self = devssh_host_key_question_get_verifier (question);
  g_autoptr(DevSshKnownHostsEntry) entry = NULL;
  DevSshKnownHostsVerdict verdict = devssh_known_hosts_check (self->known_hosts, devssh_host_key_question_get_host (question),
                                                              devssh_host_key_question_get_port (question),
                                                              devssh_host_key_question_get_public_key (question), &entry);

  devssh_host_key_question_set_verdict (question, verdict, entry);
  if (verdict == DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED)
    refuse_with_text (question, NULL);
  else if (self->fingerprints != NULL && !has_fingerprint (self, question))
    refuse_with_text (question, "it does not have the key with the given fingerprint");
  else if (self->fingerprints != NULL || verdict == DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED)
    accept (question);
  else if (self->policy == DEVSSH_HOST_KEY_POLICY_ASK)
    ask (question);
  else if (self->policy == DEVSSH_HOST_KEY_POLICY_ACCEPT_NEW && verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN)
    add (question);
  else
    refuse_with_text (question, NULL);
}

static void
refreshed_cb (GObject      *object,
              GAsyncResult *result,
              gpointer      user_data)
{
  g_autoptr(DevSshHostKeyQuestion) question = user_data;
  g_autoptr(GError) error = NULL;
  gboolean read = devssh_known_hosts_refresh_finish (DEVSSH_KNOWN_HOSTS (object), result, &error);

  if (is_over (question))
    return;
  if (read)
    decide (question);
  else
    refuse (question, error);
}

/**
 * devssh_host_key_verifier_verify:
 * @self: the verifier
 * @question: what [signal@Session::authenticating] carries
 * @host: the name or address that was wanted
 * @port: the TCP port that was wanted; 0: 22
 *
 * Answers @question, if it is about the key of a host, now or later. For a handler of that signal that has more to
 * do; [method@HostKeyVerifier.attach] is the short way.
 *
 * Returns: %TRUE if it answers, %FALSE if @question is about something else: what the handler returns
 *
 * Since: 1.0
 */
gboolean
devssh_host_key_verifier_verify (DevSshHostKeyVerifier *self,
                                 DevSshAuthentication  *question,
                                 const char            *host,
                                 guint16                port)
{
  g_autoptr(DevSshHostKeyQuestion) record = NULL;

  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), FALSE);
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (question), FALSE);
  g_return_val_if_fail (host != NULL, FALSE);

  if (devssh_authentication_get_authentication_type (question) != DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY)
    return FALSE;

  record = devssh_host_key_question_new (self, question, host, port != 0 ? port : SSH_PORT);
  if (devssh_known_hosts_has_files (self->known_hosts))
    devssh_known_hosts_refresh_async (self->known_hosts, devssh_question_get_cancellable (DEVSSH_QUESTION (question)),
                                      refreshed_cb, g_object_ref (record));
  else
    decide (record);
  return TRUE;
}

/* ---- a session ---- */

typedef struct
{
  DevSshHostKeyVerifier *verifier;
  char                  *host;
  guint16                port;
} Attachment;

static void
attachment_free (gpointer  data,
                 GClosure *closure)
{
  Attachment *self = data;

  g_object_unref (self->verifier);
  g_free (self->host);
  g_free (self);
}

static gboolean
authenticating_cb (DevSshSession        *session,
                   DevSshAuthentication *question,
                   gpointer              user_data)
{
  Attachment *self = user_data;

  return devssh_host_key_verifier_verify (self->verifier, question, self->host, self->port);
}

/**
 * devssh_host_key_verifier_attach:
 * @self: the verifier
 * @session: a session of a client
 * @host: the name or address that was wanted
 * @port: the TCP port that was wanted; 0: 22
 *
 * Answers [signal@Session::authenticating] of @session for the key of its host, from now on. Questions to the user,
 * which the same signal carries, are left to other handlers. The session keeps the verifier.
 *
 * Since: 1.0
 */
void
devssh_host_key_verifier_attach (DevSshHostKeyVerifier *self,
                                 DevSshClientSession   *session,
                                 const char            *host,
                                 guint16                port)
{
  Attachment *attachment = NULL;

  g_return_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self));
  g_return_if_fail (DEVSSH_IS_CLIENT_SESSION (session));
  g_return_if_fail (host != NULL);

  attachment = g_new0 (Attachment, 1);
  attachment->verifier = g_object_ref (self);
  attachment->host = g_strdup (host);
  attachment->port = port;
  g_signal_connect_data (session, "authenticating", G_CALLBACK (authenticating_cb), attachment, attachment_free, 0);
}

/* ---- properties ---- */

/**
 * devssh_host_key_verifier_new:
 * @known_hosts: (nullable): who is known; %NULL for nobody
 * @policy: what becomes of others
 *
 * Makes a verifier.
 *
 * Returns: (transfer full): a verifier
 *
 * Since: 1.0
 */
DevSshHostKeyVerifier *
devssh_host_key_verifier_new (DevSshKnownHosts    *known_hosts,
                              DevSshHostKeyPolicy  policy)
{
  g_return_val_if_fail (known_hosts == NULL || DEVSSH_IS_KNOWN_HOSTS (known_hosts), NULL);

  return g_object_new (DEVSSH_TYPE_HOST_KEY_VERIFIER, "known-hosts", known_hosts, "policy", policy, NULL);
}

/**
 * devssh_host_key_verifier_get_known_hosts: (get-property known-hosts)
 * @self: the verifier
 *
 * Gets who is known.
 *
 * Returns: (transfer none): the known hosts
 *
 * Since: 1.0
 */
DevSshKnownHosts *
devssh_host_key_verifier_get_known_hosts (DevSshHostKeyVerifier *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), NULL);

  return self->known_hosts;
}

/**
 * devssh_host_key_verifier_get_policy: (get-property policy)
 * @self: the verifier
 *
 * Gets what becomes of hosts that are not known.
 *
 * Returns: the policy
 *
 * Since: 1.0
 */
DevSshHostKeyPolicy
devssh_host_key_verifier_get_policy (DevSshHostKeyVerifier *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), DEVSSH_HOST_KEY_POLICY_STRICT);

  return self->policy;
}

/**
 * devssh_host_key_verifier_set_policy: (set-property policy)
 * @self: the verifier
 * @policy: the policy
 *
 * Sets what becomes of hosts that are not known.
 *
 * Since: 1.0
 */
void
devssh_host_key_verifier_set_policy (DevSshHostKeyVerifier *self,
                                     DevSshHostKeyPolicy    policy)
{
  g_return_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self));

  if (self->policy == policy)
    return;
  self->policy = policy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_POLICY]);
}

/**
 * devssh_host_key_verifier_get_file: (get-property file)
 * @self: the verifier
 *
 * Gets where new hosts are remembered.
 *
 * Returns: (transfer none) (nullable): the file
 *
 * Since: 1.0
 */
GFile *
devssh_host_key_verifier_get_file (DevSshHostKeyVerifier *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), NULL);

  return self->file;
}

/**
 * devssh_host_key_verifier_set_file: (set-property file)
 * @self: the verifier
 * @file: (nullable): a file, which need not exist
 *
 * Sets where new hosts are remembered.
 *
 * Since: 1.0
 */
void
devssh_host_key_verifier_set_file (DevSshHostKeyVerifier *self,
                                   GFile                 *file)
{
  g_return_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self));
  g_return_if_fail (file == NULL || G_IS_FILE (file));

  if (g_set_object (&self->file, file))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FILE]);
}

/**
 * devssh_host_key_verifier_get_hash_names: (get-property hash-names)
 * @self: the verifier
 *
 * Gets whether the names of new hosts are hidden.
 *
 * Returns: %TRUE if they are hashed
 *
 * Since: 1.0
 */
gboolean
devssh_host_key_verifier_get_hash_names (DevSshHostKeyVerifier *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), FALSE);

  return self->hash_names;
}

/**
 * devssh_host_key_verifier_set_hash_names: (set-property hash-names)
 * @self: the verifier
 * @hash_names: whether to hash them
 *
 * Sets whether the names of new hosts are hidden.
 *
 * Since: 1.0
 */
void
devssh_host_key_verifier_set_hash_names (DevSshHostKeyVerifier *self,
                                         gboolean               hash_names)
{
  g_return_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self));

  hash_names = hash_names != FALSE;
  if (self->hash_names == hash_names)
    return;
  self->hash_names = hash_names;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HASH_NAMES]);
}

/**
 * devssh_host_key_verifier_get_fingerprints: (get-property fingerprints)
 * @self: the verifier
 *
 * Gets the keys to which it is limited.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the fingerprints; %NULL if there is no limit
 *
 * Since: 1.0
 */
const char * const *
devssh_host_key_verifier_get_fingerprints (DevSshHostKeyVerifier *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self), NULL);

  return (const char * const *) self->fingerprints;
}

/**
 * devssh_host_key_verifier_set_fingerprints: (set-property fingerprints)
 * @self: the verifier
 * @fingerprints: (nullable) (array zero-terminated=1): fingerprints, `SHA256:...`; %NULL for no limit
 *
 * Limits the verifier to some keys.
 *
 * Since: 1.0
 */
void
devssh_host_key_verifier_set_fingerprints (DevSshHostKeyVerifier *self,
                                           const char * const    *fingerprints)
{
  char **copy = NULL;

  g_return_if_fail (DEVSSH_IS_HOST_KEY_VERIFIER (self));

  copy = g_strdupv ((char **) fingerprints);
  g_strfreev (self->fingerprints);
  self->fingerprints = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FINGERPRINTS]);
}
