/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question what becomes of a channel request. */
#include <libdevssh/connection/devssh-channel-request.h>

#include <libdevssh/connection/devssh-connection-internal-private.h>
#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

/**
 * DevSshChannelRequest:
 *
 * The peer asks something of a channel: to run a command, for a terminal, or something of its own.
 *
 * It comes with [signal@Channel::request], and to the services of a session. Answer it with
 * [method@ChannelRequest.complete], now or later: to answer later, keep a reference and return
 * %TRUE from the handler. A request that nobody takes is refused.
 *
 * Replies leave in the order in which the requests came (RFC 4254, section 5.4), whenever they are
 * given. [method@Question.get_cancellable] is cancelled when the channel closes.
 *
 * Since: 1.0
 */
struct _DevSshChannelRequest
{
  DevSshQuestion  parent_instance;

  DevSshChannel  *channel;
  char           *request_type;
  GBytes         *payload;
  GObject        *principal;
  guint           want_reply : 1;
  guint           success : 1;
};

G_DEFINE_FINAL_TYPE (DevSshChannelRequest, devssh_channel_request, DEVSSH_TYPE_QUESTION)

enum
{
  PROP_0,
  PROP_CHANNEL,
  PROP_REQUEST_TYPE,
  PROP_WANT_REPLY,
  PROP_PAYLOAD,
  PROP_PRINCIPAL,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static void
devssh_channel_request_refuse (DevSshQuestion *question)
{
  DEVSSH_CHANNEL_REQUEST (question)->success = FALSE;
}

static void
devssh_channel_request_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshChannelRequest *self = DEVSSH_CHANNEL_REQUEST (object);

  switch (prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, self->channel);
      break;

    case PROP_REQUEST_TYPE:
      g_value_set_string (value, self->request_type);
      break;

    case PROP_WANT_REPLY:
      g_value_set_boolean (value, self->want_reply);
      break;

    case PROP_PAYLOAD:
      g_value_set_boxed (value, self->payload);
      break;

    case PROP_PRINCIPAL:
      g_value_set_object (value, self->principal);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_channel_request_finalize (GObject *object)
{
  DevSshChannelRequest *self = DEVSSH_CHANNEL_REQUEST (object);

  g_clear_object (&self->channel);
  g_clear_object (&self->principal);
  g_clear_pointer (&self->request_type, g_free);
  g_clear_pointer (&self->payload, g_bytes_unref);

  G_OBJECT_CLASS (devssh_channel_request_parent_class)->finalize (object);
}

static void
devssh_channel_request_class_init (DevSshChannelRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshQuestionClass *question_class = DEVSSH_QUESTION_CLASS (klass);

  object_class->get_property = devssh_channel_request_get_property;
  object_class->finalize = devssh_channel_request_finalize;
  question_class->refuse = devssh_channel_request_refuse;

  /**
   * DevSshChannelRequest:channel: (getter get_channel)
   *
   * The channel that is meant.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, NULL,
                         DEVSSH_TYPE_CHANNEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelRequest:request-type: (getter get_request_type)
   *
   * What is asked for, such as `exec`.
   *
   * Since: 1.0
   */
  properties[PROP_REQUEST_TYPE] =
    g_param_spec_string ("request-type", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelRequest:want-reply: (getter get_want_reply)
   *
   * Whether the peer will be told the answer.
   *
   * Since: 1.0
   */
  properties[PROP_WANT_REPLY] =
    g_param_spec_boolean ("want-reply", NULL, NULL,
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelRequest:payload: (getter get_payload)
   *
   * What the request says beyond its type.
   *
   * Since: 1.0
   */
  properties[PROP_PAYLOAD] =
    g_param_spec_boxed ("payload", NULL, NULL,
                        G_TYPE_BYTES,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelRequest:principal: (getter get_principal)
   *
   * Who the peer is, as the session was told when it was authenticated.
   *
   * Since: 1.0
   */
  properties[PROP_PRINCIPAL] =
    g_param_spec_object ("principal", NULL, NULL,
                         G_TYPE_OBJECT,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_channel_request_init (DevSshChannelRequest *self)
{
}

DevSshChannelRequest *
devssh_channel_request_new (DevSshChannel *channel,
                            const char    *request_type,
                            gboolean       want_reply,
                            GBytes        *payload,
                            GObject       *principal)
{
  DevSshChannelRequest *self = g_object_new (DEVSSH_TYPE_CHANNEL_REQUEST, NULL);

  self->channel = g_object_ref (channel);
  self->request_type = g_strdup (request_type);
  self->want_reply = want_reply;
  self->payload = payload != NULL ? g_bytes_ref (payload) : g_bytes_new_static ("", 0);
  g_set_object (&self->principal, principal);
  return self;
}

gboolean
devssh_channel_request_get_success (DevSshChannelRequest *self)
{
  return self->success;
}

/**
 * devssh_channel_request_get_channel:
 * @self: a request
 *
 * The channel that is meant.
 *
 * Returns: (transfer none): the channel
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_channel_request_get_channel (DevSshChannelRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), NULL);

  return self->channel;
}

/**
 * devssh_channel_request_get_request_type:
 * @self: a request
 *
 * What is asked for (RFC 4250, section 4.9.3): `exec`, `shell`, `pty-req`, `signal`, or a name of
 * somebody's own. `exit-status` and `exit-signal` never come as requests: see
 * [method@Channel.get_exit_status].
 *
 * Returns: the type; never empty
 *
 * Since: 1.0
 */
const char *
devssh_channel_request_get_request_type (DevSshChannelRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), NULL);

  return self->request_type;
}

/**
 * devssh_channel_request_get_want_reply:
 * @self: a request
 *
 * Whether the peer will be told the answer.
 *
 * Returns: %TRUE if it waits for one
 *
 * Since: 1.0
 */
gboolean
devssh_channel_request_get_want_reply (DevSshChannelRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), FALSE);

  return self->want_reply;
}

/**
 * devssh_channel_request_get_payload:
 * @self: a request
 *
 * What follows the generic fields of message 98 (RFC 4254, section 5.4), raw. Read it with a
 * [struct@Reader].
 *
 * Returns: (transfer none): the bytes; empty if there are none
 *
 * Since: 1.0
 */
GBytes *
devssh_channel_request_get_payload (DevSshChannelRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), NULL);

