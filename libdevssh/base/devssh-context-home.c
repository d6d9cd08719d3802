/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An object whose last reference was dropped in another thread than its own. */
#include <libdevssh/base/devssh-context-private.h>

#define FIRST_LOOK   (100 * G_TIME_SPAN_MILLISECOND)
#define LATEST_LOOK  (1 * G_TIME_SPAN_SECOND)

typedef struct
{
  DevSshContext  *context;
  GObject        *object;
  DevSshDeadline  deadline;
  gint64          delay;
  gboolean        was_ours;     /* at the last look nobody else had a reference */
} Homecoming;

static void
homecoming_free (Homecoming *self)
{
  devssh_deadline_clear (&self->deadline);
  devssh_context_unref (self->context);
  g_free (self);
}

static void homecoming_look (Homecoming *self);

static void
homecoming_deadline_cb (DevSshDeadline *deadline)
{
  homecoming_look (G_STRUCT_MEMBER_P (deadline, -(glong) G_STRUCT_OFFSET (Homecoming, deadline)));
}

/* The other thread is inside the g_object_unref() that ran dispose, and uses the object for a moment yet, also after it has counted down
 * (GLib 2.74). So ours is not the last reference before nobody has had another one from one look to the next. */
static void
homecoming_look (Homecoming *self)
{
  gboolean is_ours = g_atomic_int_get ((gint *) &self->object->ref_count) == 1;

  if (is_ours && self->was_ours)
    {
      g_object_unref (self->object);
      homecoming_free (self);
      return;
    }

  self->was_ours = is_ours;
  devssh_deadline_set (&self->deadline, self->context, devssh_context_get_time (self->context) + self->delay, homecoming_deadline_cb);
  self->delay = MIN (2 * self->delay, LATEST_LOOK);
}

static void
homecoming_cb (gpointer data)
{
  homecoming_look (data);
}

void
devssh_context_take_home (DevSshContext *self,
                          gpointer       object)
{
  Homecoming *homecoming = g_new0 (Homecoming, 1);

  homecoming->context = devssh_context_ref (self);
  homecoming->object = g_object_ref (object);
  homecoming->delay = FIRST_LOOK;
  devssh_context_defer (self, homecoming_cb, homecoming, NULL);
}
