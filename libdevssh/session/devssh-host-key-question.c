/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is this the right host? What is known of it, and what somebody answers. */
#include <libdevssh/session/devssh-host-key-private.h>

struct _DevSshHostKeyQuestion
{
  DevSshQuestion           parent_instance;
  DevSshHostKeyVerifier   *verifier;
  DevSshAuthentication    *authentication;
  DevSshContext           *context;
  DevSshCancelWatch       *watch;          /* on the end of the session */
  char                    *host;
  guint16                  port;
  DevSshKnownHostsVerdict  verdict;
  DevSshKnownHostsEntry   *entry;
  gboolean                 accepted;
  gboolean                 remember;
};

/**
 * DevSshHostKeyQuestion:
 *
 * What a [class@HostKeyVerifier] found out about a host, and the question what to
 * do: [signal@HostKeyVerifier::ask] carries it.
 *
 * A handler answers with [method@HostKeyQuestion.accept] or
 * [method@HostKeyQuestion.reject] and returns %TRUE; or it keeps a reference,
 * returns %TRUE and answers later. Not answered is refused, see [class@Question].
 *
 * With the other signals of the verifier it only tells: there an answer has no
 * effect.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshHostKeyQuestion, devssh_host_key_question, DEVSSH_TYPE_QUESTION)

static void
devssh_host_key_question_refuse (DevSshQuestion *question)
{
  DevSshHostKeyQuestion *self = DEVSSH_HOST_KEY_QUESTION (question);

  self->accepted = FALSE;
  self->remember = FALSE;
}

static void
devssh_host_key_question_finalize (GObject *object)
{
  DevSshHostKeyQuestion *self = DEVSSH_HOST_KEY_QUESTION (object);

  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  g_clear_object (&self->authentication);
  g_clear_object (&self->verifier);
  g_clear_object (&self->entry);
  g_clear_pointer (&self->context, devssh_context_unref);
  g_free (self->host);

  G_OBJECT_CLASS (devssh_host_key_question_parent_class)->finalize (object);
}

static void
devssh_host_key_question_class_init (DevSshHostKeyQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_host_key_question_finalize;
  DEVSSH_QUESTION_CLASS (klass)->refuse = devssh_host_key_question_refuse;
}

static void
devssh_host_key_question_init (DevSshHostKeyQuestion *self)
{
}

/* ---- for the verifier ---- */

DevSshHostKeyQuestion *
devssh_host_key_question_new (DevSshHostKeyVerifier *verifier,
                              DevSshAuthentication  *authentication,
                              const char            *host,
                              guint16                port)
{
  DevSshHostKeyQuestion *self = g_object_new (DEVSSH_TYPE_HOST_KEY_QUESTION, NULL);

  self->verifier = g_object_ref (verifier);
  self->authentication = g_object_ref (authentication);
  self->context = devssh_context_ref_thread_default ();
  self->host = g_strdup (host);
  self->port = port;
  return self;
}

void
devssh_host_key_question_set_verdict (DevSshHostKeyQuestion   *self,
                                      DevSshKnownHostsVerdict  verdict,
                                      DevSshKnownHostsEntry   *entry)
{
  self->verdict = verdict;
  g_set_object (&self->entry, entry);
}

DevSshHostKeyVerifier *
devssh_host_key_question_get_verifier (DevSshHostKeyQuestion *self)
{
  return self->verifier;
}

DevSshAuthentication *
devssh_host_key_question_get_authentication (DevSshHostKeyQuestion *self)
{
  return self->authentication;
}

void
devssh_host_key_question_close (DevSshHostKeyQuestion *self)
{
  g_clear_pointer (&self->watch, devssh_cancel_watch_free);
  devssh_question_kill (DEVSSH_QUESTION (self));
}

/* From the loop, with the question alive: its finalize frees the watch. */
static void
devssh_host_key_question_over_cb (gpointer data)
{
  g_autoptr(DevSshHostKeyQuestion) self = g_object_ref (data);

  devssh_host_key_question_close (self);
}

void
devssh_host_key_question_watch (DevSshHostKeyQuestion *self)
{
  self->watch = devssh_context_watch_cancellable (self->context,
                                                  devssh_question_get_cancellable (DEVSSH_QUESTION (self->authentication)),
                                                  devssh_host_key_question_over_cb, self);
}

gboolean
devssh_host_key_question_get_accepted (DevSshHostKeyQuestion *self,
                                       gboolean              *remember)
{
  *remember = self->remember;
  return self->accepted;
}

/* ---- for the application ---- */

