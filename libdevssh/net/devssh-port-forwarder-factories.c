/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The factories of DevSshPortForwarder: kept beside the object, so that whoever implements the interface has them for nothing; and here,
 * for the floor of the interface itself knows no sockets. */
#include <libdevssh/net/devssh-port-forwarder-factories.h>

#include <string.h>

#include <libdevssh/base/devssh-error.h>

/* Held while it is called: it may put another one in its own place. */
typedef struct
{
  GCallback      func;
  gpointer       user_data;
  GDestroyNotify destroy;
} Factory;

static G_DEFINE_QUARK (devssh-listener-factory, listener_factory)
static G_DEFINE_QUARK (devssh-port-forward-message-factory, message_factory)

static void
factory_clear (gpointer data)
{
  Factory *factory = data;

  if (factory->destroy != NULL)
    factory->destroy (factory->user_data);
}

static void
factory_release (gpointer data)
{
  g_rc_box_release_full (data, factory_clear);
}

static void
factory_set (DevSshPortForwarder *self,
             GQuark               quark,
             GCallback            func,
             gpointer             user_data,
             GDestroyNotify       destroy)
{
  Factory *factory = NULL;

  if (func != NULL)
    {
      factory = g_rc_box_new (Factory);
      factory->func = func;
      factory->user_data = user_data;
      factory->destroy = destroy;
    }

  g_object_set_qdata_full (G_OBJECT (self), quark, factory, factory != NULL ? factory_release : NULL);
}

/* NULL: there is none */
static Factory *
factory_acquire (DevSshPortForwarder *self,
                 GQuark               quark)
{
  Factory *factory = g_object_get_qdata (G_OBJECT (self), quark);

  return factory != NULL ? g_rc_box_acquire (factory) : NULL;
}

/* ---- what listens ---- */

/**
 * DevSshListenerFactory:
 * @forwarder: the forwarder
 * @remote_port: the port on the remote side; 0 if it is not known yet, or is not a port
 * @address: the address to listen on, in numbers
 * @local_port: the port to listen on; 0 for any
 * @can_change: whether another port will do as well
 * @chosen_port: (out): the port that listens
 * @user_data: what was given to [method@PortForwarder.set_listener_factory]
 * @error: return location for an error: why there is none
 *
 * Makes the listener for a port that is about to be forwarded.
 *
 * Returns: (transfer full) (nullable): a listener that has @chosen_port; %NULL refuses the forwarding
 *
 * Since: 1.0
 */

/**
 * devssh_port_forwarder_set_listener_factory:
 * @self: a forwarder
 * @factory: (scope notified) (closure user_data) (destroy destroy) (nullable): what makes listeners; %NULL for
 *   the forwarder itself
 * @user_data: for @factory
 * @destroy: called with @user_data when @factory is not needed any more
 *
 * Lets the application listen in the forwarder's place on TCP ports: to choose another port
 * on this side than the peer knows, to use a socket that it has already, or to refuse.
 *
 * For one forwarding, @factory is called with the address that was asked for and may
 * change the port. If that address is loopback or all addresses of IPv4, and this machine
 * knows IPv6, it is called again for the counterpart, and has to listen on the port that
 * it has chosen before. The peer hears nothing of a changed port: to it, the port that it
 * asked for is forwarded. The forwarder closes the listener when the forwarding ends.
 *
 * What listens already stays. Unix sockets are not listened to through @factory. When the session has
 * ended, @factory is not needed any more.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_listener_factory (DevSshPortForwarder   *self,
                                            DevSshListenerFactory  factory,
                                            gpointer               user_data,
                                            GDestroyNotify         destroy)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  factory_set (self, listener_factory_quark (), G_CALLBACK (factory), user_data, destroy);
}

/**
 * devssh_port_forwarder_has_listener_factory:
 * @self: a forwarder
 *
 * For the service that implements the interface: asks whether the application listens in its place.
 *
 * Returns: %TRUE if it does
 *
 * Since: 1.0
 */
gboolean
devssh_port_forwarder_has_listener_factory (DevSshPortForwarder *self)
{
  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), FALSE);

  return g_object_get_qdata (G_OBJECT (self), listener_factory_quark ()) != NULL;
}

static gboolean
check_choice (guint     local_port,
              gboolean  can_change,
              guint     chosen_port,
              GError  **error)
{
  if (chosen_port == 0 || chosen_port > G_MAXUINT16)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "The application listens on %u, which is not a port", chosen_port);
  else if (!can_change && chosen_port != local_port)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "The application listens on port %u where only port %u would do", chosen_port, local_port);
  else
    return TRUE;

  return FALSE;
}

/**
 * devssh_port_forwarder_create_listener:
 * @self: a forwarder
 * @remote_port: the port on the remote side; 0 if it is not known yet
 * @address: the address to listen on, in numbers
 * @local_port: the port to listen on; 0 for any
 * @can_change: whether another port will do as well
 * @chosen_port: (out): the port that listens
 * @error: return location for an error
 *
 * For the service that implements the interface: has the application's factory make a listener.
 *
 * %DEVSSH_ERROR_REFUSED says that it did not and gave no reason, %DEVSSH_ERROR_INVALID_STATE that there
 * is no factory.
 *
 * Returns: (transfer full): the listener, or %NULL
 *
 * Since: 1.0
 */
