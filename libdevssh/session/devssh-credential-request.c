/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question for a secret, and how it is asked: emitted once, answered now or later, told once. */
#include <libdevssh/session/devssh-credentials-private.h>

#include <libdevssh/crypto/devssh-secret-private.h>

typedef struct
{
  DevSshContext        *context;
  DevSshCredentialDone  done;
  gpointer              user_data;
  GDestroyNotify        destroy;
  GCancellable         *cancellable;   /* the asker's: after it nobody wants the answer */
  DevSshCancelWatch    *watch;
  gboolean              asking;        /* the asker is on the stack, so it may be told at once */
} DevSshCredentialAsk;

struct _DevSshCredentialRequest
{
  DevSshQuestion       parent_instance;
  char                *user_name;
  DevSshKeyPair       *public_key;        /* NULL: a password is wanted */
  char                *answer_user;
  char                *answer_password;   /* a secret */
  DevSshKeyPair       *answer_key;
  DevSshCredentialAsk  ask;
};

/**
 * DevSshCredentialRequest:
 *
 * What the signals of [class@ClientCredentials] and [class@ServerCredentials]
 * carry when a secret is needed: a password, or the private half of a key.
 *
 * Answer it in the handler, or keep a reference, return %TRUE from the
 * handler, and answer later - after a dialog, say. A request that nobody
 * answers counts as declined.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshCredentialRequest, devssh_credential_request, DEVSSH_TYPE_QUESTION)

enum { PROP_0, PROP_PUBLIC_KEY, PROP_USER_NAME, N_PROPS };
static GParamSpec *properties[N_PROPS];

static void
devssh_credential_request_forget (DevSshCredentialRequest *self)
{
  g_clear_pointer (&self->answer_user, g_free);
  g_clear_pointer (&self->answer_password, devssh_secret_strfree);
  g_clear_object (&self->answer_key);
}

/* To decline is to answer with nothing. */
static void
devssh_credential_request_refuse (DevSshQuestion *question)
{
  devssh_credential_request_forget (DEVSSH_CREDENTIAL_REQUEST (question));
}

