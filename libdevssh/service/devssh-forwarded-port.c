/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is known of a forwarded port, which channels run through it, and how it ends. */
#include <libdevssh/service/devssh-forwarded-port.h>

typedef struct
{
  guint64 sent;
  guint64 received;
} Bytes;

typedef struct
{
  char       *local_host;
  char       *remote_host;
  guint       local_port;
  guint       remote_port;
  GListStore *channels;       /* (element-type DevSshChannel) */
  Bytes       gone;           /* what ran through channels that are closed by now */
  GBytes     *reply;
  gboolean    is_remote;
  gboolean    is_closed;
} DevSshForwardedPortPrivate;

/**
 * DevSshForwardedPort:
 *
 * A port that is forwarded, and the handle that ends it.
 *
 * Objects come from [iface@PortForwarder], and services that forward ports derive
 * from this class. Closing a port, or dropping the session, ends the forwarding; what
 * runs through it already goes on. Dropping the object does not: the service
 * that made it keeps it until it is closed.
 *
 * Since: 1.0
 */

/**
 * DevSshForwardedPortClass:
 * @close: ends the forwarding
 *
 * What a service does to end a forwarding of its own.
 *
 * Since: 1.0
 */

/**
 * DevSshForwardedPortClass::close:
 * @self: a forwarded port
 *
 * Ends the forwarding. Called once.
 *
 * Since: 1.0
 */
G_DEFINE_TYPE_WITH_PRIVATE (DevSshForwardedPort, devssh_forwarded_port, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_LOCAL_HOST,
  PROP_LOCAL_PORT,
  PROP_REMOTE_HOST,
  PROP_REMOTE_PORT,
  PROP_IS_REMOTE,
  PROP_IS_CLOSED,
  PROP_CHANNELS,
  PROP_BYTES_SENT,
  PROP_BYTES_RECEIVED,
  PROP_REPLY,
  N_PROPS
};
enum { SIGNAL_CLOSED, SIGNAL_STREAM_OPENED, N_SIGNALS };
static GParamSpec *properties[N_PROPS];
static guint       signals[N_SIGNALS];

static void
devssh_forwarded_port_real_close (DevSshForwardedPort *self)
{
}

static Bytes
count (DevSshForwardedPortPrivate *priv)
{
  Bytes bytes = priv->gone;
  guint n = g_list_model_get_n_items (G_LIST_MODEL (priv->channels));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr(DevSshChannel) channel = g_list_model_get_item (G_LIST_MODEL (priv->channels), i);

      bytes.sent += devssh_channel_get_bytes_sent (channel);
      bytes.received += devssh_channel_get_bytes_received (channel);
    }

  return bytes;
}

