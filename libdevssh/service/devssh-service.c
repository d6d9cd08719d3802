/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The class that add-ons derive, and its way to put a question to the application. */
#include <libdevssh/service/devssh-service-private.h>

#include <string.h>
#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/connection/devssh-answers-private.h>
#include <libdevssh/wire/devssh-names-private.h>

typedef struct
{
  const DevSshServiceHost *host;
  GObject                 *session;    /* weak: the session keeps us (design D18) */
  DevSshContext           *context;
  char                    *name;
  GObject                 *config;
  GQueue                   asks;       /* (element-type Ask): the application thinks */
  gboolean                 detached;
  guint                    holds;
} DevSshServicePrivate;

/**
 * DevSshService:
 *
 * What an add-on derives to serve a session: one instance a session, made when one
 * of its rules first matches ([struct@Activation]) or when the application asks for it
 * by name ([method@Session.activate_service]), and closed with the session.
 *
 * A service is registered in code with [method@SessionConfig.add_service], or found in
 * an installed plugin that the configuration allows.
 *
 * Until the user is authenticated no service is made. A class that implements [iface@Gio.Initable]
 * may fail to start; what woke the service is then refused, and the next time it is tried again.
 *
 * When the session ends its channels are told first, then its services, the last one activated
 * first.
 *
 * Since: 1.0
 */

/**
 * DevSshServiceClass:
 * @activated: called once, when the service has its session
 * @session_request: called for a global request that a rule of the service names
 * @channel_opening: called when the peer opens a channel of a type that a rule names
 * @channel_request: called for a request on a channel that a rule names
 * @closed: called once, when the session ends
 *
 * What a service does. Each question is answered as in a handler of a signal: return %TRUE
 * with the question answered, or kept for an answer later; %FALSE refuses.
 *
 * Since: 1.0
 */
G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (DevSshService, devssh_service, G_TYPE_OBJECT)

enum { PROP_0, PROP_NAME, PROP_CONFIG, N_PROPS };
static GParamSpec *properties[N_PROPS];

/* One question that is with the application. */
typedef struct
{
  DevSshService     *service;          /* a running operation holds its object */
  GTask             *task;             /* owned; NULL: the answer goes to original */
  DevSshQuestion    *original;         /* owned */
  DevSshQuestion    *proxy;            /* weak: who drops it has refused */
  DevSshCancelWatch *task_watch;
  DevSshCancelWatch *question_watch;
  gboolean           emitting;
  gboolean           answered;         /* while emitting */
} Ask;

static void
ask_free (gpointer data)
{
  Ask *ask = data;

  devssh_cancel_watch_free (g_steal_pointer (&ask->task_watch));
  devssh_cancel_watch_free (g_steal_pointer (&ask->question_watch));
  g_clear_weak_pointer (&ask->proxy);
  g_clear_object (&ask->task);
  g_clear_object (&ask->original);
  g_clear_object (&ask->service);
}

/* FALSE: it has an end already. The caller of this gives it one now. */
static gboolean
ask_leave (Ask *ask)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (ask->service);

  return g_queue_remove (&priv->asks, ask);
}

static GError *
refusal (DevSshQuestion *proxy,
         gboolean        handled)
{
  /* An answer that does not count is no answer, but not the same as none, either. */
  handled = handled || devssh_question_is_spoilt (proxy);

  if (handled && DEVSSH_IS_CHANNEL_OPENING (proxy))
    {
      DevSshChannelOpening *opening = DEVSSH_CHANNEL_OPENING (proxy);

      return g_error_new_literal (DEVSSH_CHANNEL_ERROR,
                                  devssh_channel_opening_get_reason (opening),
                                  devssh_channel_opening_get_description (opening));
    }

  return g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_REFUSED,
                              handled ? "The application refused" : "The application did not take the question");
}

static gboolean
is_accepted (DevSshQuestion *proxy)
{
  if (DEVSSH_IS_CHANNEL_OPENING (proxy))
    return devssh_channel_opening_get_accepted (DEVSSH_CHANNEL_OPENING (proxy));
  else if (DEVSSH_IS_CHANNEL_REQUEST (proxy))
    return devssh_channel_request_get_success (DEVSSH_CHANNEL_REQUEST (proxy));
  else
    return devssh_session_request_get_success (DEVSSH_SESSION_REQUEST (proxy));
}