static void
devssh_credential_request_get_property (GObject    *object,
                                        guint       property_id,
                                        GValue     *value,
                                        GParamSpec *pspec)
{
  DevSshCredentialRequest *self = DEVSSH_CREDENTIAL_REQUEST (object);

  switch (property_id)
    {
    case PROP_PUBLIC_KEY:
      g_value_set_object (value, self->public_key);
      break;

    case PROP_USER_NAME:
      g_value_set_string (value, self->user_name);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
devssh_credential_request_finalize (GObject *object)
{
  DevSshCredentialRequest *self = DEVSSH_CREDENTIAL_REQUEST (object);

  devssh_cancel_watch_free (self->ask.watch);
  if (self->ask.destroy != NULL)
    self->ask.destroy (self->ask.user_data);
  g_clear_object (&self->ask.cancellable);
  g_clear_pointer (&self->ask.context, devssh_context_unref);
  devssh_credential_request_forget (self);
  g_clear_object (&self->public_key);
  g_free (self->user_name);

  G_OBJECT_CLASS (devssh_credential_request_parent_class)->finalize (object);
}

static void
devssh_credential_request_class_init (DevSshCredentialRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_credential_request_get_property;
  object_class->finalize = devssh_credential_request_finalize;
  DEVSSH_QUESTION_CLASS (klass)->refuse = devssh_credential_request_refuse;

  /**
   * DevSshCredentialRequest:public-key: (getter get_public_key)
   *
   * The key whose private half is wanted; %NULL if a password is wanted.
   *
   * Since: 1.0
   */
  properties[PROP_PUBLIC_KEY] =
    g_param_spec_object ("public-key", NULL, NULL,
                         DEVSSH_TYPE_KEY_PAIR,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshCredentialRequest:user-name: (getter get_user_name)
   *
   * The user that wants to log in; %NULL where a server's host key is asked for.
   *
   * Since: 1.0
   */
  properties[PROP_USER_NAME] =
    g_param_spec_string ("user-name", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_credential_request_init (DevSshCredentialRequest *self)
{
}

/* ---- asking ---- */

/* At most once, and never after the asker has lost interest. */
static void
devssh_credential_request_tell (DevSshCredentialRequest *self)
{
  DevSshCredentialDone done = g_steal_pointer (&self->ask.done);

  g_clear_pointer (&self->ask.watch, devssh_cancel_watch_free);
  if (done != NULL && !g_cancellable_is_cancelled (self->ask.cancellable))
    done (self, self->ask.user_data);
}

static void
devssh_credential_request_tell_later (gpointer data)
{
  devssh_credential_request_tell (data);
}

/* A late answer comes out of the application's own call, from where nothing may be emitted. */
static void
devssh_credential_request_answered_cb (DevSshQuestion *question,
                                       gpointer        sink_data)
{
  DevSshCredentialRequest *self = DEVSSH_CREDENTIAL_REQUEST (question);

  if (self->ask.asking)
    devssh_credential_request_tell (self);
  else
    devssh_context_defer (self->ask.context, devssh_credential_request_tell_later,
                          g_object_ref (self), g_object_unref);
}

/* Called from the loop, with the request alive: its finalize frees the watch. */
static void
devssh_credential_request_cancelled_cb (gpointer data)
{
  DevSshCredentialRequest *self = data;

  g_object_ref (self);
  self->ask.done = NULL;
  g_clear_pointer (&self->ask.watch, devssh_cancel_watch_free);
  devssh_question_kill (DEVSSH_QUESTION (self));
  g_object_unref (self);
}

void
devssh_credential_request_ask (GObject              *credentials,
                               guint                 signal_id,
                               const char           *user_name,
                               DevSshKeyPair        *public_key,
                               GCancellable         *cancellable,
                               DevSshCredentialDone  done,
                               gpointer              user_data,
                               GDestroyNotify        destroy)
{
  g_autoptr(DevSshCredentialRequest) self = g_object_new (DEVSSH_TYPE_CREDENTIAL_REQUEST, NULL);
  DevSshQuestion *question = DEVSSH_QUESTION (self);
  gboolean handled = FALSE;

  self->user_name = g_strdup (user_name);
  g_set_object (&self->public_key, public_key);
  self->ask.context = devssh_context_ref_thread_default ();
  self->ask.done = done;
  self->ask.user_data = user_data;
  self->ask.destroy = destroy;
  g_set_object (&self->ask.cancellable, cancellable);
  self->ask.asking = TRUE;

  devssh_question_set_sink (question, devssh_credential_request_answered_cb, NULL);
  devssh_question_begin (question);
  g_signal_emit (credentials, signal_id, 0, self, &handled);
  devssh_question_end (question, handled);
  self->ask.asking = FALSE;

  if (self->ask.done != NULL && cancellable != NULL)
    self->ask.watch = devssh_context_watch_cancellable (self->ask.context, cancellable,
                                                        devssh_credential_request_cancelled_cb, self);
}

/* ---- what was answered ---- */

const char *
devssh_credential_request_get_answer_user (DevSshCredentialRequest *self)
{
  return self->answer_user;
}

const char *
devssh_credential_request_get_answer_password (DevSshCredentialRequest *self)
{
  return self->answer_password;
}

DevSshKeyPair *
devssh_credential_request_get_answer_key (DevSshCredentialRequest *self)
{
  return self->answer_key;
}

/* ---- for the application ---- */

/**
 * devssh_credential_request_get_public_key: (get-property public-key)
 * @self: a request
 *
 * The key whose private half is wanted.
 *
 * Returns: (transfer none) (nullable): the key, or %NULL if a password is wanted
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_credential_request_get_public_key (DevSshCredentialRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CREDENTIAL_REQUEST (self), NULL);

  return self->public_key;
}

/**
 * devssh_credential_request_get_user_name: (get-property user-name)
 * @self: a request
 *
 * The user that wants to log in.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL where a server's
 *   host key is asked for
 *
 * Since: 1.0
 */
const char *
devssh_credential_request_get_user_name (DevSshCredentialRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CREDENTIAL_REQUEST (self), NULL);

  return self->user_name;
}

/**
 * devssh_credential_request_provide_password:
 * @self: a request for a password
 * @user_name: (nullable): who logs in; %NULL: the user it was asked for
 * @password: the password, of any length
 *
 * Answers with a password. The library's copy is wiped after use.
 *
 * Since: 1.0
 */
void
devssh_credential_request_provide_password (DevSshCredentialRequest *self,
                                            const char              *user_name,
                                            const char              *password)
{
  g_return_if_fail (DEVSSH_IS_CREDENTIAL_REQUEST (self));
  g_return_if_fail (password != NULL);
  g_return_if_fail (self->public_key == NULL);

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->answer_user = g_strdup (user_name);
  self->answer_password = devssh_secret_strdup (password);
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_credential_request_provide_key:
 * @self: a request for a key
 * @key_pair: the key of [property@CredentialRequest:public-key], with its
 *   private half
 *
 * Answers with a private key. Any other key, or one without its private half,
 * is as good as none.
 *
 * Since: 1.0
 */
void
devssh_credential_request_provide_key (DevSshCredentialRequest *self,
                                       DevSshKeyPair           *key_pair)
{
  g_return_if_fail (DEVSSH_IS_CREDENTIAL_REQUEST (self));
  g_return_if_fail (DEVSSH_IS_KEY_PAIR (key_pair));
  g_return_if_fail (self->public_key != NULL);

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  /* The peer was promised this very key: another one could only fail, or prove what was not meant. */
  if (!devssh_key_pair_get_has_private (key_pair) ||
      !devssh_key_pair_equal (key_pair, self->public_key))
    g_warning ("The key that was provided is not the private key that was asked for");
  else
    self->answer_key = g_object_ref (key_pair);
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_credential_request_decline:
 * @self: a request
 *
 * Answers that there is no such secret, or that the user does not want to
 * tell it. A client then ends the session with
 * %DEVSSH_DISCONNECT_REASON_AUTH_CANCELLED_BY_USER.
 *
 * Since: 1.0
 */
void
devssh_credential_request_decline (DevSshCredentialRequest *self)
{
  g_return_if_fail (DEVSSH_IS_CREDENTIAL_REQUEST (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  devssh_question_answered (DEVSSH_QUESTION (self));
}
