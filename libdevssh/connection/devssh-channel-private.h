/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What streams, splices and pipes see of a channel: one consumer (design D19) and a queue of sends. */
#pragma once

#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/base/devssh-buffer-private.h>
#include <libdevssh/base/devssh-context-private.h>

G_BEGIN_DECLS

/* The one consumer of a channel's incoming data. Called from devssh_connection_deliver() only, never from inside an engine. */
typedef struct _DevSshChannelConsumer DevSshChannelConsumer;
struct _DevSshChannelConsumer
{
  /* data_type 0: data. Returns how many bytes were consumed at once (credited); the rest is kept by the consumer (as a slice of buffer, or
   * a copy) and credited later with devssh_channel_consumed(). Extended data that nobody wants: return length. */
  gsize (*data)   (DevSshChannelConsumer *self, guint32 data_type, const guint8 *data, gsize length, DevSshBuffer *buffer);
  void  (*eof)    (DevSshChannelConsumer *self);
  void  (*closed) (DevSshChannelConsumer *self, const GError *error);   /* NULL: a plain close; the last call */
  /* May be NULL. All data that came with one read has been handed over: what was kept can go on in one piece. */
  void  (*flush)  (DevSshChannelConsumer *self);

  /* The connection's. */
  DevSshChannelConsumer *next_due;
  gboolean               due;
};

/* FALSE and DEVSSH_ERROR_INVALID_STATE if there is one already. Early data is delivered from the loop, in order. */
gboolean       devssh_channel_set_consumer   (DevSshChannel *self, DevSshChannelConsumer *consumer, GError **error);
void           devssh_channel_clear_consumer (DevSshChannel *self, DevSshChannelConsumer *consumer);
void           devssh_channel_consumed       (DevSshChannel *self, gsize bytes);     /* credit, in halves of the window */
void           devssh_channel_pause          (DevSshChannel *self, gboolean paused); /* consumer takes no more now: data waits uncredited in the channel */

/* Queues bytes to be sent. owner: keeps data alive (a reference is taken), or NULL: the caller keeps data until done.
 * done (user_data, error): once, when all of it is sealed (error NULL), or the channel ended; from devssh_connection_run_done().
 * data_type 0: data. */
typedef void (*DevSshSendDone) (gpointer user_data, const GError *error);
void           devssh_channel_queue_data     (DevSshChannel *self, guint32 data_type, const guint8 *data, gsize length, GBytes *owner, DevSshSendDone done, gpointer user_data);
/* The same with a copy of data. What is small is packed with what was queued just before, if that has the same done and user_data:
 * TRUE, and done is called once for both. Each leaves in messages of its own all the same. */
#define DEVSSH_SMALL_SEND 256
gboolean       devssh_channel_queue_copy     (DevSshChannel *self, guint32 data_type, const guint8 *data, gsize length, DevSshSendDone done, gpointer user_data);
/* Takes back what was not sealed yet of the send with this user_data; returns how many bytes had been sealed; done is not called. */
gsize          devssh_channel_unqueue        (DevSshChannel *self, gpointer user_data);
gsize          devssh_channel_get_queued     (DevSshChannel *self);                  /* bytes not sealed yet */
gboolean       devssh_channel_get_eof_queued (DevSshChannel *self);                  /* no data can be queued behind it */
gboolean       devssh_channel_get_eof_received (DevSshChannel *self);
DevSshContext *devssh_channel_get_context    (DevSshChannel *self);                  /* borrowed */
/* Session the channel belongs to, as a plain weak pointer (GObject), set by the session when it learns of the channel; NULL after its end. */
gpointer       devssh_channel_get_session_object (DevSshChannel *self);
void           devssh_channel_set_session_object (DevSshChannel *self, gpointer session);

/* Asks the peer what another one has asked of another channel (protocol.md 7.2): its answer, in the order of all that comes from it, is
 * that of request. */
void           devssh_channel_relay_request      (DevSshChannel *self, DevSshChannelRequest *request);

/* For the session, which shows questions: emits ::request; TRUE: a handler took it. */
gboolean       devssh_channel_emit_request       (DevSshChannel *self, DevSshChannelRequest *request);
gboolean       devssh_channel_has_request_handler (DevSshChannel *self);

G_END_DECLS
