/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One source for all sockets of a context: an epoll descriptor in a GSource (design D3).
 *
 * Level-triggered, for a nested loop must see what the outer epoll_wait() took (design D12). What epoll gives back is a slot and its
 * generation: a watch that was freed meanwhile is not found, whatever lives at its address now. */
#include <libdevssh/session/devssh-io-source-private.h>

#include <errno.h>
#include <glib-unix.h>
#include <libdevssh/session/devssh-io-portable-private.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#ifdef __linux__
# include <sys/epoll.h>
#endif

typedef struct _DevSshIoSource DevSshIoSource;

struct _DevSshIoWatch
{
  DevSshContext    *context;
  GIOStream        *stream;
  GSocket          *socket;       /* borrowed from stream; NULL unless its bytes are the socket's own */
  DevSshIoReady     ready;
  gpointer          user_data;
  GIOCondition      wanted;
  guint             forks;        /* in which process it was made (T-67) */

  DevSshIoSource   *source;       /* NULL: the portable twin serves this watch */
  guint             slot;
  gboolean          in_epoll;

  DevSshIoPortable *portable;
};

/* ---- fork ---- */

static guint forks;

static void
devssh_io_forked (void)
{
  forks++;
}

/* The epoll descriptor and the sockets are shared with the parent: a child that takes its session apart must not touch either (T-67). */
static gboolean
devssh_io_watch_is_foreign (DevSshIoWatch *self)
{
  return G_UNLIKELY (self->forks != forks);
}

/* ---- epoll ---- */

#ifdef __linux__

#define EVENTS_PER_TURN 64
#define LOOKS_PER_TURN  4

typedef struct
{
  DevSshIoWatch *watch;        /* NULL: free */
  guint32        generation;
  guint          next_free;
} DevSshIoSlot;

struct _DevSshIoSource
{
  GSource        source;
  DevSshContext *context;      /* key in all_sources; every watch holds a reference to it */
  int            epoll_fd;
  gpointer       tag;
  GArray        *slots;        /* (element-type DevSshIoSlot) */
  guint          first_free;   /* G_MAXUINT: none */
  guint          n_watches;
  guint          next_look;
};

/* DevSshContext -> DevSshIoSource: asked once per watch, so a lock is cheap enough. */
static GMutex      all_sources_lock;
static GHashTable *all_sources;

static GIOCondition
devssh_io_condition (guint32      events,
                     GIOCondition wanted)
{
  GIOCondition condition = 0;

  if ((events & (EPOLLERR | EPOLLHUP)) != 0)
    {
      /* Neither can be asked for alone: whoever tries what it wanted will be told what it is. */
      condition |= wanted;
      if ((events & EPOLLERR) != 0)
        condition |= G_IO_ERR;
      if ((events & EPOLLHUP) != 0)
        condition |= G_IO_HUP;
    }
  if ((events & EPOLLIN) != 0)
    condition |= wanted & G_IO_IN;
  if ((events & EPOLLOUT) != 0)
    condition |= wanted & G_IO_OUT;
  return condition;
}

/* Closing a descriptor takes it out of epoll without a word. An application that closes the stream under a session does so in this thread,
 * so a look at a few watches each turn finds it out - at once where there are few. */