/* The application's answer becomes the answer to what the peer asked. */
static void
copy_answer (DevSshQuestion *proxy,
             DevSshQuestion *original)
{
  gboolean accepted = is_accepted (proxy);

  if (DEVSSH_IS_CHANNEL_OPENING (proxy) && accepted)
    devssh_channel_opening_accept (DEVSSH_CHANNEL_OPENING (original));
  else if (DEVSSH_IS_CHANNEL_OPENING (proxy))
    devssh_channel_opening_reject (DEVSSH_CHANNEL_OPENING (original),
                                   devssh_channel_opening_get_reason (DEVSSH_CHANNEL_OPENING (proxy)),
                                   devssh_channel_opening_get_description (DEVSSH_CHANNEL_OPENING (proxy)));
  else if (DEVSSH_IS_CHANNEL_REQUEST (proxy))
    devssh_channel_request_complete (DEVSSH_CHANNEL_REQUEST (original), accepted);
  else
    devssh_session_request_complete_with_payload (DEVSSH_SESSION_REQUEST (original), accepted,
                                                  devssh_session_request_get_response (DEVSSH_SESSION_REQUEST (proxy)));
}

static void
ask_answered (Ask            *ask,
              DevSshQuestion *proxy,
              gboolean        handled)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (ask->service);

  if (!ask_leave (ask))
    return;

  if (ask->task == NULL)
    copy_answer (proxy, ask->original);
  else if (is_accepted (proxy))
    devssh_context_return_boolean (priv->context, g_steal_pointer (&ask->task), TRUE);
  else
    devssh_context_return_error (priv->context, g_steal_pointer (&ask->task), refusal (proxy, handled));

  g_rc_box_release_full (ask, ask_free);
}

/* No answer is wanted any more: takes error. */
static void
ask_end (Ask    *ask,
         GError *error)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (ask->service);

  if (!ask_leave (ask))
    {
      g_error_free (error);
      return;
    }

  if (ask->proxy != NULL)
    devssh_question_kill (ask->proxy);

  if (ask->task != NULL)
    devssh_context_return_error (priv->context, g_steal_pointer (&ask->task), error);
  else
    g_error_free (error);

  g_rc_box_release_full (ask, ask_free);
}

/* May run inside a call of the application (a late answer): nothing is emitted from here. */
static void
proxy_answered_cb (DevSshQuestion *proxy,
                   gpointer        user_data)
{
  Ask *ask = user_data;

  if (ask->emitting)
    ask->answered = TRUE;
  else
    ask_answered (ask, proxy, TRUE);
}

static void
task_cancelled_cb (gpointer user_data)
{
  ask_end (user_data, devssh_error_new_cancelled ());
}

static void
question_cancelled_cb (gpointer user_data)
{
  ask_end (user_data, g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED,
                                           "Nobody waits for the answer any more"));
}

/* A question with the same words, whose answer comes to us. */
static DevSshQuestion *
new_proxy (DevSshQuestion *original)
{
  if (DEVSSH_IS_CHANNEL_OPENING (original))
    {
      DevSshChannelOpening *opening = DEVSSH_CHANNEL_OPENING (original);

      return DEVSSH_QUESTION (devssh_channel_opening_new (devssh_channel_opening_get_channel (opening),
                                                          devssh_channel_opening_get_type_data (opening),
                                                          devssh_channel_opening_get_is_remote (opening),
                                                          devssh_channel_opening_get_principal (opening)));
    }
  else if (DEVSSH_IS_CHANNEL_REQUEST (original))
    {
      DevSshChannelRequest *request = DEVSSH_CHANNEL_REQUEST (original);

      return DEVSSH_QUESTION (devssh_channel_request_new (devssh_channel_request_get_channel (request),
                                                          devssh_channel_request_get_request_type (request),
                                                          devssh_channel_request_get_want_reply (request),
                                                          devssh_channel_request_get_payload (request),
                                                          devssh_channel_request_get_principal (request)));
    }
  else
    {
      DevSshSessionRequest *request = DEVSSH_SESSION_REQUEST (original);

      return DEVSSH_QUESTION (devssh_session_request_new (devssh_session_request_get_request_type (request),
                                                          devssh_session_request_get_want_reply (request),
                                                          devssh_session_request_get_payload (request),
                                                          devssh_session_request_get_principal (request)));
    }
}