/**
 * devssh_host_key_question_get_host:
 * @self: a question
 *
 * Gets which host was wanted.
 *
 * Returns: (transfer none): the name or address
 *
 * Since: 1.0
 */
const char *
devssh_host_key_question_get_host (DevSshHostKeyQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), NULL);

  return self->host;
}

/**
 * devssh_host_key_question_get_port:
 * @self: a question
 *
 * Gets which port of the host was wanted.
 *
 * Returns: the TCP port
 *
 * Since: 1.0
 */
guint16
devssh_host_key_question_get_port (DevSshHostKeyQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), 0);

  return self->port;
}

/**
 * devssh_host_key_question_get_public_key:
 * @self: a question
 *
 * Gets the key that the host has shown. It has proved that it has the private half.
 *
 * Returns: (transfer none): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_host_key_question_get_public_key (DevSshHostKeyQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), NULL);

  return devssh_authentication_get_public_key (self->authentication);
}

/**
 * devssh_host_key_question_get_verdict:
 * @self: a question
 *
 * Gets what is known of the host and its key.
 *
 * Returns: the verdict
 *
 * Since: 1.0
 */
DevSshKnownHostsVerdict
devssh_host_key_question_get_verdict (DevSshHostKeyQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);

  return self->verdict;
}

/**
 * devssh_host_key_question_get_entry:
 * @self: a question
 *
 * Gets the line that decided, as [method@KnownHosts.check] found it: with the key that the host had before, if it
 * has another one now.
 *
 * Returns: (transfer none) (nullable): the line
 *
 * Since: 1.0
 */
DevSshKnownHostsEntry *
devssh_host_key_question_get_entry (DevSshHostKeyQuestion *self)
{
  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), NULL);

  return self->entry;
}

static const char *
devssh_host_key_question_get_sentence (DevSshHostKeyQuestion *self)
{
  switch (self->verdict)
    {
    case DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED:
      return "is known";

    case DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED:
      return "has another key than before: somebody may be in between";

    case DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED:
      return "shows a key that was revoked";

    case DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN:
    default:
      return self->entry == NULL ? "is not known"
             : "is not known but by the certificates of an authority, and certificates of hosts are not supported yet";
    }
}

/**
 * devssh_host_key_question_dup_text:
 * @self: a question
 *
 * Says in English what is known, in some lines: the host, the fingerprint of its key, and, where a line decided, the
 * fingerprint that stands there, and where that is.
 *
 * Returns: (transfer full): the text; no line break at its end
 *
 * Since: 1.0
 */
char *
devssh_host_key_question_dup_text (DevSshHostKeyQuestion *self)
{
  g_autofree char *fingerprint = NULL;
  DevSshKeyPair *key = NULL;
  GString *text = NULL;

  g_return_val_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self), NULL);

  key = devssh_host_key_question_get_public_key (self);
  fingerprint = devssh_key_pair_dup_fingerprint (key);
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s port %u %s\n  its key: %s %s", self->host, self->port,
                          devssh_host_key_question_get_sentence (self), devssh_key_pair_get_algorithm (key), fingerprint);
  if (self->entry != NULL)
    {
      g_autofree char *known = devssh_known_hosts_entry_dup_fingerprint (self->entry);
      g_autofree char *place = devssh_known_hosts_entry_dup_place (self->entry);

      if (!g_str_equal (known, fingerprint))
        g_string_append_printf (text, "\n  known is: %s %s", devssh_known_hosts_entry_get_algorithm (self->entry), known);
      g_string_append_printf (text, "\n  the line: %s", place);
    }
  return g_string_free (text, FALSE);
}

/**
 * devssh_host_key_question_accept:
 * @self: a question
 * @remember: whether the verifier is to add the key to its [property@HostKeyVerifier:file], so that nobody has to
 *   be asked next time; if the key has changed, it replaces the old one there
 *
 * Answers that this is the right host.
 *
 * Since: 1.0
 */
void
devssh_host_key_question_accept (DevSshHostKeyQuestion *self,
                                 gboolean               remember)
{
  g_return_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->accepted = TRUE;
  self->remember = remember;
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_host_key_question_reject:
 * @self: a question
 *
 * Answers that this is not the right host, or that nobody knows. The session ends, and nothing of the user has left.
 *
 * Since: 1.0
 */
void
devssh_host_key_question_reject (DevSshHostKeyQuestion *self)
{
  g_return_if_fail (DEVSSH_IS_HOST_KEY_QUESTION (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  devssh_question_answered (DEVSSH_QUESTION (self));
}
