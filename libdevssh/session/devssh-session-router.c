/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who handles what an engine says: number -> transport | auth | connection (RFC 4250, 4.1.1). */
#include <libdevssh/session/devssh-session-private.h>

#include <libdevssh/connection/devssh-channel-private.h>

static void
devssh_session_fatal (DevSshSession *self,
                      guint32        reason,
                      const char    *text)
{
  /* The transport writes the DISCONNECT and says FAILED in its next step. */
  devssh_transport_fail (devssh_session_get_private (self)->pump->transport, reason, text);
}

static void
devssh_session_unknown_message (DevSshSession        *self,
                                DevSshTransportEvent *event)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  const DevSshMessageHandlerEntry *entry;
  guint8 number = event->payload[0];
  g_autoptr(GBytes) payload = NULL;
  g_autoptr(GError) error = NULL;

  entry = devssh_session_config_get_message_handler (priv->config, number);
  if (entry == NULL)
    {
      /* RFC 4253, 11.4 */
      devssh_transport_send_unimplemented (priv->pump->transport, event->sequence);
      return;
    }

  payload = g_bytes_new (event->payload, event->length);
  /* The handler may lose the connection, and with it the buffer in which the message lies. */
  if (entry->handler (self, payload, entry->user_data, &error))
    return;

  DEVSSH_TRACE (priv->tracer, ERROR, HANDLE_MESSAGE_FAILED, "The handler of message %u failed: %s",
                number, error != NULL ? error->message : "no reason given");
  if (priv->end == DEVSSH_SESSION_ALIVE)
    devssh_session_fatal (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "A message could not be handled");
}

static void
devssh_session_message (DevSshSession        *self,
                        DevSshTransportEvent *event)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  switch (event->action)
    {
    case DEVSSH_ACTION_AUTH:
      priv->role->auth_message (self, event);
      break;

    case DEVSSH_ACTION_CONNECTION:
    case DEVSSH_ACTION_EARLY:
      devssh_connection_handle (priv->pump->connection, event->payload, event->length, event->buffer,
                                event->action == DEVSSH_ACTION_EARLY, devssh_context_get_time (priv->context));
      break;

    case DEVSSH_ACTION_UNKNOWN:
      devssh_session_unknown_message (self, event);
      break;

    case DEVSSH_ACTION_FATAL:
    case DEVSSH_ACTION_TRANSPORT:
    case DEVSSH_ACTION_EARLY_ADJUST:
    case DEVSSH_ACTION_IGNORE:
    default:
      g_assert_not_reached ();
    }
}