GSocketListener *
devssh_port_forwarder_create_listener (DevSshPortForwarder  *self,
                                       guint                 remote_port,
                                       const char           *address,
                                       guint                 local_port,
                                       gboolean              can_change,
                                       guint                *chosen_port,
                                       GError              **error)
{
  g_autoptr(GSocketListener) listener = NULL;
  g_autoptr(GError) reason = NULL;
  Factory *factory;
  guint port = local_port;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (chosen_port != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  factory = factory_acquire (self, listener_factory_quark ());
  if (factory == NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE, "The application does not listen itself");
      return NULL;
    }

  listener = ((DevSshListenerFactory) factory->func) (self, remote_port, address, local_port, can_change, &port,
                                                      factory->user_data, &reason);
  factory_release (factory);

  if (listener != NULL && reason == NULL)
    check_choice (local_port, can_change, port, &reason);

  if (listener != NULL && reason == NULL)
    {
      *chosen_port = port;
      return g_steal_pointer (&listener);
    }

  if (listener != NULL)
    g_socket_listener_close (listener);
  if (reason == NULL)
    g_set_error_literal (&reason, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "The application made no listener");
  g_propagate_error (error, g_steal_pointer (&reason));

  return NULL;
}

/* ---- what the messages carry ---- */

/**
 * DevSshPortForwardMessageFactory:
 * @forwarder: the forwarder
 * @kind: what is about to be sent
 * @type: the type of the request, of the request that is answered, or of the channel
 * @port: the port that is forwarded; 0 if the peer is to choose it, and for a Unix socket
 * @payload: what would be sent; [func@PortForwardMessage.parse] and [func@PortForwardMessage.parse_success] read it
 * @user_data: what was given to [method@PortForwarder.set_message_factory]
 * @error: return location for an error: why nothing shall be sent
 *
 * Adds fields of the application's own to a message of forwarding.
 *
 * Returns: (transfer full) (nullable): @payload, perhaps with more bytes behind it; %NULL: nothing shall be sent
 *
 * Since: 1.0
 */

/**
 * devssh_port_forwarder_set_message_factory:
 * @self: a forwarder
 * @factory: (scope notified) (closure user_data) (destroy destroy) (nullable): what adds fields; %NULL for nothing
 * @user_data: for @factory
 * @destroy: called with @user_data when @factory is not needed any more
 *
 * Lets the application put fields of its own behind those that RFC 4254, 7 gives to
 * the messages of forwarding; peers that do not know them ignore them.
 *
 * @factory is called with a request to listen before it is made, with the answer before a
 * request of the peer is granted, and with the opening of each channel. An error of it ends
 * what was going on: the call fails with it, the peer's request is refused, the connection is reset.
 *
 * The other side finds the fields where it decides: [method@SessionRequest.get_payload],
 * [method@ChannelOpening.get_type_data], and [property@ForwardedPort:reply] for an answer.
 *
 * When the session has ended, @factory is not needed any more.
 *
 * Since: 1.0
 */
void
devssh_port_forwarder_set_message_factory (DevSshPortForwarder             *self,
                                           DevSshPortForwardMessageFactory  factory,
                                           gpointer                         user_data,
                                           GDestroyNotify                   destroy)
{
  g_return_if_fail (DEVSSH_IS_PORT_FORWARDER (self));

  factory_set (self, message_factory_quark (), G_CALLBACK (factory), user_data, destroy);
}

static gboolean
begins_with (GBytes *bytes,
             GBytes *start)
{
  gsize length = 0;
  gsize start_length = 0;
  const guint8 *data = g_bytes_get_data (bytes, &length);
  const guint8 *start_data = g_bytes_get_data (start, &start_length);

  return length >= start_length && (start_length == 0 || memcmp (data, start_data, start_length) == 0);
}

/**
 * devssh_port_forwarder_create_message:
 * @self: a forwarder
 * @kind: what is about to be sent
 * @type: the type of the request, of the request that is answered, or of the channel
 * @port: the port that is forwarded
 * @payload: what would be sent
 * @error: return location for an error
 *
 * For the service that implements the interface: lets the application's factory, if there is
 * one, add to a message. What it returns has to begin with @payload: for whom and what the
 * message is, the library says. %DEVSSH_ERROR_REFUSED says that it returned nothing and gave no reason.
 *
 * Returns: (transfer full): what to send; %NULL and an error: nothing
 *
 * Since: 1.0
 */
GBytes *
devssh_port_forwarder_create_message (DevSshPortForwarder           *self,
                                      DevSshPortForwardMessageKind   kind,
                                      const char                    *type,
                                      guint                          port,
                                      GBytes                        *payload,
                                      GError                       **error)
{
  g_autoptr(GBytes) whole = NULL;
  g_autoptr(GError) reason = NULL;
  Factory *factory;

  g_return_val_if_fail (DEVSSH_IS_PORT_FORWARDER (self), NULL);
  g_return_val_if_fail (type != NULL, NULL);
  g_return_val_if_fail (payload != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  factory = factory_acquire (self, message_factory_quark ());
  if (factory == NULL)
    return g_bytes_ref (payload);

  whole = ((DevSshPortForwardMessageFactory) factory->func) (self, kind, type, port, payload, factory->user_data, &reason);
  factory_release (factory);

  /* A handler of another language that throws may come back with nothing at all. */
  if (reason == NULL && whole == NULL)
    g_set_error (&reason, DEVSSH_ERROR, DEVSSH_ERROR_REFUSED, "The application made no “%s”", type);
  else if (reason == NULL && !begins_with (whole, payload))
    g_set_error (&reason, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "The application changed the fields of “%s” instead of adding to them", type);

  if (reason != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }

  return g_steal_pointer (&whole);
}
