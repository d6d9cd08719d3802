/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two sessions, the plugin on the server's side, and the channels of a client that runs commands. */
#pragma once

#include "../test-util.h"

G_BEGIN_DECLS

/* For what no event of the loop tells of, because other processes do it. */
gboolean  test_look_again_cb (gpointer user_data);
#define test_poll_until(condition) \
  G_STMT_START { \
    guint _again = g_timeout_add (1, test_look_again_cb, NULL); \
    test_spin_until (condition); \
    g_source_remove (_again); \
  } G_STMT_END

typedef struct
{
  TestPair             *pair;
  DevSshSession        *client;
  DevSshSession        *server;
  DevSshCommandRunner  *runner;          /* borrowed: the session's; NULL without the plugin */
  char                 *folder;          /* for files of the test; everything runs there */

  /* What the server's application says; counted, and the last question kept. */
  gboolean              leave_questions;  /* it does not listen */
  gboolean              keep_questions;   /* it answers later */
  gboolean              accept;
  guint                 n_questions;
  DevSshChannelRequest *question;
  DevSshChannel        *served;           /* the last channel that was opened, on the server's side */

  /* What it heard. */
  guint                 n_started;
  guint                 n_ended;
  char                 *started;          /* "exec:true" */
  int                   exit_status;
  char                 *exit_signal;
} Commands;

Commands *commands_new      (void);
/* Another one decides what the configuration of the server allows. */
Commands *commands_new_full (gboolean allow_plugin);
void      commands_free     (Commands *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Commands, commands_free)
/* Ends both sessions; what ran is gone when it returns. */
void      commands_close    (Commands *self);
char     *commands_file     (Commands *self, const char *name);
/* Waits for it. */
char     *commands_read     (Commands *self, const char *name);
/* Into a pipe that the command has made and reads. */
void      commands_write    (Commands *self, const char *name, const char *text);
gboolean  commands_has      (Commands *self, const char *name);

/* A channel of the client's. */
typedef struct
{
  DevSshChannel *channel;
  GString       *out;
  GString       *err;
  GString       *order;         /* what came: o, e, E (EOF), C (closed), s after E: the status was known before it */
  gboolean       eof;
  gboolean       closed;
} Run;

Run      *run_new           (Commands *self);
void      run_free          (Run *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Run, run_free)
/* Asks, and gives the answer. payload: consumed, NULL for none. */
gboolean  run_request       (Run *self, const char *type, GBytes *payload);
gboolean  run_exec          (Run *self, const char *command);
gboolean  run_env           (Run *self, const char *name, const char *value);
/* modes: "opcode=value opcode=value" */
gboolean  run_pty           (Run *self, const char *type, guint columns, guint rows, const char *modes);
gboolean  run_resize        (Run *self, guint columns, guint rows);
gboolean  run_signal        (Run *self, const char *name);
void      run_send          (Run *self, const char *text);
void      run_wait          (Run *self);
/* All of it: channel, command, end. */
char     *run_whole         (Commands *self, const char *command, int exit_status);
/* string, string ... NULL */
GBytes   *strings_payload   (const char *first, ...) G_GNUC_NULL_TERMINATED;

/* Descriptors that are open in this process. */
guint     count_descriptors (void);
/* Is there no child of this process, not even one that waits to be reaped? */
gboolean  has_no_children   (void);
/* Does the process of that number exist? Does anybody live in its group? (The dead of it are init's to reap.) */
gboolean  process_exists    (const char *pid);
gboolean  group_lives       (const char *pid);

G_END_DECLS