/* Emits the session's signal. FALSE: no handler took the question. */
static gboolean
ask (DevSshService  *self,
     DevSshQuestion *original,
     GTask          *task)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);
  g_autoptr(DevSshQuestion) proxy = new_proxy (original);
  Ask *item = g_rc_box_new0 (Ask);
  gboolean handled;

  item->service = g_object_ref (self);
  item->task = task;
  item->original = g_object_ref (original);
  g_set_weak_pointer (&item->proxy, proxy);
  g_queue_push_tail (&priv->asks, item);

  item->emitting = TRUE;
  g_rc_box_acquire (item);
  devssh_question_set_sink (proxy, proxy_answered_cb, item);

  handled = priv->host->emit (priv->session, proxy);

  /* The handlers may have ended the session, and the question with it. */
  item->emitting = FALSE;
  if (item->answered)
    {
      if (handled || item->task != NULL)
        ask_answered (item, proxy, handled);
      else if (ask_leave (item))
        g_rc_box_release_full (item, ask_free);
    }
  else if (g_queue_find (&priv->asks, item) != NULL)
    {
      if (item->task != NULL)
        item->task_watch = devssh_context_watch_cancellable (priv->context, g_task_get_cancellable (item->task),
                                                             task_cancelled_cb, item);
      item->question_watch = devssh_context_watch_cancellable (priv->context,
                                                               devssh_question_get_cancellable (original),
                                                               question_cancelled_cb, item);
    }

  g_rc_box_release_full (item, ask_free);

  return handled;
}

static gboolean
show_to_application (DevSshService  *self,
                     DevSshQuestion *question)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  return priv->session != NULL && ask (self, question, NULL);
}

static gboolean
devssh_service_real_session_request (DevSshService        *self,
                                     DevSshSessionRequest *request)
{
  return show_to_application (self, DEVSSH_QUESTION (request));
}

static gboolean
devssh_service_real_channel_opening (DevSshService        *self,
                                     DevSshChannelOpening *opening)
{
  return show_to_application (self, DEVSSH_QUESTION (opening));
}

static gboolean
devssh_service_real_channel_request (DevSshService        *self,
                                     DevSshChannelRequest *request)
{
  return FALSE;
}

static void
devssh_service_real_nothing (DevSshService *self)
{
}

static void
end_all (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  while (priv->asks.head != NULL)
    ask_end (priv->asks.head->data,
             g_error_new_literal (DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed"));
}

static void
devssh_service_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DevSshService *self = DEVSSH_SERVICE (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, devssh_service_get_name (self));
      break;
    case PROP_CONFIG:
      g_value_set_object (value, devssh_service_get_config (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_service_dispose (GObject *object)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (DEVSSH_SERVICE (object));

  g_clear_weak_pointer (&priv->session);
  g_clear_object (&priv->config);

  G_OBJECT_CLASS (devssh_service_parent_class)->dispose (object);
}

static void
devssh_service_finalize (GObject *object)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (DEVSSH_SERVICE (object));

  while (priv->holds > 0)
    devssh_service_release (DEVSSH_SERVICE (object));
  g_clear_pointer (&priv->context, devssh_context_unref);
  g_free (priv->name);

  G_OBJECT_CLASS (devssh_service_parent_class)->finalize (object);
}

static void
devssh_service_class_init (DevSshServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_service_get_property;
  object_class->dispose = devssh_service_dispose;
  object_class->finalize = devssh_service_finalize;
  klass->activated = devssh_service_real_nothing;
  klass->session_request = devssh_service_real_session_request;
  klass->channel_opening = devssh_service_real_channel_opening;
  klass->channel_request = devssh_service_real_channel_request;
  klass->closed = devssh_service_real_nothing;

  /**
   * DevSshService:name: (getter get_name)
   *
   * The name it was registered with, such as `port-forwarding`.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshService:config: (getter get_config)
   *
   * What was registered with it; the library does not look into it.
   *
   * Since: 1.0
   */
  properties[PROP_CONFIG] =
    g_param_spec_object ("config", NULL, NULL, G_TYPE_OBJECT,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_service_init (DevSshService *self)
{
}

void
devssh_service_attach (DevSshService           *self,
                       const DevSshServiceHost *host,
                       GObject                 *session,
                       const char              *name,
                       GObject                 *config)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_assert (priv->host == NULL);

  priv->host = host;
  g_set_weak_pointer (&priv->session, session);
  priv->context = devssh_context_ref_thread_default ();
  priv->name = g_strdup (name);
  g_set_object (&priv->config, config);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NAME]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONFIG]);
}