static void
devssh_forwarded_port_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DevSshForwardedPortPrivate *priv =
    devssh_forwarded_port_get_instance_private (DEVSSH_FORWARDED_PORT (object));

  switch (prop_id)
    {
    case PROP_LOCAL_HOST:
      g_value_set_string (value, priv->local_host);
      break;
    case PROP_LOCAL_PORT:
      g_value_set_uint (value, priv->local_port);
      break;
    case PROP_REMOTE_HOST:
      g_value_set_string (value, priv->remote_host);
      break;
    case PROP_REMOTE_PORT:
      g_value_set_uint (value, priv->remote_port);
      break;
    case PROP_IS_REMOTE:
      g_value_set_boolean (value, priv->is_remote);
      break;
    case PROP_IS_CLOSED:
      g_value_set_boolean (value, priv->is_closed);
      break;
    case PROP_CHANNELS:
      g_value_set_object (value, priv->channels);
      break;
    case PROP_BYTES_SENT:
      g_value_set_uint64 (value, count (priv).sent);
      break;
    case PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, count (priv).received);
      break;
    case PROP_REPLY:
      g_value_set_boxed (value, priv->reply);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_forwarded_port_set_property (GObject      *object,
                                    guint         prop_id,
                                    const GValue *value,
                                    GParamSpec   *pspec)
{
  DevSshForwardedPortPrivate *priv =
    devssh_forwarded_port_get_instance_private (DEVSSH_FORWARDED_PORT (object));

  switch (prop_id)
    {
    case PROP_LOCAL_HOST:
      priv->local_host = g_value_dup_string (value);
      break;
    case PROP_LOCAL_PORT:
      priv->local_port = g_value_get_uint (value);
      break;
    case PROP_REMOTE_HOST:
      priv->remote_host = g_value_dup_string (value);
      break;
    case PROP_REMOTE_PORT:
      priv->remote_port = g_value_get_uint (value);
      break;
    case PROP_IS_REMOTE:
      priv->is_remote = g_value_get_boolean (value);
      break;
    case PROP_REPLY:
      priv->reply = g_value_dup_boxed (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_forwarded_port_finalize (GObject *object)
{
  DevSshForwardedPortPrivate *priv =
    devssh_forwarded_port_get_instance_private (DEVSSH_FORWARDED_PORT (object));

  g_free (priv->local_host);
  g_free (priv->remote_host);
  g_object_unref (priv->channels);
  g_clear_pointer (&priv->reply, g_bytes_unref);

  G_OBJECT_CLASS (devssh_forwarded_port_parent_class)->finalize (object);
}

static void
install_ends (void)
{
  /**
   * DevSshForwardedPort:local-host: (getter get_local_host)
   *
   * The address that listens here, or the host to which connections from the remote side go; the
   * path, beginning with `/`, if that is a Unix socket.
   *
   * Since: 1.0
   */
  properties[PROP_LOCAL_HOST] =
    g_param_spec_string ("local-host", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:local-port: (getter get_local_port)
   *
   * The port on this side; 0 if there is none, for connections are streams, or nobody listens, or it
   * is a Unix socket. A port that is only recorded has one when it begins to listen, and says so.
   *
   * Since: 1.0
   */
  properties[PROP_LOCAL_PORT] =
    g_param_spec_uint ("local-port", NULL, NULL, 0, G_MAXUINT16, 0,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:remote-host: (getter get_remote_host)
   *
   * The address that listens on the remote side, or the host to which it connects; the path,
   * beginning with `/`, if that is a Unix socket; %NULL if only the peer knows.
   *
   * Since: 1.0
   */
  properties[PROP_REMOTE_HOST] =
    g_param_spec_string ("remote-host", NULL, NULL, NULL,
                         G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:remote-port: (getter get_remote_port)
   *
   * The port on the remote side; 0 if there is none.
   *
   * Since: 1.0
   */
  properties[PROP_REMOTE_PORT] =
    g_param_spec_uint ("remote-port", NULL, NULL, 0, G_MAXUINT16, 0,
                       G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:is-remote: (getter get_is_remote)
   *
   * %TRUE if connections come in on this side and go to the remote one; %FALSE if they come from there.
   *
   * Since: 1.0
   */
  properties[PROP_IS_REMOTE] =
    g_param_spec_boolean ("is-remote", NULL, NULL, FALSE,
                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static void
install_state (void)
{
  /**
   * DevSshForwardedPort:is-closed: (getter get_is_closed)
   *
   * Whether the forwarding has ended.
   *
   * Since: 1.0
   */
  properties[PROP_IS_CLOSED] =
    g_param_spec_boolean ("is-closed", NULL, NULL, FALSE,
                          G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:channels: (getter get_channels)
   *
   * The channels, [class@Channel], that run through the port now. A channel leaves
   * after its [signal@Channel::closed].
   *
   * Since: 1.0
   */
  properties[PROP_CHANNELS] =
    g_param_spec_object ("channels", NULL, NULL, G_TYPE_LIST_MODEL,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:bytes-sent: (getter get_bytes_sent)
   *
   * How many bytes went to the remote side, through all channels that the port has had.
   *
   * The number is always that of now; that it has changed is said only when a channel
   * is closed, for it changes with every packet.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SENT] =
    g_param_spec_uint64 ("bytes-sent", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:bytes-received: (getter get_bytes_received)
   *
   * How many bytes came from the remote side, through all channels that the port has had; see
   * [property@ForwardedPort:bytes-sent].
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_RECEIVED] =
    g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0,
                         G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * DevSshForwardedPort:reply: (getter get_reply)
   *
   * What the peer's answer to our request carried, with the fields that its application has
   * added; [func@PortForwardMessage.parse_success] reads it. %NULL if the peer was not asked.
   *
   * Since: 1.0
   */
  properties[PROP_REPLY] =
    g_param_spec_boxed ("reply", NULL, NULL, G_TYPE_BYTES,
                        G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
}

static void
devssh_forwarded_port_class_init (DevSshForwardedPortClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = devssh_forwarded_port_get_property;
  object_class->set_property = devssh_forwarded_port_set_property;
  object_class->finalize = devssh_forwarded_port_finalize;
  klass->close = devssh_forwarded_port_real_close;

  install_ends ();
  install_state ();
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * DevSshForwardedPort::closed:
   * @self: the port
   *
   * Emitted once, when the forwarding has ended: it was closed here, the peer cancelled it,
   * or the session ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_CLOSED] =
    g_signal_new ("closed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * DevSshForwardedPort::stream-opened:
   * @self: the port
   * @stream: the connection
   *
   * Emitted for each connection to a port of [method@PortForwarder.stream_from_remote_port_async].
   * Keep a reference to @stream: when nobody has one, the connection is closed.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STREAM_OPENED] =
    g_signal_new ("stream-opened", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                  NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_IO_STREAM);
}

static void
devssh_forwarded_port_init (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  priv->channels = g_list_store_new (DEVSSH_TYPE_CHANNEL);
}

/**
 * devssh_forwarded_port_get_local_host: (get-property local-host)
 * @self: a forwarded port
 *
 * Gets the address that listens on this side, or the host to which connections go.
 *
 * Returns: (nullable): the host; %NULL if there is none
 *
 * Since: 1.0
 */
const char *
devssh_forwarded_port_get_local_host (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), NULL);

  return priv->local_host;
}

/**
 * devssh_forwarded_port_get_local_port: (get-property local-port)
 * @self: a forwarded port
 *
 * Gets the port on this side.
 *
 * Returns: the port; 0 if there is none
 *
 * Since: 1.0
 */
guint
devssh_forwarded_port_get_local_port (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), 0);

  return priv->local_port;
}

/**
 * devssh_forwarded_port_get_remote_host: (get-property remote-host)
 * @self: a forwarded port
 *
 * Gets the address that listens on the remote side, or the host to which it connects.
 *
 * Returns: (nullable): the host; %NULL if only the peer knows
 *
 * Since: 1.0
 */
const char *
devssh_forwarded_port_get_remote_host (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), NULL);

  return priv->remote_host;
}

/**
 * devssh_forwarded_port_get_remote_port: (get-property remote-port)
 * @self: a forwarded port
 *
 * Gets the port on the remote side.
 *
 * Returns: the port; 0 if there is none
 *
 * Since: 1.0
 */
guint
devssh_forwarded_port_get_remote_port (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), 0);

  return priv->remote_port;
}

/**
 * devssh_forwarded_port_get_is_remote: (get-property is-remote)
 * @self: a forwarded port
 *
 * Asks in which direction connections go.
 *
 * Returns: %TRUE if they come in on this side and go to the remote one, %FALSE if they come from there
 *
 * Since: 1.0
 */
gboolean
devssh_forwarded_port_get_is_remote (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), FALSE);

  return priv->is_remote;
}