  return self->payload;
}

/**
 * devssh_channel_request_dup_command:
 * @self: a request
 *
 * The command of an `exec` request or the name in a `subsystem` request (RFC 4254, section 6.5).
 * The text comes from the peer: nothing but the handler stands between it and a shell.
 *
 * Returns: (transfer full) (nullable): the text, or %NULL if this is another request, or the text is
 *   cut off, not UTF-8, or has a zero byte in it
 *
 * Since: 1.0
 */
char *
devssh_channel_request_dup_command (DevSshChannelRequest *self)
{
  g_auto (DevSshExec) exec = { 0 };
  const guint8 *data;
  gsize length;

  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), NULL);

  if (strcmp (self->request_type, "exec") != 0 && strcmp (self->request_type, "subsystem") != 0)
    return NULL;

  data = g_bytes_get_data (self->payload, &length);
  if (!devssh_exec_decode (&exec, data, length, NULL) ||
      !g_utf8_validate ((const char *) exec.command.data, (gssize) exec.command.length, NULL))
    return NULL;

  return g_strndup ((const char *) exec.command.data, exec.command.length);
}

/**
 * devssh_channel_request_get_principal:
 * @self: a request
 *
 * Who the peer is, as the session was told when it was authenticated.
 *
 * Returns: (transfer none) (nullable): the principal of the session
 *
 * Since: 1.0
 */
GObject *
devssh_channel_request_get_principal (DevSshChannelRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self), NULL);

  return self->principal;
}

/**
 * devssh_channel_request_complete:
 * @self: a request
 * @success: whether it is granted
 *
 * Answers the request with SSH_MSG_CHANNEL_SUCCESS or SSH_MSG_CHANNEL_FAILURE (RFC 4254, section
 * 5.4), or with nothing if the peer wants no reply. Inside a handler it counts only if the handler
 * also returns %TRUE. The reply keeps the place of this call: what is sent on the channel before it
 * arrives before it, and what is sent after it, a close included, after it.
 *
 * Since: 1.0
 */
void
devssh_channel_request_complete (DevSshChannelRequest *self,
                                 gboolean              success)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL_REQUEST (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  devssh_channel_reserve_reply (self->channel, DEVSSH_QUESTION (self));
  self->success = success != FALSE;
  devssh_question_answered (DEVSSH_QUESTION (self));
}