void
devssh_service_start (DevSshService *self)
{
  g_autoptr(DevSshService) keep = g_object_ref (self);

  DEVSSH_SERVICE_GET_CLASS (self)->activated (self);
}

gboolean
devssh_service_is_attached (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  return priv->host != NULL;
}

void
devssh_service_detach (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);
  g_autoptr(DevSshService) keep = g_object_ref (self);

  if (priv->host == NULL || priv->detached)
    return;

  priv->detached = TRUE;
  end_all (self);

  DEVSSH_SERVICE_GET_CLASS (self)->closed (self);
  g_clear_weak_pointer (&priv->session);
}

gboolean
devssh_service_dispatch (DevSshService  *self,
                         DevSshQuestion *question)
{
  DevSshServiceClass *klass = DEVSSH_SERVICE_GET_CLASS (self);
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);
  g_autoptr(DevSshService) keep = g_object_ref (self);

  if (priv->host == NULL || priv->detached)
    return FALSE;

  if (DEVSSH_IS_SESSION_REQUEST (question))
    return klass->session_request (self, DEVSSH_SESSION_REQUEST (question));
  else if (DEVSSH_IS_CHANNEL_OPENING (question))
    return klass->channel_opening (self, DEVSSH_CHANNEL_OPENING (question));
  else if (DEVSSH_IS_CHANNEL_REQUEST (question))
    return klass->channel_request (self, DEVSSH_CHANNEL_REQUEST (question));

  g_return_val_if_reached (FALSE);
}

/**
 * DevSshServiceClass::activated:
 * @self: a service
 *
 * Called once, when the service has its session, before the first question comes.
 *
 * Since: 1.0
 */

/**
 * DevSshServiceClass::session_request:
 * @self: a service
 * @request: what the peer asks
 *
 * Answers a global request (RFC 4254, 4). By default it goes to [signal@Session::request].
 *
 * Returns: %TRUE if @request is answered, or kept and answered later; %FALSE to refuse
 *
 * Since: 1.0
 */

/**
 * DevSshServiceClass::channel_opening:
 * @self: a service
 * @opening: what the peer wants to open
 *
 * Answers the opening of a channel (RFC 4254, 5.1). By default it goes to
 * [signal@Session::channel-opening].
 *
 * Returns: %TRUE if @opening is answered, or kept and answered later; %FALSE to refuse
 *
 * Since: 1.0
 */

/**
 * DevSshServiceClass::channel_request:
 * @self: a service
 * @request: what the peer asks
 *
 * Answers a request on a channel (RFC 4254, 5.4). By default it is refused.
 *
 * Returns: %TRUE if @request is answered, or kept and answered later; %FALSE to refuse
 *
 * Since: 1.0
 */

/**
 * DevSshServiceClass::closed:
 * @self: a service
 *
 * Called once, when the session ends; [method@Service.get_session] has its last answer
 * here. What the service began, it ends now.
 *
 * Since: 1.0
 */

/**
 * devssh_service_get_session:
 * @self: a service
 *
 * Gets the session that the service serves.
 *
 * Returns: (transfer none) (nullable): the session; %NULL once it is closed
 *
 * Since: 1.0
 */
DevSshSession *
devssh_service_get_session (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SERVICE (self), NULL);

  return (DevSshSession *) priv->session;
}

/**
 * devssh_service_get_name: (get-property name)
 * @self: a service
 *
 * Gets the name that the service was registered with.
 *
 * Returns: (nullable): the name; %NULL before the service has a session
 *
 * Since: 1.0
 */
const char *
devssh_service_get_name (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SERVICE (self), NULL);

  return priv->name;
}

/**
 * devssh_service_get_config: (get-property config)
 * @self: a service
 *
 * Gets the object that was registered with the service.
 *
 * Returns: (transfer none) (nullable): the object
 *
 * Since: 1.0
 */
