/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question whether a channel may be opened. */
#include <libdevssh/connection/devssh-channel-opening.h>

#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/wire/devssh-names-private.h>

/**
 * DevSshChannelOpening:
 *
 * Somebody wants to open a channel: may it be?
 *
 * It comes with `Session::channel-opening`, and to the services of a session. Answer it with
 * [method@ChannelOpening.accept] or [method@ChannelOpening.reject], now or later: to answer later,
 * keep a reference and return %TRUE from the handler. The channel exists already; handlers may be
 * connected to it, and what is sent on it leaves once the channel is open.
 *
 * An opening of the peer that nobody answers is refused, unless somebody waits for a channel of its
 * type or the session keeps channels to be accepted later. One of our own, which the peer has
 * confirmed already, goes on unless somebody rejects it.
 *
 * Since: 1.0
 */
struct _DevSshChannelOpening
{
  DevSshQuestion            parent_instance;

  DevSshChannel            *channel;
  GBytes                   *type_data;
  GObject                  *principal;
  char                     *description;
  DevSshChannelOpenFailure  reason;          /* 0: accepted, once answered */
  DevSshChannelOpenFailure  default_reason;
  guint                     is_remote : 1;
  guint                     default_accept : 1;
  guint                     accepted : 1;    /* by somebody who said so */
  guint                     rejected : 1;
};

G_DEFINE_FINAL_TYPE (DevSshChannelOpening, devssh_channel_opening, DEVSSH_TYPE_QUESTION)

enum
{
  PROP_0,
  PROP_CHANNEL,
  PROP_CHANNEL_TYPE,
  PROP_IS_REMOTE,
  PROP_TYPE_DATA,
  PROP_PRINCIPAL,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

/* No handler took it: the default, but never against a word that was said. Who said yes and then did not return TRUE has
 * failed on the way, and that is a no (design D6). */
static void
devssh_channel_opening_refuse (DevSshQuestion *question)
{
  DevSshChannelOpening *self = DEVSSH_CHANNEL_OPENING (question);

  if (self->rejected)
    return;

  if (self->accepted && self->is_remote)
    self->reason = DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED;
  else
    self->reason = self->default_accept ? DEVSSH_CHANNEL_OPEN_FAILURE_NONE : self->default_reason;
}

static void
devssh_channel_opening_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshChannelOpening *self = DEVSSH_CHANNEL_OPENING (object);

