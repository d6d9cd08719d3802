/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which service answers, and how it comes to life (protocol.md 6.1). */
#include <libdevssh/session/devssh-session-private.h>

static gboolean
devssh_session_host_emit (gpointer        host,
                          DevSshQuestion *question)
{
  gboolean listened = FALSE;
  gboolean handled;

  devssh_question_begin (question);
  handled = devssh_session_emit_question (DEVSSH_SESSION (host), question, &listened);
  devssh_question_end (question, handled);
  return handled;
}

static void
devssh_session_host_trace (gpointer          host,
                           DevSshTraceLevel  level,
                           DevSshTraceEvent  event,
                           const char       *text)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (DEVSSH_SESSION (host));

  if (devssh_tracer_wants (priv->tracer, level))
    devssh_tracer_add (priv->tracer, level, event, "%s", text);
  if (priv->pump != NULL)
    devssh_pump_wake (priv->pump);
}

static const DevSshServiceHost service_host = {
  .emit = devssh_session_host_emit,
  .trace = devssh_session_host_trace,
};

static DevSshService *
devssh_session_find_service (DevSshSessionPrivate *priv,
                             const char           *name)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (priv->services));

  for (guint i = 0; i < n; i++)
    {
      /* The list keeps it; we only borrow. */
      g_autoptr(DevSshService) service = g_list_model_get_item (G_LIST_MODEL (priv->services), i);

      if (g_str_equal (devssh_service_get_name (service), name))
        return service;
    }
  return NULL;
}

/* A constructor may lead back here, through a loop that it runs or a call that it makes. */
static DevSshService *
devssh_session_create_service (DevSshSessionPrivate  *priv,
                               DevSshServiceEntry    *entry,
                               GError               **error)
{
  DevSshService *service;

  if (g_slist_find (priv->starting, entry) != NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "Service “%s” is just starting", entry->name);
      return NULL;
    }

  priv->starting = g_slist_prepend (priv->starting, entry);
  service = devssh_service_entry_create (entry, error);
  priv->starting = g_slist_remove (priv->starting, entry);
  return service;
}

DevSshService *
devssh_session_ensure_service (DevSshSession       *self,
                               DevSshServiceEntry  *entry,
                               GError             **error)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  g_autoptr(DevSshService) service = NULL;
  g_autoptr(GError) reason = NULL;
  DevSshService *running;

  running = devssh_session_find_service (priv, entry->name);
  if (running != NULL)
    return running;

  service = devssh_session_create_service (priv, entry, &reason);
  if (service == NULL)
    {
      DEVSSH_TRACE (priv->tracer, ERROR, UNKNOWN_ERROR, "Service %s cannot be used: %s", entry->name, reason->message);
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }

  if (priv->end == DEVSSH_SESSION_ALIVE)
    {
      devssh_service_attach (service, &service_host, G_OBJECT (self), entry->name, entry->config);
      g_list_store_append (priv->services, service);
      devssh_service_start (service);
      /* Whatever it did there: after ::closed nothing is emitted. */
      if (priv->end < DEVSSH_SESSION_TELLING)
        devssh_session_emit_service_activated (self, service);
    }

  if (priv->end != DEVSSH_SESSION_ALIVE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED, "The session is closed: %s", priv->error->message);
      return NULL;
    }
  return service;    /* the list keeps it */
}

/* Rules are about what the peer asks: a channel that we open ourselves wakes nobody here. */
static DevSshServiceEntry *
devssh_session_match (DevSshSessionPrivate *priv,
                      DevSshQuestion       *question)
{
  if (DEVSSH_IS_CHANNEL_OPENING (question))
    {
      DevSshChannelOpening *opening = DEVSSH_CHANNEL_OPENING (question);

      return devssh_channel_opening_get_is_remote (opening)
        ? devssh_service_registry_for_channel_type (priv->registry, devssh_channel_opening_get_channel_type (opening))
        : NULL;
    }
  if (DEVSSH_IS_SESSION_REQUEST (question))
    return devssh_service_registry_for_session_request (
      priv->registry, devssh_session_request_get_request_type (DEVSSH_SESSION_REQUEST (question)));
  return devssh_service_registry_for_channel_request (
    priv->registry, devssh_channel_request_get_request_type (DEVSSH_CHANNEL_REQUEST (question)),
    devssh_channel_get_channel_type (devssh_channel_request_get_channel (DEVSSH_CHANNEL_REQUEST (question))));
}

/* Not by leaving it unanswered: somebody may wait for channels of any type. */
static void
devssh_session_refuse (DevSshQuestion *question)
{
  if (DEVSSH_IS_CHANNEL_OPENING (question))
    devssh_channel_opening_reject (DEVSSH_CHANNEL_OPENING (question),
                                   DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED,
                                   "The service for this type of channel cannot be used");
  else if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), FALSE);
  else
    devssh_channel_request_complete (DEVSSH_CHANNEL_REQUEST (question), FALSE);
}

static gboolean
devssh_session_ask_service (DevSshSession      *self,
                            DevSshServiceEntry *entry,
                            DevSshQuestion     *question)
{
  DevSshService *service = devssh_session_ensure_service (self, entry, NULL);

  if (service == NULL)
    {
      devssh_session_refuse (question);
      return TRUE;
    }
  return devssh_service_dispatch (service, question);
}

/* ---- a module is opened in a thread, and meanwhile everything else goes on ---- */

/* What the peer may make us keep of one kind that no other limit counts. */
#define MAX_WAITING_SERVICE_REQUESTS 16

