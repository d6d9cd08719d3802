/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one thing that server sessions of several threads share: who has which id, and who is being resumed (design D17). A lock guards it;
 * nothing is called while it is held. */
#include <libdevssh/session/devssh-reconnectable-sessions-private.h>

#include <libdevssh/base/devssh-context-private.h>
#include <libdevssh/session/devssh-session-private.h>

/* T-73 */
#define MAX_DISCONNECTED 100
#define TIMEOUT          300                     /* seconds */
#define MAX_KEPT         (64 * 1024 * 1024)      /* bytes that wait for disconnected sessions, all together */

typedef struct
{
  DevSshServerSession *session;
  DevSshSecret        *id;
  gboolean             taken;
  guint64              lost;        /* when, in the order of losses; 0: it is connected */
  gsize                kept;
} Entry;

/**
 * DevSshReconnectableSessions:
 *
 * The sessions of a server that can be reconnected.
 *
 * A server session with the extension %DEVSSH_EXTENSION_SESSION_RECONNECT has such a collection, which it shares with
 * all sessions that a client might connect anew: [ctor@ServerSession.new_reconnectable]. A [class@Server] makes one by
 * itself. A session is in the list from the moment when it could be reconnected until it is closed, connected or not; the
 * list keeps it.
 *
 * Disconnected sessions are kept for [property@ReconnectableSessions:timeout] seconds, and at most
 * [property@ReconnectableSessions:max-disconnected] of them; what waits for them takes at most 64 MiB, all together. Beyond
 * that the one that was lost first is closed.
 *
 * The list changes in the thread-default context of the thread that made it; its sessions may be of any threads.
 *
 * Since: 1.0
 */
struct _DevSshReconnectableSessions
{
  GObject        parent_instance;
  DevSshContext *context;
  GListStore    *shown;             /* of context */
  GMutex         lock;
  GPtrArray     *entries;           /* (element-type Entry) */
  guint64        n_losses;
  guint          max_disconnected;
  guint          timeout;
};

enum
{
  PROP_0,
  PROP_MAX_DISCONNECTED,
  PROP_TIMEOUT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void devssh_reconnectable_sessions_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (DevSshReconnectableSessions, devssh_reconnectable_sessions, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, devssh_reconnectable_sessions_list_model_init))

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  devssh_secret_free (entry->id);
  g_object_unref (entry->session);
  g_free (entry);
}

/* ---- the list ---- */

typedef struct
{
  DevSshReconnectableSessions *self;
  DevSshServerSession         *session;
  gboolean                     add;
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_object_unref (change->session);
  g_object_unref (change->self);
  g_free (change);
}

static void
change_cb (gpointer data)
{
  Change *change = data;
  GListStore *shown = change->self->shown;
  guint position;

  if (change->add)
    g_list_store_append (shown, change->session);
  else if (g_list_store_find (shown, change->session, &position))
    g_list_store_remove (shown, position);
}

static void
devssh_reconnectable_sessions_show (DevSshReconnectableSessions *self,
                                    DevSshServerSession         *session,
                                    gboolean                     add)
{
  Change *change = g_new0 (Change, 1);

  change->self = g_object_ref (self);
  change->session = g_object_ref (session);
  change->add = add;
  if (devssh_context_is_here (self->context))
    {
      change_cb (change);
      change_free (change);
    }
  else
    {
      devssh_context_defer (self->context, change_cb, change, change_free);
    }
}

static void
devssh_reconnectable_sessions_changed_cb (GListModel                  *model,
                                          guint                        position,
                                          guint                        removed,
                                          guint                        added,
                                          DevSshReconnectableSessions *self)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static GType
devssh_reconnectable_sessions_get_item_type (GListModel *model)
{
  return DEVSSH_TYPE_SERVER_SESSION;
}

static guint
devssh_reconnectable_sessions_get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (DEVSSH_RECONNECTABLE_SESSIONS (model)->shown));
}

static gpointer
devssh_reconnectable_sessions_get_item (GListModel *model,
                                        guint       position)
{
  return g_list_model_get_item (G_LIST_MODEL (DEVSSH_RECONNECTABLE_SESSIONS (model)->shown), position);
}

static void
devssh_reconnectable_sessions_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = devssh_reconnectable_sessions_get_item_type;
  iface->get_n_items = devssh_reconnectable_sessions_get_n_items;
  iface->get_item = devssh_reconnectable_sessions_get_item;
}

/* ---- what sessions do ---- */

/* With the lock held. */
static Entry *
find_entry (DevSshReconnectableSessions *self,
            DevSshServerSession         *session)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      if (entry->session == session)
        return entry;
    }

  return NULL;
}

