/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Engines note what happens; the pump hands the notes to whoever listens, with no engine frame on
 * the stack. Nothing is formatted while nobody listens. */
#pragma once

#include <libdevssh/base/devssh-trace.h>

G_BEGIN_DECLS

typedef struct _DevSshTracer DevSshTracer;
typedef struct
{
  DevSshTraceLevel level;
  DevSshTraceEvent event;
  char            *text;    /* one line, already safe for people */
} DevSshTraceNote;

DevSshTracer    *devssh_tracer_new         (void);
DevSshTracer    *devssh_tracer_ref         (DevSshTracer *self);
void             devssh_tracer_unref       (DevSshTracer *self);
/* Highest level kept; -1 (the default): nothing. Set by the session when its ::trace signal has a
 * handler or G_MESSAGES_DEBUG asks. */
void             devssh_tracer_set_level   (DevSshTracer *self, int level);
void             devssh_tracer_set_channel_data (DevSshTracer *self, gboolean enabled);
gboolean         devssh_tracer_get_channel_data (DevSshTracer *self);
/* NULL self: FALSE */
gboolean         devssh_tracer_wants       (DevSshTracer *self, DevSshTraceLevel level);
void             devssh_tracer_add         (DevSshTracer *self, DevSshTraceLevel level,
                                            DevSshTraceEvent event, const char *format, ...)
  G_GNUC_PRINTF (4, 5);
/* oldest, or NULL; bounded: at most 4096 wait, then the oldest go */
DevSshTraceNote *devssh_tracer_take        (DevSshTracer *self);
void             devssh_trace_note_free    (DevSshTraceNote *note);

/* T-57: characters that move the cursor, end the line or turn the reading direction of what follows; RFC 4253,
 * 11.1 and 11.2 ask for "control character filtering". */
static inline gboolean
devssh_trace_is_unsafe (gunichar c)
{
  return c < 0x20 ||
         (c >= 0x7f && c <= 0x9f) ||                   /* DEL, C1 */
         c == 0x061c ||                                /* Arabic letter mark */
         c == 0x200e || c == 0x200f ||                 /* left-to-right and right-to-left mark */
         c == 0x2028 || c == 0x2029 ||                 /* line and paragraph separator */
         (c >= 0x202a && c <= 0x202e) ||               /* embeddings and overrides */
         (c >= 0x2066 && c <= 0x2069);                 /* isolates */
}

#define DEVSSH_TRACE(tracer, level, event, ...) \
  G_STMT_START { \
    if (devssh_tracer_wants ((tracer), DEVSSH_TRACE_LEVEL_##level)) \
      devssh_tracer_add ((tracer), DEVSSH_TRACE_LEVEL_##level, DEVSSH_TRACE_EVENT_##event, \
                         __VA_ARGS__); \
  } G_STMT_END

G_END_DECLS