/**
 * devssh_forwarded_port_get_is_closed: (get-property is-closed)
 * @self: a forwarded port
 *
 * Asks whether the forwarding has ended.
 *
 * Returns: %TRUE if it has
 *
 * Since: 1.0
 */
gboolean
devssh_forwarded_port_get_is_closed (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), FALSE);

  return priv->is_closed;
}

/**
 * devssh_forwarded_port_get_channels: (get-property channels)
 * @self: a forwarded port
 *
 * Gets the channels, [class@Channel], that run through the port now; closing the port
 * leaves them running.
 *
 * Returns: (transfer none): a list that follows what happens
 *
 * Since: 1.0
 */
GListModel *
devssh_forwarded_port_get_channels (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), NULL);

  return G_LIST_MODEL (priv->channels);
}

/**
 * devssh_forwarded_port_get_bytes_sent: (get-property bytes-sent)
 * @self: a forwarded port
 *
 * Gets how many bytes went to the remote side, through all channels that the port has had.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
devssh_forwarded_port_get_bytes_sent (DevSshForwardedPort *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), 0);

  return count (devssh_forwarded_port_get_instance_private (self)).sent;
}

/**
 * devssh_forwarded_port_get_bytes_received: (get-property bytes-received)
 * @self: a forwarded port
 *
 * Gets how many bytes came from the remote side, through all channels that the port has had.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
devssh_forwarded_port_get_bytes_received (DevSshForwardedPort *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), 0);

  return count (devssh_forwarded_port_get_instance_private (self)).received;
}

/**
 * devssh_forwarded_port_get_reply: (get-property reply)
 * @self: a forwarded port
 *
 * Gets what the peer's answer to our request carried; [func@PortForwardMessage.parse_success] reads it.
 *
 * Returns: (transfer none) (nullable): the payload; %NULL if the peer was not asked
 *
 * Since: 1.0
 */
GBytes *
devssh_forwarded_port_get_reply (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), NULL);

  return priv->reply;
}

/* What stands for the port of a Unix socket; NULL: it is a TCP port, and its host says nothing about which one it is. */
static const char *
path_of (const char *host)
{
  return host != NULL && *host == '/' ? host : NULL;
}

/**
 * devssh_forwarded_port_equal:
 * @self: a forwarded port
 * @other: another one
 *
 * Compares both ports and the direction; hosts do not count, but paths of Unix sockets do.
 *
 * Returns: %TRUE if they are the same
 *
 * Since: 1.0
 */
