/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes between a channel and a command: as fast as the slower of both, and no more of them in between than a window and a
 * read. */
#include "devssh-command-relay.h"

#include "devssh-command-system.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>

/* What a pipe holds to begin with, and what it is made to hold once it was full: the more it holds, the fewer turns two processes
 * take. Few commands move so much, and what a user's pipes may hold in all is limited. */
#define PIPE_SIZE (64 * 1024)
#define BULK_SIZE (512 * 1024)
#define READ_SIZE (128 * 1024)

/* What waits is joined, or many small messages would cost a hundred times what is in them. */
#define MIN_BLOCK 512
#define MAX_BLOCK (64 * 1024)

/* A client of OpenSSH stops reading its own input then. */
#define REQUEST_END_OF_WRITING "eow@openssh.com"

/* One end of a pipe, as the source of its process watches it. */
typedef struct
{
  GPollFD               poll;        /* fd -1: its end has come, or it never was there */
  gboolean              watched;
  gboolean              is_large;
} Pipe;

/* What comes from the command: at most one read is on its way to the peer, so a closed window stops the reading. */
typedef struct
{
  DevSshCommandRelay *relay;
  guint               data_type;
  Pipe                pipe;
} Output;

/* Bytes that wait, as they came. */
typedef struct
{
  gsize                 size;
  gsize                 length;
  guint8                data[];
} Block;

/* What goes to the command; credited when written, so the window bounds what waits. */
typedef struct
{
  Pipe                  pipe;
  GQueue                waiting;     /* (element-type Block): none is empty */
  gsize                 written;     /* of the first */
  gsize                 length;      /* of all that waits */
  gboolean              eof;
} Input;

enum { OUT, ERR, N_OUTPUTS };

struct _DevSshCommandRelay
{
  DevSshChannel           *channel;
  DevSshCommandRelayEnded  ended;
  gpointer                 user_data;
  GSource                 *source;      /* for all pipes; NULL: stopped */
  gboolean                 says_end_of_writing;
  Input                    input;
  Output                   outputs[N_OUTPUTS];
};

static void
relay_clear (gpointer data)
{
  DevSshCommandRelay *self = data;

  g_object_unref (self->channel);
}

static DevSshCommandRelay *
relay_ref (DevSshCommandRelay *self)
{
  return g_rc_box_acquire (self);
}

static void
relay_unref (DevSshCommandRelay *self)
{
  g_rc_box_release_full (self, relay_clear);
}

/* ---- pipes ---- */

static gboolean
pipe_is_open (const Pipe *pipe)
{
  return pipe->poll.fd >= 0;
}

/* What is wanted may change with each read and write, so nothing but that changes: to add or to remove a descriptor, or to have
 * GLib change it, wakes the loop for another turn. */
static void
pipe_want (DevSshCommandRelay *self,
           Pipe                 *pipe,
           GIOCondition          condition)
{
  pipe->poll.events = condition;
  if (condition == 0 || pipe->watched)
    return;

  pipe->watched = TRUE;
  g_source_add_poll (self->source, &pipe->poll);
}

static void
pipe_unwatch (DevSshCommandRelay *self,
              Pipe                 *pipe)
{
  if (pipe->watched)
    g_source_remove_poll (self->source, &pipe->poll);
  pipe->watched = FALSE;
  pipe->poll.revents = 0;
}

/* A broken pipe is told unasked, over and over: what is not wanted then is not watched. */
static gboolean
pipe_is_ready (DevSshCommandRelay *self,
               Pipe                 *pipe)
{
  gboolean ready = pipe->poll.revents != 0 && pipe->poll.events != 0;

  if (pipe->poll.revents != 0 && !ready)
    pipe_unwatch (self, pipe);
  pipe->poll.revents = 0;

  return ready;
}

static void
pipe_was_full (Pipe *pipe)
{
  if (!pipe->is_large)
    devssh_command_enlarge_pipe (pipe->poll.fd, BULK_SIZE);
  pipe->is_large = TRUE;
}

static void
pipe_close (DevSshCommandRelay *self,
            Pipe                 *pipe)
{
  pipe_unwatch (self, pipe);
  if (pipe_is_open (pipe))
    g_close (pipe->poll.fd, NULL);
  pipe->poll.fd = -1;
}

gboolean
devssh_command_relay_has_output (DevSshCommandRelay *self)
{
  return pipe_is_open (&self->outputs[OUT].pipe) || pipe_is_open (&self->outputs[ERR].pipe);
}

/* ---- what waits for the command ---- */