static gboolean
devssh_io_source_look (DevSshIoSource *self,
                       DevSshIoWatch **closed)
{
  for (guint i = 0; i < LOOKS_PER_TURN && i < self->slots->len; i++)
    {
      DevSshIoSlot *slot = &g_array_index (self->slots, DevSshIoSlot,
                                           (self->next_look + i) % self->slots->len);

      if (slot->watch != NULL && slot->watch->wanted != 0 && g_socket_is_closed (slot->watch->socket))
        {
          if (closed != NULL)
            *closed = slot->watch;
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
devssh_io_source_prepare (GSource *source,
                          int     *timeout)
{
  DevSshIoSource *self = (DevSshIoSource *) source;

  *timeout = -1;
  if (devssh_io_source_look (self, NULL))
    return TRUE;
  if (self->slots->len > LOOKS_PER_TURN)
    self->next_look = (self->next_look + LOOKS_PER_TURN) % self->slots->len;
  return FALSE;
}

static gboolean
devssh_io_source_check (GSource *source)
{
  DevSshIoSource *self = (DevSshIoSource *) source;

  return g_source_query_unix_fd (source, self->tag) != 0;
}

static gboolean
devssh_io_source_dispatch (GSource     *source,
                           GSourceFunc  callback,
                           gpointer     user_data)
{
  DevSshIoSource *self = (DevSshIoSource *) source;
  struct epoll_event events[EVENTS_PER_TURN];
  DevSshIoWatch *closed;
  int n;

  if (devssh_io_source_look (self, &closed))
    {
      closed->ready (closed, closed->wanted | G_IO_NVAL, closed->user_data);
      if (g_source_is_destroyed (source))
        return G_SOURCE_REMOVE;
    }

  n = epoll_wait (self->epoll_fd, events, EVENTS_PER_TURN, 0);
  for (int i = 0; i < n && !g_source_is_destroyed (source); i++)
    {
      guint index = (guint32) events[i].data.u64;
      DevSshIoSlot *slot = &g_array_index (self->slots, DevSshIoSlot, index);
      DevSshIoWatch *watch = slot->watch;
      GIOCondition condition;

      if (watch == NULL || slot->generation != events[i].data.u64 >> 32)
        continue;

      condition = devssh_io_condition (events[i].events, watch->wanted);
      if (condition != 0)
        watch->ready (watch, condition, watch->user_data);
    }
  return G_SOURCE_CONTINUE;
}

static void
devssh_io_source_finalize (GSource *source)
{
  DevSshIoSource *self = (DevSshIoSource *) source;

  close (self->epoll_fd);
  g_array_unref (self->slots);
}

static GSourceFuncs devssh_io_source_funcs =
{
  devssh_io_source_prepare,
  devssh_io_source_check,
  devssh_io_source_dispatch,
  devssh_io_source_finalize,
};

static DevSshIoSource *
devssh_io_source_new (DevSshContext *context)
{
  DevSshIoSource *self;
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  if (epoll_fd < 0)
    return NULL;

  self = (DevSshIoSource *) g_source_new (&devssh_io_source_funcs, sizeof (DevSshIoSource));
  self->context = context;
  self->epoll_fd = epoll_fd;
  self->slots = g_array_new (FALSE, TRUE, sizeof (DevSshIoSlot));
  self->first_free = G_MAXUINT;
  self->tag = g_source_add_unix_fd (&self->source, epoll_fd, G_IO_IN);
  g_source_set_static_name (&self->source, "[libdevssh] sockets");
  g_source_set_can_recurse (&self->source, TRUE);
  g_source_attach (&self->source, devssh_context_get_main_context (context));
  return self;
}

/* FALSE: no epoll descriptor is to be had. */
static gboolean
devssh_io_source_add (DevSshIoWatch *watch)
{
  DevSshIoSource *self;
  DevSshIoSlot *slot;

  g_mutex_lock (&all_sources_lock);
  if (all_sources == NULL)
    all_sources = g_hash_table_new (NULL, NULL);
  self = g_hash_table_lookup (all_sources, watch->context);
  if (self == NULL)
    {
      self = devssh_io_source_new (watch->context);
      if (self != NULL)
        g_hash_table_insert (all_sources, watch->context, self);
    }
  g_mutex_unlock (&all_sources_lock);
  if (self == NULL)
    return FALSE;

  if (self->first_free == G_MAXUINT)
    {
      watch->slot = self->slots->len;
      g_array_set_size (self->slots, watch->slot + 1);
      slot = &g_array_index (self->slots, DevSshIoSlot, watch->slot);
    }
  else
    {
      watch->slot = self->first_free;
      slot = &g_array_index (self->slots, DevSshIoSlot, watch->slot);
      self->first_free = slot->next_free;
    }
  slot->watch = watch;
  slot->generation++;
  watch->source = self;
  self->n_watches++;
  return TRUE;
}

static void
devssh_io_source_remove (DevSshIoWatch *watch)
{
  DevSshIoSource *self = watch->source;
  DevSshIoSlot *slot = &g_array_index (self->slots, DevSshIoSlot, watch->slot);

  if (watch->in_epoll && !g_socket_is_closed (watch->socket) && !devssh_io_watch_is_foreign (watch))
    epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, g_socket_get_fd (watch->socket), NULL);
  watch->in_epoll = FALSE;
  watch->source = NULL;
  slot->watch = NULL;
  slot->next_free = self->first_free;
  self->first_free = watch->slot;
  if (--self->n_watches > 0)
    return;

  g_mutex_lock (&all_sources_lock);
  g_hash_table_remove (all_sources, self->context);
  g_mutex_unlock (&all_sources_lock);
  g_source_destroy (&self->source);
  g_source_unref (&self->source);
}

/* FALSE: this descriptor cannot be watched (it is watched already, or the system's limit is reached). */
static gboolean
devssh_io_source_update (DevSshIoWatch *watch)
{
  DevSshIoSource *self = watch->source;
  DevSshIoSlot *slot = &g_array_index (self->slots, DevSshIoSlot, watch->slot);
  struct epoll_event event = { 0, };
  int operation;

  if (g_socket_is_closed (watch->socket) || devssh_io_watch_is_foreign (watch))
    return TRUE;

  event.data.u64 = (guint64) slot->generation << 32 | watch->slot;
  if ((watch->wanted & G_IO_IN) != 0)
    event.events |= EPOLLIN;
  if ((watch->wanted & G_IO_OUT) != 0)
    event.events |= EPOLLOUT;

  /* EPOLLHUP comes unasked, so a descriptor of which nothing is wanted has to go, or a reset peer keeps the loop turning. */
  if (event.events == 0)
    operation = EPOLL_CTL_DEL;
  else
    operation = watch->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (operation == EPOLL_CTL_DEL && !watch->in_epoll)
    return TRUE;
  if (epoll_ctl (self->epoll_fd, operation, g_socket_get_fd (watch->socket), &event) != 0)
    return FALSE;
  watch->in_epoll = operation != EPOLL_CTL_DEL;
  return TRUE;
}

#else /* no epoll: the portable twin does everything */

static gboolean
devssh_io_source_add (DevSshIoWatch *watch)
{
  return FALSE;
}

static void
devssh_io_source_remove (DevSshIoWatch *watch)
{
}

static gboolean
devssh_io_source_update (DevSshIoWatch *watch)
{
  return FALSE;
}

#endif

/* ---- the watch ---- */

/* Are the bytes of the stream those of its socket? A GTcpWrapperConnection is a socket connection whose bytes go through TLS or a proxy
 * first; so may be a stranger's subclass. */
static GSocket *
devssh_io_get_plain_socket (GIOStream *stream)
{
  GIOStreamClass *plain;
  GSocket *socket;

  if (!G_IS_SOCKET_CONNECTION (stream))
    return NULL;

  plain = g_type_class_peek (G_TYPE_SOCKET_CONNECTION);   /* it is there: stream is one */
  if (G_IO_STREAM_GET_CLASS (stream)->get_input_stream != plain->get_input_stream ||
      G_IO_STREAM_GET_CLASS (stream)->get_output_stream != plain->get_output_stream)
    return NULL;

  socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));
  return g_socket_get_socket_type (socket) == G_SOCKET_TYPE_STREAM ? socket : NULL;
}

