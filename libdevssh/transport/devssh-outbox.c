/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Control messages on their way out: sealed at once, or held back while an exchange of ours
 * runs. */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <string.h>

#define FIRST_SIZE 1024

/* RFC 4253, 7.1: between KEXINIT and NEWKEYS only 1 to 19 without the service messages, and 20 to
 * 49, may be sent. Of the former only 1 to 4 are of use then. */
static gboolean
may_pass_exchange (guint8 number)
{
  return number <= DEVSSH_MESSAGE_DEBUG || (number >= 20 && number <= 49);
}

/* Not g_realloc(): the old copy must be wiped. */
static gboolean
held_reserve (DevSshHeldMessages *held,
              gsize               length)
{
  gsize size = MAX (FIRST_SIZE, held->size);
  guint8 *data;

  if (held->size - held->length >= length)
    return TRUE;

  while (size - held->length < length)
    size *= 2;

  data = g_try_malloc (size);   /* T-48 */
  if (data == NULL)
    return FALSE;

  if (held->data != NULL)
    {
      memcpy (data, held->data, held->length);
      devssh_wipe (held->data, held->length);
      g_free (held->data);
    }
  held->data = data;
  held->size = size;

  return TRUE;
}

/* In front of each message that is held. */
typedef struct
{
  gsize    length;
  gboolean again;
} HeldHead;

void
devssh_transport_hold_back (DevSshTransport *self,
                            const guint8    *head,
                            gsize            head_length,
                            const guint8    *body,
                            gsize            body_length,
                            gboolean         again)
{
  DevSshHeldMessages *held = &self->held;
  HeldHead message = { head_length + body_length, again };
  gsize size = sizeof message + message.length;

  if (!held_reserve (held, size))
    {
      devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_BY_APPLICATION, "Out of memory");
      return;
    }

  memcpy (held->data + held->length, &message, sizeof message);
  memcpy (held->data + held->length + sizeof message, head, head_length);
  if (body_length > 0)
    memcpy (held->data + held->length + sizeof message + head_length, body, body_length);
  held->length += size;
  if (again)
    held->again += size;
}

void
devssh_transport_drop_held (DevSshTransport *self)
{
  DevSshHeldMessages *held = &self->held;

  if (held->data != NULL)
    devssh_wipe (held->data, held->length);
  g_clear_pointer (&held->data, g_free);
  held->length = held->size = held->again = 0;
}

void
devssh_transport_release_held (DevSshTransport *self)
{
  DevSshHeldMessages held = self->held;
  gsize position = 0;

  /* Sealing may begin the next exchange (a tiny limit): what is left then is held back again. */
  memset (&self->held, 0, sizeof self->held);
  devssh_reconnect_enable_due (self);

  while (position < held.length)
    {
      HeldHead message;

      memcpy (&message, held.data + position, sizeof message);
      position += sizeof message;
      if (message.again)
        devssh_transport_send_again (self, held.data + position, message.length, NULL, 0, NULL);
      else
        devssh_transport_send (self, held.data + position, message.length);
      position += message.length;
    }

  if (held.data != NULL)
    devssh_wipe (held.data, held.length);
  g_free (held.data);
}

void
devssh_transport_send (DevSshTransport *self,
                       const guint8    *payload,
                       gsize            length)
{
  gsize waiting;

  g_return_if_fail (self != NULL);
  g_return_if_fail (payload != NULL && length > 0);

  if (devssh_transport_is_over (self))
    return;

  if ((self->holding || devssh_reconnect_is_barred (self)) && !may_pass_exchange (payload[0]))
    {
      devssh_transport_hold_back (self, payload, length, NULL, 0, FALSE);
      return;
    }

  waiting = devssh_packet_writer_get_waiting (&self->out);
  devssh_transport_seal (self, payload, length, NULL, 0, NULL);
  self->out_control += devssh_packet_writer_get_waiting (&self->out) - waiting;
}

void
devssh_transport_send_again (DevSshTransport *self,
                             const guint8    *head,
                             gsize            head_length,
                             const guint8    *body,
                             gsize            body_length,
                             GBytes          *owner)
{
  if (devssh_transport_is_over (self))
    return;

  if (self->holding || devssh_reconnect_is_barred (self))
    devssh_transport_hold_back (self, head, head_length, body, body_length, TRUE);
  else
    devssh_transport_seal (self, head, head_length, body, body_length, owner);
}

static void
outbox_send (DevSshOutbox *outbox,
             const guint8 *payload,
             gsize         length)
{
  devssh_transport_send ((DevSshTransport *) outbox, payload, length);
}

static gsize
outbox_get_waiting (DevSshOutbox *outbox)
{
  DevSshTransport *self = (DevSshTransport *) outbox;

  return MIN (self->out_control, devssh_packet_writer_get_waiting (&self->out)) + self->held.length - self->held.again;
}

void
devssh_transport_outbox_init (DevSshTransport *self)
{
  self->outbox.get_waiting = outbox_get_waiting;
  self->outbox.send = outbox_send;
}

DevSshOutbox *
devssh_transport_get_outbox (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return &self->outbox;
}

gsize
devssh_transport_get_held (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->held.length;
}
