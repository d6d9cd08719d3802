/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the two test peers share: JSON lines, options, a byte source, waiting in a loop. */
#pragma once

#include <libdevssh/devssh.h>
#include <string.h>

G_BEGIN_DECLS

/* ---- one JSON object, printed as one line ---- */
typedef struct { GString *text; gboolean nested; } PeerLine;

void peer_line_begin  (PeerLine *line, const char *event);
void peer_line_string (PeerLine *line, const char *name, const char *value);   /* NULL: left out */
void peer_line_bytes  (PeerLine *line, const char *name, const guint8 *data, gsize length);   /* as latin1 */
void peer_line_int    (PeerLine *line, const char *name, gint64 value);
void peer_line_number (PeerLine *line, const char *name, double value);
void peer_line_bool   (PeerLine *line, const char *name, gboolean value);
void peer_line_open   (PeerLine *line, const char *name);                      /* an object inside */
void peer_line_close  (PeerLine *line);
void peer_line_raw    (PeerLine *line, const char *name, const char *json);
void peer_line_end    (PeerLine *line);                                        /* prints and flushes */

/* ---- options: --name VALUE, --name=VALUE; lists repeat and take commas ---- */
typedef enum { PEER_BOOL, PEER_INT, PEER_STRING, PEER_LIST } PeerOptionKind;
typedef struct { const char *name; PeerOptionKind kind; } PeerOption;
typedef struct _PeerOptions PeerOptions;
/* specs: more rows, ended by NULL; both peers' common rows are there already. Exits 2 with a sentence when it cannot. */
PeerOptions *peer_options_parse  (int argc, char *argv[], const PeerOption *specs, const char *usage);
gboolean     peer_options_has    (PeerOptions *self, const char *name);
const char  *peer_options_string (PeerOptions *self, const char *name);        /* NULL: not given */
gint64       peer_options_int    (PeerOptions *self, const char *name, gint64 fallback);
char       **peer_options_list   (PeerOptions *self, const char *name);        /* never NULL; owned by self */
void         peer_options_free   (PeerOptions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PeerOptions, peer_options_free)

DevSshSessionConfig *peer_make_config    (PeerOptions *options);
DevSshKeyPair       *peer_load_key       (const char *path, const char *passphrase);   /* exits 2 with a sentence */
void                 peer_watch_trace    (DevSshSession *session, gboolean print);
const char          *peer_reason_name    (DevSshDisconnectReason reason);      /* "byApplication" */
const char          *peer_progress_name  (DevSshProgress progress);
const char          *peer_auth_type_name (DevSshAuthenticationType type);
void                 peer_line_session   (PeerLine *line, DevSshSession *session);   /* remoteVersion, negotiated, extensions */
void                 peer_line_metrics   (PeerLine *line, DevSshSession *session);
guint                peer_new_keys       (DevSshSession *session);             /* how many NEWKEYS were sent */

/* ---- xorshift32, as in the Node peers ---- */
typedef struct { guint32 state; guint64 left; GChecksum *hash; } PeerSource;
void    peer_source_init   (PeerSource *self, guint32 seed, guint64 total);
GBytes *peer_source_next   (PeerSource *self, gsize count);
void    peer_source_clear  (PeerSource *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PeerSource, peer_source_clear)

/* ---- waiting ---- */
void     peer_deadline     (guint seconds, const char *what);                  /* 0: none; when it passes, peer_failed () says so */
gboolean peer_expired      (void);
/* Turns the default context until condition holds or the deadline has passed: FALSE. */
#define peer_wait(condition) \
  (__extension__ ({ while (!(condition) && !peer_expired ()) g_main_context_iteration (NULL, TRUE); !peer_expired (); }))
void     peer_keep_cb      (GObject *source, GAsyncResult *result, gpointer user_data);

G_END_DECLS