static void
input_keep (Input        *self,
            const guint8 *data,
            gsize         size)
{
  while (size > 0)
    {
      Block *last = g_queue_peek_tail (&self->waiting);
      gsize n;

      if (last == NULL || last->length == last->size)
        {
          /* As large as all that waits: few blocks, and never much more room than bytes. */
          gsize room = CLAMP (MAX (self->length, size), MIN_BLOCK, MAX_BLOCK);

          last = g_malloc (sizeof *last + room);
          last->size = room;
          last->length = 0;
          g_queue_push_tail (&self->waiting, last);
        }

      n = MIN (size, last->size - last->length);
      memcpy (last->data + last->length, data, n);
      last->length += n;
      self->length += n;
      data += n;
      size -= n;
    }
}

/* The bytes that come first; they may be a password, so nothing stays of them. */
static void
input_skip (Input *self,
            gsize  n)
{
  while (n > 0)
    {
      Block *first = g_queue_peek_head (&self->waiting);
      gsize skipped = MIN (n, first->length - self->written);

      n -= skipped;
      self->length -= skipped;
      self->written += skipped;
      if (self->written < first->length)
        return;

      self->written = 0;
      g_queue_pop_head (&self->waiting);
      explicit_bzero (first->data, first->length);
      g_free (first);
    }
}

/* ---- to the command ---- */

static void
credit (DevSshCommandRelay *self,
        gsize                 bytes)
{
  devssh_channel_adjust_window (self->channel, (guint) bytes, NULL);
}

/* What still comes is let pass: a peer that must send before it reads can go on. */
void
devssh_command_relay_stop_input (DevSshCommandRelay *self)
{
  Input *input = &self->input;
  gsize length = input->length;

  pipe_close (self, &input->pipe);
  input_skip (input, length);
  if (length > 0)
    credit (self, length);
}

/* How many bytes the command took; -1: it reads no more. */
static gssize
input_write (DevSshCommandRelay *self,
             const guint8         *data,
             gsize                 size)
{
  gssize n = devssh_command_write (self->input.pipe.poll.fd, data, size);

  if (n >= 0)
    {
      credit (self, (gsize) n);
      return n;
    }

  if (errno == EAGAIN)
    return 0;

  devssh_command_relay_stop_input (self);
  if (self->says_end_of_writing)
    devssh_channel_request_async (self->channel, REQUEST_END_OF_WRITING, FALSE, NULL, NULL, NULL, NULL);
  return -1;
}

static void
input_go_on (DevSshCommandRelay *self)
{
  Input *input = &self->input;
  Block *first;

  while ((first = g_queue_peek_head (&input->waiting)) != NULL)
    {
      gsize size = first->length - input->written;
      gssize n = input_write (self, first->data + input->written, size);

      if (n < 0)
        return;

      input_skip (input, (gsize) n);
      if ((gsize) n < size)
        {
          pipe_was_full (&input->pipe);
          pipe_want (self, &input->pipe, G_IO_OUT);
          return;
        }
    }

  if (input->eof)
    devssh_command_relay_stop_input (self);
  else
    pipe_want (self, &input->pipe, 0);
}

static void
data_cb (DevSshChannel        *channel,
         GBytes               *bytes,
         DevSshCommandRelay *self)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  gssize n = 0;

  if (!pipe_is_open (&self->input.pipe))
    {
      credit (self, size);
      return;
    }

  if (self->input.length == 0)
    n = input_write (self, data, size);

  if (n < 0)
    credit (self, size);
  else if ((gsize) n < size)
    {
      input_keep (&self->input, data + n, size - (gsize) n);
      pipe_want (self, &self->input.pipe, G_IO_OUT);
    }
}

static void
eof_cb (DevSshChannel        *channel,
        DevSshCommandRelay *self)
{
  self->input.eof = TRUE;
  if (pipe_is_open (&self->input.pipe))
    input_go_on (self);
}

/* ---- from the command ---- */

static void
output_ended (Output *output)
{
  DevSshCommandRelay *self = output->relay;

  pipe_close (self, &output->pipe);
  /* RFC 4254, 5.3: nothing follows EOF, standard error neither. */
  if (devssh_command_relay_has_output (self))
    return;

  devssh_channel_send_eof (self->channel, NULL);
  self->ended (self->user_data);
}

static void output_read (Output *output);

static void
sent_cb (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Output *output = user_data;
  DevSshCommandRelay *self = output->relay;

  /* It fails where the channel is closed, which is told otherwise. Both finish functions are one. */
  if (devssh_channel_send_finish (DEVSSH_CHANNEL (source), result, NULL) && pipe_is_open (&output->pipe))
    output_read (output);
  relay_unref (self);
}

