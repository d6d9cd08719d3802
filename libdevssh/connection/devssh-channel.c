/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The public face of a channel: what can be read of it, its signals, and sending. */
#include <libdevssh/connection/devssh-connection-internal-private.h>

#include <libdevssh/base/devssh-error.h>

/**
 * DevSshChannelState:
 * @DEVSSH_CHANNEL_STATE_OPENING: it was asked for, and not decided yet
 * @DEVSSH_CHANNEL_STATE_OPEN: data and requests may go both ways
 * @DEVSSH_CHANNEL_STATE_CLOSED: closed by either side, or with its session
 *
 * Where a channel stands in its life.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshChannelState, devssh_channel_state,
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_STATE_OPENING, "opening"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_STATE_OPEN, "open"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_CHANNEL_STATE_CLOSED, "closed"))

/**
 * DevSshChannel:
 *
 * One channel of a session (RFC 4254, section 5): two streams of data, requests, and an end.
 *
 * A channel has one reader: an application that connects to [signal@Channel::data] or
 * [signal@Channel::extended-data], or a stream, a splice or a pipe; the first one has it. What arrives
 * before there is a reader waits for it, in order, and the peer gets no credit for it, so a handler
 * may be connected when the channel is there, or later: it gets everything. It is enough to connect
 * before control returns to the main loop to miss no request either.
 *
 * A channel lives as long as its session knows it; dropping the last reference closes nothing. All
 * calls are made from the thread that runs the session's main context.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshChannel, devssh_channel, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_CHANNEL_TYPE,
  PROP_CHANNEL_ID,
  PROP_REMOTE_CHANNEL_ID,
  PROP_IS_REMOTE,
  PROP_STATE,
  PROP_MANUAL_CREDIT,
  PROP_MANUAL_CLOSE,
  PROP_MAX_WINDOW_SIZE,
  N_PROPS
};
static GParamSpec *properties[N_PROPS];

enum
{
  SIGNAL_DATA,
  SIGNAL_EXTENDED_DATA,
  SIGNAL_EOF,
  SIGNAL_CLOSE_RECEIVED,
  SIGNAL_CLOSED,
  SIGNAL_REQUEST,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* ---- for the other files of this folder ---- */

DevSshChannel *
devssh_channel_new (DevSshConnection *connection,
                    const char       *channel_type,
                    gboolean          is_remote)
{
  DevSshConnectionConfig *config = connection->config;
  DevSshChannel *self = g_object_new (DEVSSH_TYPE_CHANNEL, NULL);

  self->connection = connection;
  self->context = devssh_context_ref (config->context);
  self->done = g_rc_box_acquire (connection->done);
  self->channel_type = g_strdup (channel_type);
  self->is_remote = is_remote != FALSE;
  self->stderr_to_data = config->is_client != FALSE;
  devssh_window_init (&self->window, MIN (config->initial_window, config->max_window), config->max_window);
  return self;
}

void
devssh_channel_emit_data (DevSshChannel *self,
                          GBytes        *bytes)
{
  g_signal_emit (self, signals[SIGNAL_DATA], 0, bytes);
}

void
devssh_channel_emit_extended (DevSshChannel *self,
                              guint32        data_type,
                              GBytes        *bytes)
{
  g_signal_emit (self, signals[SIGNAL_EXTENDED_DATA], 0, data_type, bytes);
}

void
devssh_channel_emit_eof (DevSshChannel *self)
{
  g_signal_emit (self, signals[SIGNAL_EOF], 0);
}

void
devssh_channel_emit_close_received (DevSshChannel *self)
{
  g_signal_emit (self, signals[SIGNAL_CLOSE_RECEIVED], 0);
}