/* What waits for entry: a question, or a service request. */
typedef struct
{
  DevSshServiceEntry *entry;
  DevSshQuestion     *question;
  char               *service_name;
} DevSshWaiting;

/* Holds no session: a module that takes for ever to open must not make one immortal. */
typedef struct
{
  GWeakRef            session;
  DevSshServiceEntry *entry;
} DevSshOpening;

static void
devssh_waiting_free (gpointer data)
{
  DevSshWaiting *self = data;

  devssh_service_entry_unref (self->entry);
  g_clear_object (&self->question);
  g_free (self->service_name);
  g_free (self);
}

static void
devssh_opening_clear (gpointer data)
{
  DevSshOpening *self = data;

  g_weak_ref_clear (&self->session);
  devssh_service_entry_unref (self->entry);
}

static void
devssh_opening_unref (gpointer data)
{
  g_rc_box_release_full (data, devssh_opening_clear);
}

static GList *
devssh_session_find_waiting (DevSshSessionPrivate *priv,
                             DevSshServiceEntry   *entry)
{
  GList *l = priv->waiting.head;

  while (l != NULL && ((DevSshWaiting *) l->data)->entry != entry)
    l = l->next;
  return l;
}

static void
devssh_session_go_on (DevSshSession *self,
                      DevSshWaiting *waiting)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshQuestion *question = waiting->question;

  if (question == NULL)
    devssh_session_serve (self, waiting->entry, waiting->service_name);
  /* Its channel or its session has gone: no service need wake for that. */
  else if (!g_cancellable_is_cancelled (devssh_question_get_cancellable (question)))
    {
      gboolean handled;

      devssh_question_begin (question);
      handled = devssh_session_ask_service (self, waiting->entry, question);
      devssh_connection_question_shown (priv->pump->connection, question, handled, FALSE);
    }
  devssh_pump_wake (priv->pump);
}

/* One in a turn of the loop: a handler that nests waits for the next one, perhaps. */
static void
devssh_session_opened_cb (gpointer data)
{
  DevSshOpening *opening = data;
  g_autoptr(DevSshSession) self = g_weak_ref_get (&opening->session);
  DevSshSessionPrivate *priv;
  DevSshWaiting *waiting;
  GList *link;

  if (self == NULL)
    return;
  priv = devssh_session_get_private (self);
  link = devssh_session_find_waiting (priv, opening->entry);
  if (link == NULL)
    return;

  waiting = link->data;
  g_queue_delete_link (&priv->waiting, link);
  if (devssh_session_find_waiting (priv, opening->entry) != NULL)
    devssh_context_defer (priv->context, devssh_session_opened_cb, g_rc_box_acquire (opening), devssh_opening_unref);
  devssh_session_go_on (self, waiting);
  devssh_waiting_free (waiting);
}

/* Behind others that wait for the same, however ready it is by now: they asked first. */
gboolean
devssh_session_must_await_module (DevSshSession      *self,
                                  DevSshServiceEntry *entry)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  return !devssh_service_entry_is_ready (entry) || devssh_session_find_waiting (priv, entry) != NULL;
}

static guint
devssh_session_count_service_requests (DevSshSessionPrivate *priv)
{
  guint count = 0;

  for (GList *l = priv->waiting.head; l != NULL; l = l->next)
    count += ((DevSshWaiting *) l->data)->question == NULL;
  return count;
}

gboolean
devssh_session_await_module (DevSshSession      *self,
                             DevSshServiceEntry *entry,
                             DevSshQuestion     *question,
                             const char         *service_name)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  gboolean is_first = devssh_session_find_waiting (priv, entry) == NULL;
  DevSshWaiting *waiting;

  if (question == NULL && devssh_session_count_service_requests (priv) >= MAX_WAITING_SERVICE_REQUESTS)
    return FALSE;

  waiting = g_new0 (DevSshWaiting, 1);
  waiting->entry = devssh_service_entry_ref (entry);
  waiting->question = question != NULL ? g_object_ref (question) : NULL;
  waiting->service_name = g_strdup (service_name);
  g_queue_push_tail (&priv->waiting, waiting);

  if (is_first)
    {
      DevSshOpening *opening = g_rc_box_new0 (DevSshOpening);

      DEVSSH_TRACE (priv->tracer, VERBOSE, DEBUG_MESSAGE, "Plugin %s is opened for service %s", entry->plugin, entry->name);
      g_weak_ref_init (&opening->session, self);
      opening->entry = devssh_service_entry_ref (entry);
      devssh_service_entry_prepare (entry, priv->context, devssh_session_opened_cb, opening, devssh_opening_unref);
    }
  return TRUE;
}

gboolean
devssh_session_ask (DevSshSession  *self,
                    DevSshQuestion *question,
                    gboolean       *listened)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  DevSshServiceEntry *entry = devssh_session_match (priv, question);

  if (entry != NULL)
    {
      *listened = TRUE;
      if (devssh_session_must_await_module (self, entry))
        return devssh_session_await_module (self, entry, question, NULL);
      return devssh_session_ask_service (self, entry, question);
    }
  return devssh_session_emit_question (self, question, listened);
}

void
devssh_session_detach_services (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  guint n;

  g_queue_clear_full (&priv->waiting, devssh_waiting_free);
  while ((n = g_list_model_get_n_items (G_LIST_MODEL (priv->services))) > 0)
    {
      g_autoptr(DevSshService) service = g_list_model_get_item (G_LIST_MODEL (priv->services), n - 1);

      g_list_store_remove (priv->services, n - 1);
      devssh_service_detach (service);
    }
}
