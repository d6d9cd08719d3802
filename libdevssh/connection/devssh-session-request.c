/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question what becomes of a session request. */
#include <libdevssh/connection/devssh-session-request.h>

#include <libdevssh/connection/devssh-connection-internal-private.h>

/**
 * DevSshSessionRequest:
 *
 * The peer asks something of the session as a whole: a global request (RFC 4254, section 4).
 *
 * It comes with `Session::request`, and to the services of a session. Answer it with
 * [method@SessionRequest.complete] or [method@SessionRequest.complete_with_payload], now or later:
 * to answer later, keep a reference and return %TRUE from the handler. A request that nobody takes
 * is refused.
 *
 * Replies leave in the order in which the requests came, whenever they are given.
 * [method@Question.get_cancellable] is cancelled when the session ends.
 *
 * Since: 1.0
 */
struct _DevSshSessionRequest
{
  DevSshQuestion  parent_instance;

  char           *request_type;
  GBytes         *payload;
  GBytes         *response;
  GObject        *principal;
  guint           want_reply : 1;
  guint           success : 1;
};

G_DEFINE_FINAL_TYPE (DevSshSessionRequest, devssh_session_request, DEVSSH_TYPE_QUESTION)

enum
{
  PROP_0,
  PROP_REQUEST_TYPE,
  PROP_WANT_REPLY,
  PROP_PAYLOAD,
  PROP_PRINCIPAL,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

static void
devssh_session_request_refuse (DevSshQuestion *question)
{
  DevSshSessionRequest *self = DEVSSH_SESSION_REQUEST (question);

  self->success = FALSE;
  g_clear_pointer (&self->response, g_bytes_unref);
}

static void
devssh_session_request_get_property (GObject    *object,
                                     guint       prop_id,
                                     GValue     *value,
                                     GParamSpec *pspec)
{
  DevSshSessionRequest *self = DEVSSH_SESSION_REQUEST (object);

  switch (prop_id)
    {
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
devssh_session_request_finalize (GObject *object)
{
  DevSshSessionRequest *self = DEVSSH_SESSION_REQUEST (object);

  g_clear_object (&self->principal);
  g_clear_pointer (&self->request_type, g_free);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_pointer (&self->response, g_bytes_unref);

  G_OBJECT_CLASS (devssh_session_request_parent_class)->finalize (object);
}

static void
devssh_session_request_class_init (DevSshSessionRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshQuestionClass *question_class = DEVSSH_QUESTION_CLASS (klass);

  object_class->get_property = devssh_session_request_get_property;
  object_class->finalize = devssh_session_request_finalize;
  question_class->refuse = devssh_session_request_refuse;

  /**
   * DevSshSessionRequest:request-type: (getter get_request_type)
   *
   * What is asked for, such as `tcpip-forward`.
   *
   * Since: 1.0
   */
  properties[PROP_REQUEST_TYPE] =
    g_param_spec_string ("request-type", NULL, NULL,
                         NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshSessionRequest:want-reply: (getter get_want_reply)
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
   * DevSshSessionRequest:payload: (getter get_payload)
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
   * DevSshSessionRequest:principal: (getter get_principal)
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
devssh_session_request_init (DevSshSessionRequest *self)
{
}

DevSshSessionRequest *
devssh_session_request_new (const char *request_type,
                            gboolean    want_reply,
                            GBytes     *payload,
                            GObject    *principal)
{
  DevSshSessionRequest *self = g_object_new (DEVSSH_TYPE_SESSION_REQUEST, NULL);

  self->request_type = g_strdup (request_type);
  self->want_reply = want_reply;
  self->payload = payload != NULL ? g_bytes_ref (payload) : g_bytes_new_static ("", 0);
  g_set_object (&self->principal, principal);
  return self;
}

gboolean
devssh_session_request_get_success (DevSshSessionRequest *self)
{
  return self->success;
}

GBytes *
devssh_session_request_get_response (DevSshSessionRequest *self)
{
  return self->response;
}

/**
 * devssh_session_request_get_request_type:
 * @self: a request
 *
 * What is asked for (RFC 4250, section 4.9.2): `tcpip-forward`, or a name of somebody's own.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
const char *
devssh_session_request_get_request_type (DevSshSessionRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_REQUEST (self), NULL);

  return self->request_type;
}

/**
 * devssh_session_request_get_want_reply:
 * @self: a request
 *
 * Whether the peer will be told the answer.
 *
 * Returns: %TRUE if it waits for one
 *
 * Since: 1.0
 */
gboolean
devssh_session_request_get_want_reply (DevSshSessionRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_REQUEST (self), FALSE);

  return self->want_reply;
}

/**
 * devssh_session_request_get_payload:
 * @self: a request
 *
 * What follows the generic fields of message 80 (RFC 4254, section 4), raw. Read it with a
 * [struct@Reader].
 *
 * Returns: (transfer none): the bytes; empty if there are none
 *
 * Since: 1.0
 */
GBytes *
devssh_session_request_get_payload (DevSshSessionRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_REQUEST (self), NULL);

  return self->payload;
}

/**
 * devssh_session_request_get_principal:
 * @self: a request
 *
 * Who the peer is, as the session was told when it was authenticated.
 *
 * Returns: (transfer none) (nullable): the principal of the session
 *
 * Since: 1.0
 */
GObject *
devssh_session_request_get_principal (DevSshSessionRequest *self)
{
  g_return_val_if_fail (DEVSSH_IS_SESSION_REQUEST (self), NULL);

  return self->principal;
}

/**
 * devssh_session_request_complete:
 * @self: a request
 * @success: whether it is granted
 *
 * Answers the request with SSH_MSG_REQUEST_SUCCESS or SSH_MSG_REQUEST_FAILURE (RFC 4254, section 4),
 * or with nothing if the peer wants no reply. Inside a handler it counts only if the handler also
 * returns %TRUE.
 *
 * Since: 1.0
 */
void
devssh_session_request_complete (DevSshSessionRequest *self,
                                 gboolean              success)
{
  devssh_session_request_complete_with_payload (self, success, NULL);
}

/**
 * devssh_session_request_complete_with_payload:
 * @self: a request
 * @success: whether it is granted
 * @payload: (nullable): what to put behind the number of the reply; at most 255 KiB
 *
 * Answers as [method@SessionRequest.complete] does, with data of the reply's own, such as the port
 * that was chosen for a `tcpip-forward`.
 *
 * Since: 1.0
 */
void
devssh_session_request_complete_with_payload (DevSshSessionRequest *self,
                                              gboolean              success,
                                              GBytes               *payload)
{
  g_return_if_fail (DEVSSH_IS_SESSION_REQUEST (self));
  g_return_if_fail (payload == NULL || devssh_connection_check_payload (g_bytes_get_size (payload), NULL));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->success = success != FALSE;
  g_clear_pointer (&self->response, g_bytes_unref);
  if (payload != NULL)
    self->response = g_bytes_ref (payload);
  devssh_question_answered (DEVSSH_QUESTION (self));
}