void
devssh_channel_emit_closed (DevSshChannel *self)
{
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

void
devssh_channel_notify_state (DevSshChannel *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

gboolean
devssh_channel_emit_request (DevSshChannel        *self,
                             DevSshChannelRequest *request)
{
  gboolean handled = FALSE;

  g_signal_emit (self, signals[SIGNAL_REQUEST], 0, request, &handled);
  return handled;
}

static gboolean
hears (DevSshChannel *self,
       guint          signal)
{
  return g_signal_has_handler_pending (self, signals[signal], 0, FALSE);
}

gboolean
devssh_channel_hears_data (DevSshChannel *self)
{
  return hears (self, SIGNAL_DATA);
}

gboolean
devssh_channel_hears_extended (DevSshChannel *self)
{
  return hears (self, SIGNAL_EXTENDED_DATA);
}

gboolean
devssh_channel_hears_eof (DevSshChannel *self)
{
  return hears (self, SIGNAL_EOF);
}

gboolean
devssh_channel_hears_closed (DevSshChannel *self)
{
  return hears (self, SIGNAL_CLOSED);
}

gboolean
devssh_channel_watches_state (DevSshChannel *self)
{
  return g_signal_has_handler_pending (self, g_signal_lookup ("notify", G_TYPE_OBJECT),
                                       g_quark_from_static_string ("state"), FALSE);
}

gboolean
devssh_channel_has_request_handler (DevSshChannel *self)
{
  return hears (self, SIGNAL_REQUEST);
}

DevSshContext *
devssh_channel_get_context (DevSshChannel *self)
{
  return self->context;
}

gpointer
devssh_channel_get_session_object (DevSshChannel *self)
{
  return self->session_object;
}

void
devssh_channel_set_session_object (DevSshChannel *self,
                                   gpointer       session)
{
  g_set_weak_pointer (&self->session_object, session);
}

/* ---- class ---- */

static void
devssh_channel_get_property (GObject    *object,
                             guint       prop_id,
                             GValue     *value,
                             GParamSpec *pspec)
{
  DevSshChannel *self = DEVSSH_CHANNEL (object);

  switch (prop_id)
    {
    case PROP_CHANNEL_TYPE:
      g_value_set_string (value, self->channel_type);
      break;

    case PROP_CHANNEL_ID:
      g_value_set_uint (value, self->id);
      break;

    case PROP_REMOTE_CHANNEL_ID:
      g_value_set_uint (value, self->remote_id);
      break;

    case PROP_IS_REMOTE:
      g_value_set_boolean (value, self->is_remote);
      break;

    case PROP_STATE:
      g_value_set_enum (value, devssh_channel_get_state (self));
      break;

    case PROP_MANUAL_CREDIT:
      g_value_set_boolean (value, self->manual_credit);
      break;

    case PROP_MANUAL_CLOSE:
      g_value_set_boolean (value, self->manual_close);
      break;

    case PROP_MAX_WINDOW_SIZE:
      g_value_set_uint (value, devssh_channel_get_max_window_size (self));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_channel_set_property (GObject      *object,
                             guint         prop_id,
                             const GValue *value,
                             GParamSpec   *pspec)
{
  DevSshChannel *self = DEVSSH_CHANNEL (object);

  switch (prop_id)
    {
    case PROP_MANUAL_CREDIT:
      devssh_channel_set_manual_credit (self, g_value_get_boolean (value));
      break;

    case PROP_MANUAL_CLOSE:
      devssh_channel_set_manual_close (self, g_value_get_boolean (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Somebody throws the object away by hand: the peer must not wait for it. The engine holds a reference, so this is
 * never the last one going. */
static void
devssh_channel_dispose (GObject *object)
{
  DevSshChannel *self = DEVSSH_CHANNEL (object);

  /* Dropped in another thread: the last reference goes in the channel's own, which shares with it what no lock guards. */
  if (self->context != NULL && !devssh_context_is_here (self->context))
    {
      devssh_context_take_home (self->context, self);
      return;
    }
  if (self->connection != NULL)
    devssh_channel_close (self);
  g_clear_weak_pointer (&self->session_object);

  G_OBJECT_CLASS (devssh_channel_parent_class)->dispose (object);
}

static void
devssh_channel_finalize (GObject *object)
{
  DevSshChannel *self = DEVSSH_CHANNEL (object);

  devssh_channel_drop_input (self);
  devssh_probe_clear (&self->probe);
  devssh_deadline_clear (&self->parked_until);
  g_clear_pointer (&self->done, g_rc_box_release);
  g_clear_pointer (&self->channel_type, g_free);
  g_clear_pointer (&self->open_message, g_bytes_unref);
  g_clear_pointer (&self->confirmation_message, g_bytes_unref);
  g_clear_pointer (&self->exit_signal, g_free);
  g_clear_pointer (&self->error_message, g_free);
  g_clear_error (&self->error);
  g_clear_pointer (&self->context, devssh_context_unref);

  G_OBJECT_CLASS (devssh_channel_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * DevSshChannel:channel-type: (getter get_channel_type)
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
   * DevSshChannel:channel-id: (getter get_channel_id)
   *
   * The number of the channel on this side.
   *
   * Since: 1.0
   */
  properties[PROP_CHANNEL_ID] =
    g_param_spec_uint ("channel-id", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:remote-channel-id: (getter get_remote_channel_id)
   *
   * The number of the channel on the peer's side; 0 until the peer has told it, which is not notified.
   *
   * Since: 1.0
   */
  properties[PROP_REMOTE_CHANNEL_ID] =
    g_param_spec_uint ("remote-channel-id", NULL, NULL,
                       0, G_MAXUINT, 0,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:is-remote: (getter get_is_remote)
   *
   * Whether the peer opened the channel.
   *
   * Since: 1.0
   */
  properties[PROP_IS_REMOTE] =
    g_param_spec_boolean ("is-remote", NULL, NULL,
                          FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:state: (getter get_state)
   *
   * Where the channel stands in its life; notified, from the main loop, on every change.
   *
   * Since: 1.0
   */
  properties[PROP_STATE] =
    g_param_spec_enum ("state", NULL, NULL,
                       DEVSSH_TYPE_CHANNEL_STATE, DEVSSH_CHANNEL_STATE_OPENING,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:manual-credit: (getter get_manual_credit) (setter set_manual_credit)
   *
   * Whether the application itself gives the peer credit for the data that its handlers got, with
   * [method@Channel.adjust_window]. Otherwise it is given when the handler returns.
   *
   * Since: 1.0
   */
  properties[PROP_MANUAL_CREDIT] =
    g_param_spec_boolean ("manual-credit", NULL, NULL,
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:manual-close: (getter get_manual_close) (setter set_manual_close)
   *
   * Whether the application itself answers when the peer closes the channel. Then
   * [signal@Channel::close-received] is emitted, and until the channel is closed on this side as well, the
   * peer can still be told how a command ended. Otherwise the channel is closed at once.
   *
   * Since: 1.0
   */
  properties[PROP_MANUAL_CLOSE] =
    g_param_spec_boolean ("manual-close", NULL, NULL,
                          FALSE,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshChannel:max-window-size: (getter get_max_window_size)
   *
   * How much the peer may send that nobody has consumed, in bytes. That a window has grown by itself is
   * not notified.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_WINDOW_SIZE] =
    g_param_spec_uint ("max-window-size", NULL, NULL,
                       0, G_MAXUINT, DEVSSH_DEFAULT_MAX_WINDOW_SIZE,
                       G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* For handlers in C, which know that a GBytes is kept by a reference: whoever emits holds it, so none is taken here (design D4). */
static void
marshal_data_va (GClosure *closure,
                 GValue   *return_value,
                 gpointer  instance,
                 va_list   args,
                 gpointer  marshal_data,
                 int       n_params,
                 GType    *param_types)
{
  void (*callback) (gpointer data1, GBytes *bytes, gpointer data2);
  GBytes *bytes;
  va_list copy;

  G_VA_COPY (copy, args);
  bytes = va_arg (copy, GBytes *);
  va_end (copy);

  callback = marshal_data != NULL ? marshal_data : ((GCClosure *) closure)->callback;
  if (G_CCLOSURE_SWAP_DATA (closure))
    callback (closure->data, bytes, instance);
  else
    callback (instance, bytes, closure->data);
}

static void
install_signals (GObjectClass *object_class)
{
  GType type = G_TYPE_FROM_CLASS (object_class);

  /**
   * DevSshChannel::data:
   * @self: the channel
   * @data: what the peer sent; never empty
   *
   * Data has arrived (RFC 4254, section 5.2). Connecting to this signal makes the application the
   * channel's reader: data that arrived before comes next, in order.
   *
   * Since: 1.0
   */
  /* Not of static scope: a handler in JavaScript that keeps the bytes would keep what was freed. */
  signals[SIGNAL_DATA] =
    g_signal_new ("data", type, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, g_cclosure_marshal_VOID__BOXED,
                  G_TYPE_NONE, 1, G_TYPE_BYTES);
  g_signal_set_va_marshaller (signals[SIGNAL_DATA], type, marshal_data_va);

  /**
   * DevSshChannel::extended-data:
   * @self: the channel
   * @data_type: what kind of data, such as `DEVSSH_EXTENDED_DATA_STDERR`
   * @data: what the peer sent; never empty
   *
   * Data beside the main stream has arrived: standard error, as a rule (RFC 4254, section 5.2).
   * Connecting to this signal makes the application the channel's reader, as with
   * [signal@Channel::data].
   *
   * Without a handler here, a client's handler of [signal@Channel::data] gets what is standard error.
   * All else that nobody listens to is dropped.
   *
   * Since: 1.0
   */
  signals[SIGNAL_EXTENDED_DATA] =
    g_signal_new ("extended-data", type, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL,
                  G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_BYTES);

  /**
   * DevSshChannel::eof:
   * @self: the channel
   *
   * The peer sends no more data on this channel; it may still receive (RFC 4254, section 5.3).
   *
   * Since: 1.0
   */
  signals[SIGNAL_EOF] =
    g_signal_new ("eof", type, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, g_cclosure_marshal_VOID__VOID,
                  G_TYPE_NONE, 0);
  g_signal_set_va_marshaller (signals[SIGNAL_EOF], type, g_cclosure_marshal_VOID__VOIDv);

  /**
   * DevSshChannel::close-received:
   * @self: the channel
   *
   * With [property@Channel:manual-close]: the peer has closed the channel (RFC 4254, section 5.3). It
   * sends nothing more and takes no data any more; what was still to be sent is dropped. An OpenSSH
   * client does that as soon as the data of both sides has come to its end, and still waits for the
   * exit status. Now, or when the status is known, close the channel.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSE_RECEIVED] =
    g_signal_new ("close-received", type, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * DevSshChannel::closed:
   * @self: the channel
   *
   * The channel is closed: by either side, or because its session ended; or it was refused while a handler
   * was here already. It is the last signal of the channel, and comes once. [method@Channel.get_exit_status], [method@Channel.get_exit_signal] and
   * [method@Channel.get_error] say how it ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", type, G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, g_cclosure_marshal_VOID__VOID,
                  G_TYPE_NONE, 0);
  g_signal_set_va_marshaller (signals[SIGNAL_CLOSED], type, g_cclosure_marshal_VOID__VOIDv);

  /**
   * DevSshChannel::request:
   * @self: the channel
   * @request: what the peer asks
   *
   * The peer asks something of the channel (RFC 4254, section 5.4). To answer later, keep a reference
   * to @request, return %TRUE, and call [method@ChannelRequest.complete] when the answer is known. Each
   * request is shown as it comes, while earlier ones may still be unanswered; when 16 are, more are
   * refused.
   *
   * Returns: %TRUE if the request is taken, %FALSE to ask the next handler
   *
   * Since: 1.0
   */
  signals[SIGNAL_REQUEST] =
    g_signal_new ("request", type, G_SIGNAL_RUN_LAST, 0,
                  g_signal_accumulator_true_handled, NULL, NULL,
                  G_TYPE_BOOLEAN, 1, DEVSSH_TYPE_CHANNEL_REQUEST);
}

static void
devssh_channel_class_init (DevSshChannelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_channel_get_property;
  object_class->set_property = devssh_channel_set_property;
  object_class->dispose = devssh_channel_dispose;
  object_class->finalize = devssh_channel_finalize;

  install_properties (object_class);
  install_signals (object_class);
}

static void
devssh_channel_init (DevSshChannel *self)
{
  self->exit_status = -1;
  g_queue_init (&self->requests);
  g_queue_init (&self->parked);
  g_queue_init (&self->bundled);
}

/* ---- public ---- */

/**
 * devssh_channel_get_channel_type:
 * @self: a channel
 *
 * The type of the channel (RFC 4250, section 4.9.1).
 *
 * Returns: the type
 *
 * Since: 1.0
 */
const char *
devssh_channel_get_channel_type (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->channel_type;
}

/**
 * devssh_channel_get_channel_id:
 * @self: a channel
 *
 * The number of the channel on this side. Numbers are never used again within a session.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
devssh_channel_get_channel_id (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->id;
}

/**
 * devssh_channel_get_remote_channel_id:
 * @self: a channel
 *
 * The number of the channel on the peer's side.
 *
 * Returns: the number; 0 until the peer has told it
 *
 * Since: 1.0
 */
guint
devssh_channel_get_remote_channel_id (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->remote_id;
}

/**
 * devssh_channel_get_is_remote:
 * @self: a channel
 *
 * Whether the peer opened the channel.
 *
 * Returns: %TRUE if it did
 *
 * Since: 1.0
 */
gboolean
devssh_channel_get_is_remote (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  return self->is_remote;
}

/**
 * devssh_channel_get_state:
 * @self: a channel
 *
 * Where the channel stands in its life. A channel of a session that lost its connection and may be
 * resumed is still open.
 *
 * Returns: the state
 *
 * Since: 1.0
 */
DevSshChannelState
devssh_channel_get_state (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), DEVSSH_CHANNEL_STATE_CLOSED);

  if (self->closed)
    return DEVSSH_CHANNEL_STATE_CLOSED;

  return self->opened ? DEVSSH_CHANNEL_STATE_OPEN : DEVSSH_CHANNEL_STATE_OPENING;
}

/**
 * devssh_channel_get_is_closed:
 * @self: a channel
 *
 * Whether the channel is closed, so that nothing more can be sent on it.
 *
 * Returns: %TRUE if the state is %DEVSSH_CHANNEL_STATE_CLOSED
 *
 * Since: 1.0
 */
gboolean
devssh_channel_get_is_closed (DevSshChannel *self)
{
  return devssh_channel_get_state (self) == DEVSSH_CHANNEL_STATE_CLOSED;
}

/**
 * devssh_channel_get_max_window_size:
 * @self: a channel
 *
 * How much the peer may send that nobody has consumed yet (RFC 4254, section 5.2). A window that
 * nobody has set grows with what is read within a round trip.
 *
 * Returns: the size of the receive window in bytes
 *
 * Since: 1.0
 */
guint
devssh_channel_get_max_window_size (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->window.size;
}

/**
 * devssh_channel_set_max_window_size:
 * @self: a channel that the peer opens, while it is decided about
 * @size: the size of the receive window in bytes
 * @error: return location for an error
 *
 * Sets the receive window. It is a promise: the window will not grow. It can be made until the peer
 * was told, so for a channel that the peer opens while its [class@ChannelOpening] is unanswered, and
 * for one of our own when it is opened.
 *
 * Returns: %TRUE; or %FALSE and `DEVSSH_ERROR_INVALID_STATE` if the peer was told already, or
 *   `DEVSSH_ERROR_INVALID_CONFIG` if @size is less than the maximum packet size of the session
 *
 * Since: 1.0
 */
gboolean
devssh_channel_set_max_window_size (DevSshChannel  *self,
                                    guint           size,
                                    GError        **error)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  if (!devssh_context_check_here (self->context, G_STRFUNC, error))
    return FALSE;

  if (self->window_announced || self->connection == NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                           "The peer knows the window of this channel already");
      return FALSE;
    }
  if (size < self->connection->config->max_packet)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "A window of %u bytes is smaller than a packet of %u",
                   size, self->connection->config->max_packet);
      return FALSE;
    }

  devssh_window_init (&self->window, size, size);
  self->fixed_window = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_WINDOW_SIZE]);
  return TRUE;
}

/**
 * devssh_channel_get_max_packet_size:
 * @self: a channel
 *
 * How many bytes of data the peer accepts in one message (RFC 4254, section 5.1). Longer sends are
 * taken apart.
 *
 * Returns: the size in bytes; 0 until the peer has told it
 *
 * Since: 1.0
 */
guint
devssh_channel_get_max_packet_size (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->peer_packet;
}

/**
 * devssh_channel_get_bytes_sent:
 * @self: a channel
 *
 * How many bytes of data and extended data have left on this channel.
 *
 * Returns: the number of bytes, without any framing
 *
 * Since: 1.0
 */
guint64
devssh_channel_get_bytes_sent (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->bytes_sent;
}

/**
 * devssh_channel_get_bytes_received:
 * @self: a channel
 *
 * How many bytes of data and extended data have arrived on this channel, consumed or not.
 *
 * Returns: the number of bytes, without any framing
 *
 * Since: 1.0
 */
guint64
devssh_channel_get_bytes_received (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->bytes_received;
}

/**
 * devssh_channel_get_dropped_requests:
 * @self: a channel
 *
 * How many requests of the peer were refused unasked, because too many were unanswered.
 *
 * Returns: the number of requests
 *
 * Since: 1.0
 */
guint
devssh_channel_get_dropped_requests (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), 0);

  return self->dropped_requests;
}

/**
 * devssh_channel_get_open_message:
 * @self: a channel
 *
 * The whole SSH_MSG_CHANNEL_OPEN (90), as it was sent or received (RFC 4254, section 5.1).
 *
 * Returns: (transfer none): the message, from its number on
 *
 * Since: 1.0
 */
GBytes *
devssh_channel_get_open_message (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->open_message;
}

/**
 * devssh_channel_get_open_confirmation_message:
 * @self: a channel
 *
 * The whole SSH_MSG_CHANNEL_OPEN_CONFIRMATION (91), as it was sent or received (RFC 4254, section
 * 5.1).
 *
 * Returns: (transfer none) (nullable): the message, from its number on, or %NULL if there was none yet
 *
 * Since: 1.0
 */
GBytes *
devssh_channel_get_open_confirmation_message (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->confirmation_message;
}

/**
 * devssh_channel_get_exit_status:
 * @self: a channel
 *
 * How the command on this channel ended (RFC 4254, section 6.10), as the peer told or as it was told
 * the peer.
 *
 * Returns: the exit status, or -1 if there is none
 *
 * Since: 1.0
 */
gint64
devssh_channel_get_exit_status (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), -1);

  return self->exit_status;
}

/**
 * devssh_channel_get_exit_signal:
 * @self: a channel
 *
 * The signal that ended the command on this channel (RFC 4254, section 6.10).
 *
 * Returns: (nullable): the name without `SIG`, or %NULL if there was none
 *
 * Since: 1.0
 */
const char *
devssh_channel_get_exit_signal (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->exit_signal;
}

/**
 * devssh_channel_get_error_message:
 * @self: a channel
 *
 * The text that came with [method@Channel.get_exit_signal], fit to be shown.
 *
 * Returns: (nullable): the text, or %NULL if there was no signal
 *
 * Since: 1.0
 */
const char *
devssh_channel_get_error_message (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->error_message;
}

/**
 * devssh_channel_get_error:
 * @self: a channel
 *
 * What ended the channel, if neither side closed it: the error that ended the session.
 *
 * Returns: (transfer none) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
const GError *
devssh_channel_get_error (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), NULL);

  return self->error;
}

/**
 * devssh_channel_get_manual_credit:
 * @self: a channel
 *
 * Gets [property@Channel:manual-credit].
 *
 * Returns: %TRUE if the application gives credit itself
 *
 * Since: 1.0
 */
gboolean
devssh_channel_get_manual_credit (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  return self->manual_credit;
}

/**
 * devssh_channel_get_manual_close: (get-property manual-close)
 * @self: a channel
 *
 * Asks whether the application itself answers when the peer closes the channel.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
devssh_channel_get_manual_close (DevSshChannel *self)
{
  g_return_val_if_fail (DEVSSH_IS_CHANNEL (self), FALSE);

  return self->manual_close;
}