static void
output_read (Output *output)
{
  g_autofree guint8 *data = g_malloc (READ_SIZE);
  g_autoptr(GBytes) bytes = NULL;
  gssize n = devssh_command_read (output->pipe.poll.fd, data, READ_SIZE);

  if (n < 0 && errno == EAGAIN)
    {
      pipe_want (output->relay, &output->pipe, G_IO_IN);
      return;
    }

  if (n <= 0)
    {
      output_ended (output);
      return;
    }

  if (n >= PIPE_SIZE)
    pipe_was_full (&output->pipe);
  pipe_want (output->relay, &output->pipe, 0);
  /* What waits for the window takes no more than it is. */
  bytes = g_bytes_new_take (g_realloc (g_steal_pointer (&data), (gsize) n), (gsize) n);
  relay_ref (output->relay);
  if (output->data_type == 0)
    devssh_channel_send_async (output->relay->channel, bytes, NULL, sent_cb, output);
  else
    devssh_channel_send_extended_async (output->relay->channel, output->data_type, bytes, NULL, sent_cb, output);
}

/* ---- the source ---- */

typedef struct
{
  GSource             source;
  DevSshCommandRelay *relay;
} RelaySource;

static gboolean
relay_source_check (GSource *source)
{
  DevSshCommandRelay *self = ((RelaySource *) source)->relay;

  return self->input.pipe.poll.revents != 0 || self->outputs[OUT].pipe.poll.revents != 0
         || self->outputs[ERR].pipe.poll.revents != 0;
}

static gboolean
relay_source_dispatch (GSource     *source,
                         GSourceFunc  callback,
                         gpointer     user_data)
{
  DevSshCommandRelay *self = relay_ref (((RelaySource *) source)->relay);

  if (pipe_is_ready (self, &self->input.pipe))
    input_go_on (self);
  for (guint i = 0; i < N_OUTPUTS; i++)
    {
      if (pipe_is_ready (self, &self->outputs[i].pipe))
        output_read (&self->outputs[i]);
    }

  relay_unref (self);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs relay_source_funcs = { .check = relay_source_check, .dispatch = relay_source_dispatch };

/* ---- all of it ---- */

static void
pipe_start (DevSshCommandRelay *self,
            Pipe               *pipe,
            int                 fd,
            GIOCondition        condition)
{
  pipe->poll.fd = fd;
  if (fd < 0)
    return;

  g_unix_set_fd_nonblocking (fd, TRUE, NULL);
  pipe_want (self, pipe, condition);
}

DevSshCommandRelay *
devssh_command_relay_new (DevSshChannel           *channel,
                          const int               *fds,
                          gboolean                 says_end_of_writing,
                          DevSshCommandRelayEnded  ended,
                          gpointer                 user_data)
{
  DevSshCommandRelay *self = g_rc_box_new0 (DevSshCommandRelay);

  self->channel = g_object_ref (channel);
  self->ended = ended;
  self->user_data = user_data;
  self->says_end_of_writing = says_end_of_writing;
  self->source = g_source_new (&relay_source_funcs, sizeof (RelaySource));
  ((RelaySource *) self->source)->relay = self;
  g_source_set_static_name (self->source, "[libdevssh] command");
  /* No handler runs inside; and one that may not recurse is taken out of the poll, and put in again, each time. */
  g_source_set_can_recurse (self->source, TRUE);
  g_source_attach (self->source, g_main_context_get_thread_default ());

  pipe_start (self, &self->input.pipe, fds[0], 0);
  for (guint i = 0; i < N_OUTPUTS; i++)
    {
      self->outputs[i].relay = self;
      self->outputs[i].data_type = i == ERR ? DEVSSH_EXTENDED_DATA_STDERR : 0;
      pipe_start (self, &self->outputs[i].pipe, fds[1 + i], G_IO_IN);
    }

  /* What the peer has sent already comes now. */
  devssh_channel_set_manual_credit (channel, TRUE);
  g_signal_connect (channel, "data", G_CALLBACK (data_cb), self);
  g_signal_connect (channel, "eof", G_CALLBACK (eof_cb), self);

  return self;
}

void
devssh_command_relay_free (DevSshCommandRelay *self)
{
  g_signal_handlers_disconnect_by_data (self->channel, self);
  devssh_command_relay_stop_input (self);
  for (guint i = 0; i < N_OUTPUTS; i++)
    pipe_close (self, &self->outputs[i].pipe);
  g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  relay_unref (self);
}

int
devssh_command_relay_get_output (DevSshCommandRelay *self)
{
  return self->outputs[OUT].pipe.poll.fd;
}