void
devssh_session_route_transport (DevSshSession        *self,
                                DevSshTransportEvent *event)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  switch (event->type)
    {
    case DEVSSH_TRANSPORT_MESSAGE:
      devssh_session_message (self, event);
      break;

    case DEVSSH_TRANSPORT_VERSION:
      devssh_session_notify (self, "remote-version");
      devssh_session_report_progress (self, DEVSSH_PROGRESS_COMPLETED_VERSION_EXCHANGE);
      break;

    case DEVSSH_TRANSPORT_KEX_STARTED:
      if (devssh_transport_get_kex_count (priv->pump->transport) == 0)
        devssh_session_report_progress (self, DEVSSH_PROGRESS_STARTING_KEY_EXCHANGE);
      break;

    case DEVSSH_TRANSPORT_HOST_KEY:
    case DEVSSH_TRANSPORT_NEED_HOST_KEY:
      priv->role->host_key (self, event);
      break;

    case DEVSSH_TRANSPORT_KEX_DONE:
      if (event->flag && !devssh_transport_is_no_security (priv->pump->transport))
        {
          devssh_session_report_progress (self, DEVSSH_PROGRESS_COMPLETED_KEY_EXCHANGE);
          if (priv->end == DEVSSH_SESSION_ALIVE && priv->role->keyed != NULL)
            priv->role->keyed (self);
        }
      break;

    case DEVSSH_TRANSPORT_RECONNECT_ENABLED:
      devssh_session_check_reconnect (self);
      break;

    case DEVSSH_TRANSPORT_RESUME_REQUEST:
    case DEVSSH_TRANSPORT_RESUME_ANSWER:
      priv->role->resume_message (self, event);
      break;

    case DEVSSH_TRANSPORT_EXT_INFO:
      priv->role->ext_info (self);
      devssh_session_notify (self, "protocol-extensions");
      break;

    case DEVSSH_TRANSPORT_SERVICE_REQUEST:
      {
        /* The text is gone with the next event, which a service that is being made may wait for. */
        g_autofree char *name = g_strdup (event->text);

        devssh_session_service_requested (self, name);
        break;
      }

    case DEVSSH_TRANSPORT_SERVICE_ACCEPT:
      devssh_session_service_accepted (self, event->text);
      break;

    case DEVSSH_TRANSPORT_DEBUG:
      /* The transport has noted it. */
      break;

    case DEVSSH_TRANSPORT_UNIMPLEMENTED:
      DEVSSH_TRACE (priv->tracer, WARNING, DEBUG_MESSAGE, "The peer does not know our packet %u", event->sequence);
      break;

    case DEVSSH_TRANSPORT_DISCONNECTED:
      if (event->reason == DEVSSH_DISCONNECT_REASON_CONNECTION_LOST && devssh_session_may_resume (self))
        devssh_session_disconnect (self, event->text[0] != '\0' ? event->text : "the peer says so");
      else
        devssh_session_end (self, event->reason, event->text, NULL, DEVSSH_END_BY_PEER);
      break;

    case DEVSSH_TRANSPORT_FAILED:
      devssh_session_end (self, event->reason, event->text, NULL, DEVSSH_END_FATAL);
      break;

    case DEVSSH_TRANSPORT_NEED_INPUT:
    case DEVSSH_TRANSPORT_HELD:
    case DEVSSH_TRANSPORT_END:
    default:
      g_assert_not_reached ();
    }
}

/* A question about a channel or request: to its service, or to the application; then the engine learns what came of it. */
static void
devssh_session_route_question (DevSshSession  *self,
                               DevSshQuestion *question)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);
  gboolean listened = FALSE;
  gboolean handled;

  devssh_question_begin (question);
  handled = devssh_session_ask (self, question, &listened);
  if (priv->pump != NULL)
    devssh_connection_question_shown (priv->pump->connection, question, handled, !listened);
}

void
devssh_session_route_connection (DevSshSession         *self,
                                 DevSshConnectionEvent *event)
{
  DevSshSessionPrivate *priv = devssh_session_get_private (self);

  if (event->channel != NULL && event->type != DEVSSH_CONNECTION_CHANNEL_DATA)
    devssh_channel_set_session_object (event->channel, self);

  switch (event->type)
    {
    case DEVSSH_CONNECTION_CHANNEL_OPENING:
      devssh_session_route_question (self, DEVSSH_QUESTION (event->opening));
      devssh_connection_event_clear (event);
      break;

    case DEVSSH_CONNECTION_CHANNEL_REQUEST:
      devssh_session_route_question (self, DEVSSH_QUESTION (event->channel_request));
      devssh_connection_event_clear (event);
      break;

    case DEVSSH_CONNECTION_SESSION_REQUEST:
      devssh_session_route_question (self, DEVSSH_QUESTION (event->session_request));
      devssh_connection_event_clear (event);
      break;

    case DEVSSH_CONNECTION_FATAL:
      devssh_session_fatal (self, event->reason, event->text);
      devssh_connection_event_clear (event);
      break;

    case DEVSSH_CONNECTION_NONE:
    case DEVSSH_CONNECTION_CHANNEL_DATA:
    case DEVSSH_CONNECTION_CHANNEL_EOF:
    case DEVSSH_CONNECTION_RELAYED_REPLY:
    case DEVSSH_CONNECTION_CHANNEL_CLOSE_RECEIVED:
    case DEVSSH_CONNECTION_CHANNEL_OPENED:
    case DEVSSH_CONNECTION_CHANNEL_CLOSED:
    default:
      devssh_connection_deliver (priv->pump->connection, event);
      break;
    }
}