GObject *
devssh_service_get_config (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_SERVICE (self), NULL);

  return priv->config;
}

/**
 * devssh_service_ask_async:
 * @self: a service
 * @question: a [class@SessionRequest], [class@ChannelOpening] or [class@ChannelRequest]
 *   that is not answered yet
 * @cancellable: (nullable): a way to give up
 * @callback: (scope async) (closure user_data): called when the application has decided
 * @user_data: for @callback
 *
 * Puts a question to the application, through [signal@Session::request],
 * [signal@Session::channel-opening] or [signal@Channel::request].
 *
 * The application sees a question with the same contents, and its answer comes to
 * [method@Service.ask_finish]; @question itself stays open for the service to answer.
 * The signal is emitted before this function returns; @callback runs later in any case.
 *
 * Since: 1.0
 */
void
devssh_service_ask_async (DevSshService       *self,
                          DevSshQuestion      *question,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);
  g_autoptr(GTask) task = NULL;
  g_autoptr(GError) error = NULL;

  g_return_if_fail (DEVSSH_IS_SERVICE (self));
  g_return_if_fail (DEVSSH_IS_SESSION_REQUEST (question)
                    || DEVSSH_IS_CHANNEL_OPENING (question)
                    || DEVSSH_IS_CHANNEL_REQUEST (question));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, devssh_service_ask_async);

  if (priv->host == NULL || priv->detached || priv->session == NULL)
    {
      g_task_return_new_error (task, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The service has no session");
      return;
    }

  if (!devssh_context_check_here (priv->context, G_STRFUNC, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (g_task_return_error_if_cancelled (task))
    return;

  ask (self, question, g_steal_pointer (&task));
}

/**
 * devssh_service_ask_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Gets what the application decided.
 *
 * A refusal is an error: %DEVSSH_CHANNEL_ERROR with the reason that the application gave
 * for an opening, or for one that a handler answered without returning %TRUE;
 * %DEVSSH_ERROR_REFUSED for a request, and for an opening that no handler took. When the session ends or @question is withdrawn meanwhile, it is %DEVSSH_ERROR_CLOSED.
 *
 * Returns: %TRUE if the application accepted
 *
 * Since: 1.0
 */
gboolean
devssh_service_ask_finish (DevSshService  *self,
                           GAsyncResult   *result,
                           GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_SERVICE (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * devssh_service_hold:
 * @self: a service that has, or had, a session
 *
 * Says that the service has something to do that outlives its session, such as to see the end of a
 * process: the threads of a [class@Server] run on, and [method@Server.stop_async] waits, until
 * [method@Service.release] was called as often. Call it while the session is there, or in
 * [vfunc@Service.closed] at the latest, and hold for a bounded time.
 *
 * Since: 1.0
 */
void
devssh_service_hold (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_return_if_fail (DEVSSH_IS_SERVICE (self));
  g_return_if_fail (priv->context != NULL);

  priv->holds++;
  devssh_context_hold (priv->context);
}

/**
 * devssh_service_release:
 * @self: a service
 *
 * Takes one [method@Service.hold] back. What a service holds when it is freed is released by itself.
 *
 * Since: 1.0
 */
void
devssh_service_release (DevSshService *self)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);

  g_return_if_fail (DEVSSH_IS_SERVICE (self));
  g_return_if_fail (priv->holds > 0);

  priv->holds--;
  devssh_context_release (priv->context);
}

/**
 * devssh_service_trace:
 * @self: a service
 * @level: how important it is
 * @event: what happened
 * @text: one line about it; what is unfit for a log is escaped
 *
 * Tells whoever watches [signal@Session::trace]. Does nothing without a session.
 *
 * Since: 1.0
 */
void
devssh_service_trace (DevSshService    *self,
                      DevSshTraceLevel  level,
                      DevSshTraceEvent  event,
                      const char       *text)
{
  DevSshServicePrivate *priv = devssh_service_get_instance_private (self);
  g_autofree char *safe = NULL;

  g_return_if_fail (DEVSSH_IS_SERVICE (self));
  g_return_if_fail (text != NULL);

  if (priv->session == NULL || priv->host->trace == NULL)
    return;

  safe = devssh_text_for_people ((const guint8 *) text, strlen (text));
  priv->host->trace (priv->session, level, event, safe);
}
