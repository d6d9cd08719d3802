/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is the peer still there? (protocol.md 3.6; T-43, T-62, T-63)
 *
 * One deadline a session. A message that comes costs no more than the time that its transport notes down: when the deadline
 * comes and something has come meanwhile, it moves. */
#include <libdevssh/session/devssh-session-private.h>

/* What has arrived while something else kept the loop busy lies in the socket, or in the loop: turns that are given to it
 * before anybody says that there is nothing. */
#define LOOKS 2

struct _DevSshKeepalive
{
  DevSshDeadline  deadline;
  DevSshSession  *session;    /* whose part we are */
  gint64          interval;
  gint64          begun;      /* the interval that runs, unless a message begins another */
  gint64          due;        /* what the deadline was set to */
  guint64         heard;      /* messages of the peer at the last expiry */
  guint           looks;
  gboolean        stood_still;
  guint           succeeded;
  guint           failed;
};

void
devssh_keepalive_free (DevSshKeepalive *self)
{
  devssh_deadline_clear (&self->deadline);
  g_free (self);
}

static gboolean
devssh_keepalive_may_ask (DevSshKeepalive *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);

  return priv->end == DEVSSH_SESSION_ALIVE && priv->connected
         && (priv->authenticated || devssh_transport_is_no_security (priv->pump->transport));
}

static void devssh_keepalive_deadline_cb (DevSshDeadline *deadline);

static void
devssh_keepalive_wait_until (DevSshKeepalive *self,
                             gint64           due)
{
  self->looks = 0;
  self->due = due;
  devssh_deadline_set (&self->deadline, devssh_session_get_private (self->session)->context, due,
                       devssh_keepalive_deadline_cb);
}

static void
devssh_keepalive_begin (DevSshKeepalive *self)
{
  self->begun = devssh_context_get_time (devssh_session_get_private (self->session)->context);
  devssh_keepalive_wait_until (self, self->begun + self->interval);
}

/* The peer has said nothing for a whole interval. Was there anything since the interval before? */
static void
devssh_keepalive_expire (DevSshKeepalive *self)
{
  g_autoptr(DevSshSession) session = g_object_ref (self->session);
  DevSshSessionPrivate *priv = devssh_session_get_private (session);
  guint64 received = devssh_transport_get_messages_received (priv->pump->transport);
  guint limit = devssh_session_config_get_max_missed_keepalives (priv->config);
  gboolean succeeded = received != self->heard;
  gboolean lost;
  guint count;
  gsize waiting;

  self->heard = received;
  self->succeeded = succeeded ? self->succeeded + 1 : 0;
  self->failed = succeeded ? 0 : self->failed + 1;
  count = succeeded ? self->succeeded : self->failed;
  lost = !succeeded && count == limit;
  devssh_transport_get_output (priv->pump->transport, &waiting);
  if (!succeeded && waiting > 0)
    DEVSSH_TRACE (priv->tracer, WARNING, KEEPALIVE_FAILED,
                  "The peer is silent, and the stream does not take the keepalive request (%u in a row)", count);
  else if (!succeeded)
    DEVSSH_TRACE (priv->tracer, WARNING, KEEPALIVE_RESPONSE_NOT_RECEIVED,
                  "The peer did not answer a keepalive request (%u in a row)", count);

  /* All is settled before a handler runs: it may close, or nest. Nothing is put behind a request that has not left yet. */
  if (succeeded || (!lost && waiting == 0))
    devssh_connection_send_keepalive (priv->pump->connection);
  devssh_keepalive_begin (self);
  devssh_pump_wake (priv->pump);
  devssh_session_emit_keepalive (session, succeeded, count);

  /* Something may have come after all, if a handler ran the loop. */
  if (lost && devssh_keepalive_may_ask (self) && self->failed >= limit
      && devssh_transport_get_messages_received (priv->pump->transport) == received)
    devssh_session_connection_lost (session, "the peer does not answer");
}

static void
devssh_keepalive_deadline_cb (DevSshDeadline *deadline)
{
  DevSshKeepalive *self = (DevSshKeepalive *) ((guint8 *) deadline - G_STRUCT_OFFSET (DevSshKeepalive, deadline));
  DevSshSessionPrivate *priv = devssh_session_get_private (self->session);
  gint64 now = devssh_context_get_time (priv->context);
  gint64 due = MAX (self->begun, devssh_transport_get_received_at (priv->pump->transport)) + self->interval;

  if (now < due)
    {
      devssh_keepalive_wait_until (self, due);
      return;
    }

  if (self->looks == 0)
    self->stood_still = now - self->due >= self->interval;
  if (self->looks < LOOKS)
    {
      self->looks++;
      devssh_deadline_set (&self->deadline, priv->context, now, devssh_keepalive_deadline_cb);
      return;
    }

  if (!self->stood_still)
    {
      devssh_keepalive_expire (self);
      return;
    }

  /* The computer slept, or the program was stopped: nobody can say what the peer did in that time. It is asked, once (T-63). */
  devssh_connection_send_keepalive (priv->pump->connection);
  devssh_keepalive_begin (self);
}

void
devssh_session_keepalive_restart (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  guint interval = devssh_session_config_get_keepalive_interval (priv->config);

  if (interval == 0)
    return;

  if (priv->keepalive == NULL)
    {
      priv->keepalive = g_new0 (DevSshKeepalive, 1);
      priv->keepalive->session = self;
      priv->keepalive->interval = interval * G_TIME_SPAN_SECOND;
    }
  devssh_session_keepalive_suspend (self);
  if (!devssh_keepalive_may_ask (priv->keepalive))
    return;

  /* What has led to here has come from the peer. */
  priv->keepalive->heard = G_MAXUINT64;
  devssh_keepalive_begin (priv->keepalive);
}

void
devssh_session_keepalive_suspend (DevSshSession *self)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (priv->keepalive != NULL)
    devssh_deadline_clear (&priv->keepalive->deadline);
}