static void
devssh_io_watch_portable_cb (GIOCondition condition,
                             gpointer     user_data)
{
  DevSshIoWatch *self = user_data;

  self->ready (self, condition, self->user_data);
}

static void
devssh_io_watch_use_portable (DevSshIoWatch *self)
{
  self->portable = devssh_io_portable_new (self->context, self->stream,
                                           devssh_io_watch_portable_cb, self);
}

DevSshIoWatch *
devssh_io_watch_new (DevSshContext *context,
                     GIOStream     *stream,
                     DevSshIoReady  ready,
                     gpointer       user_data)
{
  static gsize initialized;
  static gboolean portable_only;
  DevSshIoWatch *self;

  if (g_once_init_enter (&initialized))
    {
      portable_only = g_strcmp0 (g_getenv ("DEVSSH_IO"), "portable") == 0;
      pthread_atfork (NULL, NULL, devssh_io_forked);
      /* GLib has every process that uses sockets ignore SIGPIPE; one that has only pipes needs it for the writes that GIO does itself. */
      g_type_class_unref (g_type_class_ref (G_TYPE_SOCKET));
      g_once_init_leave (&initialized, 1);
    }

  self = g_new0 (DevSshIoWatch, 1);
  self->context = devssh_context_ref (context);
  self->stream = g_object_ref (stream);
  self->socket = devssh_io_get_plain_socket (stream);
  self->ready = ready;
  self->user_data = user_data;
  self->forks = forks;
  if (self->socket == NULL || portable_only || !devssh_io_source_add (self))
    devssh_io_watch_use_portable (self);
  return self;
}