  switch (prop_id)
    {
    case PROP_CHANNEL:
      g_value_set_object (value, self->channel);
      break;

    case PROP_CHANNEL_TYPE:
      g_value_set_string (value, devssh_channel_opening_get_channel_type (self));
      break;

    case PROP_IS_REMOTE:
      g_value_set_boolean (value, self->is_remote);
      break;

    case PROP_TYPE_DATA:
      g_value_set_boxed (value, self->type_data);
      break;

    case PROP_PRINCIPAL:
      g_value_set_object (value, self->principal);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_channel_opening_finalize (GObject *object)
{
  DevSshChannelOpening *self = DEVSSH_CHANNEL_OPENING (object);

  g_clear_object (&self->channel);
  g_clear_object (&self->principal);
  g_clear_pointer (&self->type_data, g_bytes_unref);
  g_clear_pointer (&self->description, g_free);

  G_OBJECT_CLASS (devssh_channel_opening_parent_class)->finalize (object);
}

static void
devssh_channel_opening_class_init (DevSshChannelOpeningClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshQuestionClass *question_class = DEVSSH_QUESTION_CLASS (klass);

  object_class->get_property = devssh_channel_opening_get_property;
  object_class->finalize = devssh_channel_opening_finalize;
  question_class->refuse = devssh_channel_opening_refuse;

  /**
   * DevSshChannelOpening:channel: (getter get_channel)
   *
   * The channel in question.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL] =
    g_param_spec_object ("channel", NULL, NULL,
                         DEVSSH_TYPE_CHANNEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelOpening:channel-type: (getter get_channel_type)
   *
   * The type of the channel, such as `session`.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL_TYPE] =
    g_param_spec_string ("channel-type", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelOpening:is-remote: (getter get_is_remote)
   *
   * Whether the peer opens the channel.
   *
   * Since: 1.0
   */
  properties[PROP_IS_REMOTE] =
    g_param_spec_boolean ("is-remote", NULL, NULL,
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelOpening:type-data: (getter get_type_data)
   *
   * What the opener added to its message, for this type of channel.
   *
   * Since: 1.0
   */
  properties[PROP_TYPE_DATA] =
    g_param_spec_boxed ("type-data", NULL, NULL,
                        G_TYPE_BYTES,
                        G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannelOpening:principal: (getter get_principal)
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
devssh_channel_opening_init (DevSshChannelOpening *self)
{
  /* RFC 4254, 5.1: SSH_OPEN_ADMINISTRATIVELY_PROHIBITED says no without saying why. */
  self->default_reason = DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED;
}

DevSshChannelOpening *
devssh_channel_opening_new (DevSshChannel *channel,
                            GBytes        *type_data,
                            gboolean       is_remote,
                            GObject       *principal)
{
  DevSshChannelOpening *self = g_object_new (DEVSSH_TYPE_CHANNEL_OPENING, NULL);

  self->channel = g_object_ref (channel);
  self->type_data = type_data != NULL ? g_bytes_ref (type_data) : g_bytes_new_static ("", 0);
  self->is_remote = is_remote;
  self->default_accept = !is_remote;
  g_set_object (&self->principal, principal);
  return self;
}

void
devssh_channel_opening_set_default (DevSshChannelOpening     *self,
                                    gboolean                  accept,
                                    DevSshChannelOpenFailure  reason)
{
  self->default_accept = accept;
  self->default_reason = reason;
}

gboolean
devssh_channel_opening_get_accepted (DevSshChannelOpening *self)
{
  return self->reason == DEVSSH_CHANNEL_OPEN_FAILURE_NONE;
}

DevSshChannelOpenFailure
devssh_channel_opening_get_reason (DevSshChannelOpening *self)
{
  return self->reason;
}

const char *
devssh_channel_opening_get_description (DevSshChannelOpening *self)
{
  return self->description != NULL ? self->description : "";
}

/**
 * devssh_channel_opening_get_channel:
 * @self: an opening
 *
 * The channel in question. It is in state %DEVSSH_CHANNEL_STATE_OPENING until the answer is given.
 *
 * Returns: (transfer none): the channel
 *
 * Since: 1.0
 */
DevSshChannel *
devssh_channel_opening_get_channel (DevSshChannelOpening *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_OPENING (self), NULL);

  return self->channel;
}

/**
 * devssh_channel_opening_get_channel_type:
 * @self: an opening
 *
 * The type of the channel (RFC 4250, section 4.9.1): `session`, `direct-tcpip`, or a name of
 * somebody's own.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
const char *
devssh_channel_opening_get_channel_type (DevSshChannelOpening *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_OPENING (self), NULL);

  return devssh_channel_get_channel_type (self->channel);
}

/**
 * devssh_channel_opening_get_is_remote:
 * @self: an opening
 *
 * Whether the peer opens the channel. If not, it is one that we opened and the peer has confirmed,
 * and a rejection closes it again.
 *
 * Returns: %TRUE if the peer asks
 *
 * Since: 1.0
 */
gboolean
devssh_channel_opening_get_is_remote (DevSshChannelOpening *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_OPENING (self), FALSE);

  return self->is_remote;
}

/**
 * devssh_channel_opening_get_type_data:
 * @self: an opening
 *
 * What follows the generic fields of message 90 (RFC 4254, section 5.1), raw: the addresses and
 * ports of a `direct-tcpip` channel, for example. Empty for most types.
 *
 * Returns: (transfer none): the bytes
 *
 * Since: 1.0
 */
GBytes *
devssh_channel_opening_get_type_data (DevSshChannelOpening *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_OPENING (self), NULL);

  return self->type_data;
}

/**
 * devssh_channel_opening_get_principal:
 * @self: an opening
 *
 * Who the peer is, as the session was told when it was authenticated.
 *
 * Returns: (transfer none) (nullable): the principal of the session
 *
 * Since: 1.0
 */
GObject *
devssh_channel_opening_get_principal (DevSshChannelOpening *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL_OPENING (self), NULL);

  return self->principal;
}

/**
 * devssh_channel_opening_accept:
 * @self: an opening
 *
 * Lets the channel be opened: the answer is SSH_MSG_CHANNEL_OPEN_CONFIRMATION. Inside a handler it
 * counts only if the handler also returns %TRUE.
 *
 * Since: 1.0
 */
void
devssh_channel_opening_accept (DevSshChannelOpening *self)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL_OPENING (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->accepted = TRUE;
  self->reason = DEVSSH_CHANNEL_OPEN_FAILURE_NONE;
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_channel_opening_reject:
 * @self: an opening
 * @reason: why; %DEVSSH_CHANNEL_OPEN_FAILURE_NONE is taken for
 *   %DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED
 * @description: (nullable): a text for people
 *
 * Refuses the channel: the answer is SSH_MSG_CHANNEL_OPEN_FAILURE with @reason and @description,
 * and the opener gets both as an error of the domain `DEVSSH_CHANNEL_ERROR`.
 *
 * Since: 1.0
 */
void
devssh_channel_opening_reject (DevSshChannelOpening     *self,
                               DevSshChannelOpenFailure  reason,
                               const char               *description)
{
  g_return_if_fail (DEVSSH_IS_CHANNEL_OPENING (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->rejected = TRUE;
  self->reason = reason != DEVSSH_CHANNEL_OPEN_FAILURE_NONE
    ? reason : DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED;
  g_free (self->description);
  self->description = g_strdup (description);
  devssh_question_answered (DEVSSH_QUESTION (self));
}