void
devssh_reconnectable_sessions_add (DevSshReconnectableSessions *self,
                                   DevSshServerSession         *session,
                                   const DevSshSecret          *id)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->session = g_object_ref (session);
  entry->id = devssh_secret_dup (id);
  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->entries, entry);
  g_mutex_unlock (&self->lock);
  devssh_reconnectable_sessions_show (self, session, TRUE);
}

void
devssh_reconnectable_sessions_remove (DevSshReconnectableSessions *self,
                                      DevSshServerSession         *session)
{
  Entry *entry;
  guint index;

  g_mutex_lock (&self->lock);
  entry = find_entry (self, session);
  if (entry != NULL && g_ptr_array_find (self->entries, entry, &index))
    g_ptr_array_steal_index_fast (self->entries, index);
  g_mutex_unlock (&self->lock);

  if (entry == NULL)
    return;
  devssh_reconnectable_sessions_show (self, session, FALSE);
  entry_free (entry);
}

/* T-70: all candidates are looked at, in constant time each, whichever fits. */
DevSshServerSession *
devssh_reconnectable_sessions_take (DevSshReconnectableSessions *self,
                                    DevSshTransport             *transport,
                                    const guint8                *token,
                                    gsize                        length,
                                    gboolean                    *busy)
{
  DevSshServerSession *found = NULL;
  Entry *fits = NULL;

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      if (devssh_transport_check_token (transport, entry->id, token, length))
        fits = entry;
    }
  *busy = fits != NULL && fits->taken;
  if (fits != NULL && !fits->taken)
    {
      fits->taken = TRUE;
      found = g_object_ref (fits->session);
    }
  g_mutex_unlock (&self->lock);

  return found;
}

void
devssh_reconnectable_sessions_put_back (DevSshReconnectableSessions *self,
                                        DevSshServerSession         *session)
{
  Entry *entry;

  g_mutex_lock (&self->lock);
  entry = find_entry (self, session);
  if (entry != NULL)
    entry->taken = FALSE;
  g_mutex_unlock (&self->lock);
}

/* With the lock held: the session that has been lost longest, if there are too many of them or too much waits for them. */
static DevSshServerSession *
find_surplus (DevSshReconnectableSessions *self)
{
  Entry *oldest = NULL;
  guint n_lost = 0;
  gsize kept = 0;

  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      if (entry->lost == 0)
        continue;
      n_lost++;
      kept += entry->kept;
      if (!entry->taken && (oldest == NULL || entry->lost < oldest->lost))
        oldest = entry;
    }

  if (oldest == NULL || (n_lost <= self->max_disconnected && kept <= MAX_KEPT))
    return NULL;

  oldest->lost = 0;
  return g_object_ref (oldest->session);
}

void
devssh_reconnectable_sessions_set_lost (DevSshReconnectableSessions *self,
                                        DevSshServerSession         *session,
                                        gboolean                     lost,
                                        gsize                        kept)
{
  for (;;)
    {
      g_autoptr(DevSshServerSession) surplus = NULL;
      Entry *entry;

      g_mutex_lock (&self->lock);
      entry = find_entry (self, session);
      if (entry != NULL && !lost)
        entry->lost = 0;
      else if (entry != NULL && entry->lost == 0)
        entry->lost = ++self->n_losses;
      if (entry != NULL)
        entry->kept = kept;
      if (entry != NULL && lost)
        surplus = find_surplus (self);
      g_mutex_unlock (&self->lock);

      if (surplus == NULL)
        return;
      /* In any thread. */
      devssh_session_close (DEVSSH_SESSION (surplus), DEVSSH_DISCONNECT_REASON_TOO_MANY_CONNECTIONS,
                            "Too many sessions wait for their clients");
      if (surplus == session)
        return;
    }
}

/* ---- the object ---- */