gboolean
devssh_forwarded_port_equal (DevSshForwardedPort *self,
                             DevSshForwardedPort *other)
{
  DevSshForwardedPortPrivate *a = devssh_forwarded_port_get_instance_private (self);
  DevSshForwardedPortPrivate *b = devssh_forwarded_port_get_instance_private (other);

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), FALSE);
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (other), FALSE);

  return a->local_port == b->local_port
         && a->remote_port == b->remote_port
         && a->is_remote == b->is_remote
         && g_strcmp0 (path_of (a->local_host), path_of (b->local_host)) == 0
         && g_strcmp0 (path_of (a->remote_host), path_of (b->remote_host)) == 0;
}

static void
append_end (GString    *text,
            const char *host,
            guint       port)
{
  if (path_of (host) != NULL)
    g_string_append (text, host);
  else if (port != 0)
    g_string_append_printf (text, "%u", port);
}

/**
 * devssh_forwarded_port_to_string:
 * @self: a forwarded port
 *
 * Writes the ports for people: `8080->80` goes from port 8080 here to port 80 on the
 * remote side, `8080<-80` comes from there. A side without a port is left out, as in `->80`; a
 * Unix socket is its path.
 *
 * Returns: (transfer full): the text
 *
 * Since: 1.0
 */
char *
devssh_forwarded_port_to_string (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);
  GString *text;

  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT (self), NULL);

  text = g_string_new (NULL);

  append_end (text, priv->local_host, priv->local_port);
  g_string_append (text, priv->is_remote ? "->" : "<-");
  append_end (text, priv->remote_host, priv->remote_port);

  return g_string_free (text, FALSE);
}

/**
 * devssh_forwarded_port_close:
 * @self: a forwarded port
 *
 * Ends the forwarding: nobody listens any more, here or, as soon as the peer has heard
 * of it, there. Channels that run already go on. A second call does nothing.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_close (DevSshForwardedPort *self)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);
  g_autoptr(DevSshForwardedPort) keep = NULL;

  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT (self));

  if (priv->is_closed)
    return;

  keep = g_object_ref (self);
  priv->is_closed = TRUE;
  DEVSSH_FORWARDED_PORT_GET_CLASS (self)->close (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IS_CLOSED]);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

static void
channel_closed_cb (DevSshForwardedPort *self,
                   DevSshChannel       *channel)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);
  guint position;

  g_signal_handlers_disconnect_by_func (channel, channel_closed_cb, self);

  if (!g_list_store_find (priv->channels, channel, &position))
    return;

  g_object_ref (channel);
  priv->gone.sent += devssh_channel_get_bytes_sent (channel);
  priv->gone.received += devssh_channel_get_bytes_received (channel);
  g_list_store_remove (priv->channels, position);

  if (devssh_channel_get_bytes_sent (channel) > 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_SENT]);
  if (devssh_channel_get_bytes_received (channel) > 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_RECEIVED]);
  g_object_unref (channel);
}

/**
 * devssh_forwarded_port_add_channel:
 * @self: a forwarded port
 * @channel: a channel that runs through it
 *
 * For the service that made the port: lists a channel in [property@ForwardedPort:channels]
 * until it is closed.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_add_channel (DevSshForwardedPort *self,
                                   DevSshChannel       *channel)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);

  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT (self));
  g_return_if_fail (DEVSSH_IS_CHANNEL (channel));

  if (devssh_channel_get_is_closed (channel))
    return;

  g_signal_connect_object (channel, "closed", G_CALLBACK (channel_closed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_list_store_append (priv->channels, channel);
}

/**
 * devssh_forwarded_port_set_local:
 * @self: a forwarded port
 * @local_host: (nullable): the address that listens
 * @local_port: the port that listens
 *
 * For the service that made the port: says that a port which was only recorded listens now.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_set_local (DevSshForwardedPort *self,
                                 const char          *local_host,
                                 guint                local_port)
{
  DevSshForwardedPortPrivate *priv = devssh_forwarded_port_get_instance_private (self);
  GObject *object = G_OBJECT (self);

  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT (self));
  g_return_if_fail (local_port <= G_MAXUINT16);

  g_object_freeze_notify (object);

  if (g_strcmp0 (priv->local_host, local_host) != 0)
    {
      g_free (priv->local_host);
      priv->local_host = g_strdup (local_host);
      g_object_notify_by_pspec (object, properties[PROP_LOCAL_HOST]);
    }
  if (priv->local_port != local_port)
    {
      priv->local_port = local_port;
      g_object_notify_by_pspec (object, properties[PROP_LOCAL_PORT]);
    }

  g_object_thaw_notify (object);
}
