/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The question of DevSshPortForwarder::forwarded-port-connecting. */
#include <libdevssh/service/devssh-forwarded-port-connecting-private.h>

#include <libdevssh/base/devssh-question-private.h>

struct _DevSshForwardedPortConnecting
{
  DevSshQuestion  parent_instance;
  char           *path;       /* NULL: it is a port */
  guint           port;
  gboolean        is_incoming;
  GIOStream      *stream;
  GIOStream      *answer;     /* NULL: rejected, or not answered yet */
};

/**
 * DevSshForwardedPortConnecting:
 *
 * A connection of a forwarded port that is about to run: what
 * [signal@PortForwarder::forwarded-port-connecting] carries.
 *
 * A handler lets it run as it is, puts another stream in its place (TLS or compression
 * around [method@ForwardedPortConnecting.get_stream], say), or rejects it; now, or later
 * by keeping a reference.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshForwardedPortConnecting, devssh_forwarded_port_connecting, DEVSSH_TYPE_QUESTION)

static void
devssh_forwarded_port_connecting_refuse (DevSshQuestion *question)
{
  g_clear_object (&DEVSSH_FORWARDED_PORT_CONNECTING (question)->answer);
}

static void
devssh_forwarded_port_connecting_dispose (GObject *object)
{
  DevSshForwardedPortConnecting *self = DEVSSH_FORWARDED_PORT_CONNECTING (object);

  /* First: the parent refuses, and whoever waits may still look. */
  G_OBJECT_CLASS (devssh_forwarded_port_connecting_parent_class)->dispose (object);

  g_clear_object (&self->stream);
  g_clear_object (&self->answer);
}

static void
devssh_forwarded_port_connecting_finalize (GObject *object)
{
  g_free (DEVSSH_FORWARDED_PORT_CONNECTING (object)->path);

  G_OBJECT_CLASS (devssh_forwarded_port_connecting_parent_class)->finalize (object);
}

static void
devssh_forwarded_port_connecting_class_init (DevSshForwardedPortConnectingClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = devssh_forwarded_port_connecting_dispose;
  G_OBJECT_CLASS (klass)->finalize = devssh_forwarded_port_connecting_finalize;
  DEVSSH_QUESTION_CLASS (klass)->refuse = devssh_forwarded_port_connecting_refuse;
}

static void
devssh_forwarded_port_connecting_init (DevSshForwardedPortConnecting *self)
{
}

DevSshForwardedPortConnecting *
devssh_forwarded_port_connecting_new (const char *path,
                                      guint       port,
                                      gboolean    is_incoming,
                                      GIOStream  *stream)
{
  DevSshForwardedPortConnecting *self = g_object_new (DEVSSH_TYPE_FORWARDED_PORT_CONNECTING, NULL);

  self->path = g_strdup (path);
  self->port = port;
  self->is_incoming = is_incoming;
  self->stream = g_object_ref (stream);

  return self;
}

GIOStream *
devssh_forwarded_port_connecting_get_answer (DevSshForwardedPortConnecting *self)
{
  return self->answer;
}

/**
 * devssh_forwarded_port_connecting_get_port:
 * @self: a connection
 *
 * Gets the port that is forwarded: the remote one, or the one to which the peer wants to be connected.
 *
 * Returns: the port; 0 if it is a Unix socket
 *
 * Since: 1.0
 */
guint
devssh_forwarded_port_connecting_get_port (DevSshForwardedPortConnecting *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self), 0);

  return self->port;
}

/**
 * devssh_forwarded_port_connecting_get_path:
 * @self: a connection
 *
 * Gets the Unix socket that is forwarded: the one on the remote side, or the one to which the peer
 * wants to be connected.
 *
 * Returns: (type utf8) (nullable): the path; %NULL if it is a port
 *
 * Since: 1.0
 */
const char *
devssh_forwarded_port_connecting_get_path (DevSshForwardedPortConnecting *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self), NULL);

  return self->path;
}

/**
 * devssh_forwarded_port_connecting_get_is_incoming:
 * @self: a connection
 *
 * Asks which side opened the channel.
 *
 * Returns: %TRUE if the peer did, %FALSE if we did
 *
 * Since: 1.0
 */
gboolean
devssh_forwarded_port_connecting_get_is_incoming (DevSshForwardedPortConnecting *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self), FALSE);

  return self->is_incoming;
}

/**
 * devssh_forwarded_port_connecting_get_stream:
 * @self: a connection
 *
 * Gets the stream to the remote side.
 *
 * Returns: (transfer none): the stream
 *
 * Since: 1.0
 */
GIOStream *
devssh_forwarded_port_connecting_get_stream (DevSshForwardedPortConnecting *self)
{
  g_return_val_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self), NULL);

  return self->stream;
}

static void
answer_with (DevSshForwardedPortConnecting *self,
             GIOStream                     *stream)
{
  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  g_set_object (&self->answer, stream);
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_forwarded_port_connecting_accept:
 * @self: a connection
 *
 * Lets the connection run as it is.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_connecting_accept (DevSshForwardedPortConnecting *self)
{
  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self));

  answer_with (self, self->stream);
}

/**
 * devssh_forwarded_port_connecting_replace:
 * @self: a connection
 * @stream: what to use instead
 *
 * Lets the connection run through @stream, which in turn reads and writes
 * [method@ForwardedPortConnecting.get_stream]. Closing @stream has to close that one.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_connecting_replace (DevSshForwardedPortConnecting *self,
                                          GIOStream                     *stream)
{
  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self));
  g_return_if_fail (G_IS_IO_STREAM (stream));

  answer_with (self, stream);
}

/**
 * devssh_forwarded_port_connecting_reject:
 * @self: a connection
 *
 * Ends the connection: the peer's opening fails if it is not confirmed yet, else the channel is closed.
 *
 * Since: 1.0
 */
void
devssh_forwarded_port_connecting_reject (DevSshForwardedPortConnecting *self)
{
  g_return_if_fail (DEVSSH_IS_FORWARDED_PORT_CONNECTING (self));

  answer_with (self, NULL);
}