static void
devssh_reconnectable_sessions_finalize (GObject *object)
{
  DevSshReconnectableSessions *self = DEVSSH_RECONNECTABLE_SESSIONS (object);

  g_clear_object (&self->shown);
  g_clear_pointer (&self->entries, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_clear_pointer (&self->context, devssh_context_unref);
  G_OBJECT_CLASS (devssh_reconnectable_sessions_parent_class)->finalize (object);
}

static void
devssh_reconnectable_sessions_get_property (GObject    *object,
                                            guint       prop_id,
                                            GValue     *value,
                                            GParamSpec *pspec)
{
  DevSshReconnectableSessions *self = DEVSSH_RECONNECTABLE_SESSIONS (object);

  switch (prop_id)
    {
    case PROP_MAX_DISCONNECTED:
      g_value_set_uint (value, devssh_reconnectable_sessions_get_max_disconnected (self));
      break;
    case PROP_TIMEOUT:
      g_value_set_uint (value, devssh_reconnectable_sessions_get_timeout (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_reconnectable_sessions_set_property (GObject      *object,
                                            guint         prop_id,
                                            const GValue *value,
                                            GParamSpec   *pspec)
{
  DevSshReconnectableSessions *self = DEVSSH_RECONNECTABLE_SESSIONS (object);

  switch (prop_id)
    {
    case PROP_MAX_DISCONNECTED:
      devssh_reconnectable_sessions_set_max_disconnected (self, g_value_get_uint (value));
      break;
    case PROP_TIMEOUT:
      devssh_reconnectable_sessions_set_timeout (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_reconnectable_sessions_class_init (DevSshReconnectableSessionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = devssh_reconnectable_sessions_finalize;
  object_class->get_property = devssh_reconnectable_sessions_get_property;
  object_class->set_property = devssh_reconnectable_sessions_set_property;

  /**
   * DevSshReconnectableSessions:max-disconnected: (getter get_max_disconnected) (setter set_max_disconnected)
   *
   * How many sessions without a connection are kept.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_DISCONNECTED] =
    g_param_spec_uint ("max-disconnected", NULL, NULL, 0, G_MAXUINT, MAX_DISCONNECTED, flags);

  /**
   * DevSshReconnectableSessions:timeout: (getter get_timeout) (setter set_timeout)
   *
   * For how many seconds a session without a connection is kept; 0: for ever.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT] =
    g_param_spec_uint ("timeout", NULL, NULL, 0, G_MAXUINT, TIMEOUT, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_reconnectable_sessions_init (DevSshReconnectableSessions *self)
{
  self->context = devssh_context_ref_thread_default ();
  self->shown = g_list_store_new (DEVSSH_TYPE_SERVER_SESSION);
  g_signal_connect (self->shown, "items-changed", G_CALLBACK (devssh_reconnectable_sessions_changed_cb), self);
  g_mutex_init (&self->lock);
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->max_disconnected = MAX_DISCONNECTED;
  self->timeout = TIMEOUT;
}

/**
 * devssh_reconnectable_sessions_new:
 *
 * Makes an empty collection.
 *
 * Returns: (transfer full): the collection
 *
 * Since: 1.0
 */
DevSshReconnectableSessions *
devssh_reconnectable_sessions_new (void)
{
  return g_object_new (DEVSSH_TYPE_RECONNECTABLE_SESSIONS, NULL);
}

/**
 * devssh_reconnectable_sessions_get_max_disconnected: (get-property max-disconnected)
 * @self: a collection
 *
 * Gets how many sessions without a connection are kept.
 *
 * Returns: a number of sessions
 *
 * Since: 1.0
 */
guint
devssh_reconnectable_sessions_get_max_disconnected (DevSshReconnectableSessions *self)
{
  g_return_val_if_fail (DEVSSH_IS_RECONNECTABLE_SESSIONS (self), 0);

  return (guint) g_atomic_int_get ((gint *) &self->max_disconnected);
}

/**
 * devssh_reconnectable_sessions_set_max_disconnected: (set-property max-disconnected)
 * @self: a collection
 * @sessions: a number of sessions
 *
 * Sets how many sessions without a connection are kept. It counts from the next one on that loses its connection.
 *
 * Since: 1.0
 */
void
devssh_reconnectable_sessions_set_max_disconnected (DevSshReconnectableSessions *self,
                                                    guint                        sessions)
{
  g_return_if_fail (DEVSSH_IS_RECONNECTABLE_SESSIONS (self));

  if (devssh_reconnectable_sessions_get_max_disconnected (self) == sessions)
    return;

  g_mutex_lock (&self->lock);
  g_atomic_int_set ((gint *) &self->max_disconnected, (gint) sessions);
  g_mutex_unlock (&self->lock);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_DISCONNECTED]);
}

/**
 * devssh_reconnectable_sessions_get_timeout: (get-property timeout)
 * @self: a collection
 *
 * Gets for how long a session without a connection is kept.
 *
 * Returns: a time in seconds; 0: for ever
 *
 * Since: 1.0
 */
guint
devssh_reconnectable_sessions_get_timeout (DevSshReconnectableSessions *self)
{
  g_return_val_if_fail (DEVSSH_IS_RECONNECTABLE_SESSIONS (self), 0);

  return (guint) g_atomic_int_get ((gint *) &self->timeout);
}

/**
 * devssh_reconnectable_sessions_set_timeout: (set-property timeout)
 * @self: a collection
 * @seconds: a time in seconds; 0: for ever
 *
 * Sets for how long a session without a connection is kept. It counts from the next one on that loses its connection.
 *
 * Since: 1.0
 */
void
devssh_reconnectable_sessions_set_timeout (DevSshReconnectableSessions *self,
                                           guint                        seconds)
{
  g_return_if_fail (DEVSSH_IS_RECONNECTABLE_SESSIONS (self));

  if (devssh_reconnectable_sessions_get_timeout (self) == seconds)
    return;

  g_atomic_int_set ((gint *) &self->timeout, (gint) seconds);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT]);
}