/* The descriptor is closed at once, but that of a GTcpConnection with graceful-disconnect: it waits for its peer, and must not in here. */
static void
devssh_io_watch_close_socket (DevSshIoWatch *self)
{
  GMainContext *main_context = devssh_context_get_main_context (self->context);

  g_main_context_push_thread_default (main_context);
  g_io_stream_close_async (self->stream, G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_main_context_pop_thread_default (main_context);
}

static void
devssh_io_watch_release (DevSshIoWatch *self,
                         gboolean       close)
{
  if (self->portable != NULL)
    devssh_io_portable_free (self->portable, close);
  if (self->source != NULL)
    {
      devssh_io_source_remove (self);
      if (close)
        devssh_io_watch_close_socket (self);
    }
  g_object_unref (self->stream);
  devssh_context_unref (self->context);
  g_free (self);
}

void
devssh_io_watch_set_ready (DevSshIoWatch *self,
                           DevSshIoReady  ready,
                           gpointer       user_data)
{
  self->ready = ready;
  self->user_data = user_data;
}

gboolean
devssh_io_watch_can_move (DevSshIoWatch *self)
{
  return self->socket != NULL;
}

void
devssh_io_watch_free (DevSshIoWatch *self)
{
  devssh_io_watch_release (self, FALSE);
}

void
devssh_io_watch_free_and_close (DevSshIoWatch *self)
{
  devssh_io_watch_release (self, TRUE);
}

void
devssh_io_watch_set_wanted (DevSshIoWatch *self,
                            GIOCondition   wanted)
{
  wanted &= G_IO_IN | G_IO_OUT;
  if (self->wanted == wanted)
    return;

  self->wanted = wanted;
  if (self->portable == NULL)
    {
      if (devssh_io_source_update (self))
        return;
      devssh_io_source_remove (self);
      devssh_io_watch_use_portable (self);
    }
  devssh_io_portable_set_wanted (self->portable, wanted);
}

static gssize
devssh_io_watch_fail (int      code,
                      GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return -1;
}

/* The number of a closed descriptor may be somebody else's by now. */
static gboolean
devssh_io_watch_check_socket (DevSshIoWatch  *self,
                              GError        **error)
{
  if (G_LIKELY (!g_socket_is_closed (self->socket)))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Socket is closed");
  return FALSE;
}

static gboolean
devssh_io_watch_check_process (DevSshIoWatch  *self,
                               GError        **error)
{
  if (!devssh_io_watch_is_foreign (self))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                       "The stream belongs to the process that this one was forked from");
  return FALSE;
}

gssize
devssh_io_watch_read (DevSshIoWatch  *self,
                      guint8         *data,
                      gsize           size,
                      GError        **error)
{
  if (!devssh_io_watch_check_process (self, error))
    return -1;
  if (self->portable != NULL)
    return devssh_io_portable_read (self->portable, data, size, error);
  if (!devssh_io_watch_check_socket (self, error))
    return -1;

  for (;;)
    {
      gssize n = recv (g_socket_get_fd (self->socket), data, size, MSG_DONTWAIT);

      if (n >= 0)
        return n;
      if (errno == EAGAIN)
        return DEVSSH_IO_WOULD_BLOCK;
      if (errno != EINTR)
        return devssh_io_watch_fail (errno, error);
    }
}

gssize
devssh_io_watch_write (DevSshIoWatch  *self,
                       const guint8   *data,
                       gsize           size,
                       GError        **error)
{
  if (!devssh_io_watch_check_process (self, error))
    return -1;
  if (self->portable != NULL)
    return devssh_io_portable_write (self->portable, data, size, error);
  if (!devssh_io_watch_check_socket (self, error))
    return -1;

  for (;;)
    {
      gssize n = send (g_socket_get_fd (self->socket), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n >= 0)
        return n;
      if (errno == EAGAIN)
        return DEVSSH_IO_WOULD_BLOCK;
      if (errno != EINTR)
        return devssh_io_watch_fail (errno, error);
    }
}

gssize
devssh_io_watch_write_vectors (DevSshIoWatch        *self,
                               const GOutputVector  *vectors,
                               guint                 n,
                               GError              **error)
{
  struct iovec pieces[DEVSSH_IO_MAX_VECTORS];
  struct msghdr message = { .msg_iov = pieces, .msg_iovlen = n };

  g_assert (n > 0 && n <= DEVSSH_IO_MAX_VECTORS);

  /* What is left is written with the next call. */
  if (n == 1 || self->portable != NULL)
    return devssh_io_watch_write (self, vectors[0].buffer, vectors[0].size, error);
  if (!devssh_io_watch_check_process (self, error) || !devssh_io_watch_check_socket (self, error))
    return -1;

  for (guint i = 0; i < n; i++)
    {
      pieces[i].iov_base = (gpointer) vectors[i].buffer;
      pieces[i].iov_len = vectors[i].size;
    }
  for (;;)
    {
      gssize written = sendmsg (g_socket_get_fd (self->socket), &message, MSG_DONTWAIT | MSG_NOSIGNAL);

      if (written >= 0)
        return written;
      if (errno == EAGAIN)
        return DEVSSH_IO_WOULD_BLOCK;
      if (errno != EINTR)
        return devssh_io_watch_fail (errno, error);
    }
}

void
devssh_io_watch_shutdown_write (DevSshIoWatch *self)
{
  if (devssh_io_watch_is_foreign (self))
    return;

  if (self->socket != NULL)
    g_socket_shutdown (self->socket, FALSE, TRUE, NULL);
  else
    devssh_io_portable_shutdown_write (self->portable);
}

void
devssh_io_watch_abort (DevSshIoWatch *self)
{
  struct linger linger = { 1, 0 };

  if (self->socket == NULL || g_socket_is_closed (self->socket) || devssh_io_watch_is_foreign (self))
    return;

  setsockopt (g_socket_get_fd (self->socket), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}
