/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the session does with services, without either floor knowing the other's insides. */
#pragma once

#include <libdevssh/service/devssh-activation.h>
#include <libdevssh/service/devssh-service.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/base/devssh-trace.h>

G_BEGIN_DECLS

/* How the session lends itself to its services. All functions are called with host, the session. */
typedef struct
{
  /* Emits the session's own signal for a question (devssh_question_begin/end around it) and unrefs nothing. Returns what the
   * emission returned: FALSE: no handler took it, and devssh_question_end() has refused. A channel request goes to its channel's signal. */
  gboolean (*emit) (gpointer host, DevSshQuestion *question);
  /* Hands a line to whoever watches the session's ::trace. May be NULL. */
  void     (*trace) (gpointer host, DevSshTraceLevel level, DevSshTraceEvent event, const char *text);
} DevSshServiceHost;

/* A fresh instance of a registered type (GInitable is honoured: a plugin may fail here, with its reason); not attached yet.
 * NULL and DEVSSH_ERROR_PLUGIN. Opens the module if need be. */
typedef struct _DevSshServiceEntry DevSshServiceEntry;
DevSshService *devssh_service_entry_create (DevSshServiceEntry *self, GError **error);

/* Attaches a fresh instance; session is kept weakly. */
void     devssh_service_attach     (DevSshService *self, const DevSshServiceHost *host, GObject *session, const char *name, GObject *config);
/* Runs activated(), once the session can find the service. */
void     devssh_service_start      (DevSshService *self);
/* It has, or had, a session: a class that hands out an instance twice is broken. */
gboolean devssh_service_is_attached (DevSshService *self);
/* Exactly once: closed() runs, session becomes NULL, pending asks are refused. */
void     devssh_service_detach     (DevSshService *self);
/* Runs the vfunc that fits the question, with begin/end done by the caller. */
gboolean devssh_service_dispatch   (DevSshService *self, DevSshQuestion *question);

/* ---- plugins: keyfiles are read, modules opened only when asked (design D8, T-83) ---- */
typedef struct _DevSshPluginModule DevSshPluginModule;    /* GTypeModule over libdl; lives for ever once loaded */
struct _DevSshServiceEntry
{
  gatomicrefcount   ref_count;
  char             *plugin;          /* keyfile's base name: "port-forwarding" */
  char             *type_name;       /* GType name from "[Service TYPE]" */
  char             *name;            /* service name */
  DevSshActivation *activation;
  GObject          *config;          /* registrations in code */
  GType             type;            /* atomic; registrations in code, and plugins once loaded; 0 before */
  gpointer          module;          /* DevSshPluginModule or NULL; borrowed, for modules live for ever */
  char            **type_names;      /* all types that the keyfile names */
  GError           *error;           /* atomic; why its module cannot be used, once known */
};
DevSshServiceEntry *devssh_service_entry_new   (GType type, const char *name, DevSshActivation *activation, GObject *config);
DevSshServiceEntry *devssh_service_entry_ref   (DevSshServiceEntry *self);
void                devssh_service_entry_unref (DevSshServiceEntry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshServiceEntry, devssh_service_entry_unref)
/* Opens the module if need be (RTLD_NOW | RTLD_LOCAL), checks ABI and type. G_TYPE_INVALID and DEVSSH_ERROR_PLUGIN with the reason.
 * Any thread. */
GType               devssh_service_entry_get_type_loaded (DevSshServiceEntry *self, GError **error);
/* The type is known, or why there is none, or it is at least known without opening anything. */
gboolean            devssh_service_entry_is_ready  (DevSshServiceEntry *self);
/* Makes an entry ready in a thread; then ready (data) and destroy (data) from the loop of context. */
void                devssh_service_entry_prepare   (DevSshServiceEntry *self, DevSshContext *context, void (*ready) (gpointer data),
                                                    gpointer data, GDestroyNotify destroy);

/* The entries of all trusted keyfiles in: compiled-in directory, DEVSSH_PLUGIN_PATH (not under AT_SECURE), extra absolute directories.
 * names NULL: all. Bad keyfiles are skipped; errors (transfer full, element-type utf8) may be NULL. Result: (element-type DevSshServiceEntry) */
GPtrArray          *devssh_plugin_catalogue    (const char * const *extra_directories, const char * const *names, GPtrArray *errors);

/* Registry of one session: entries in order (code first, then plugins). First match wins; of two with one name only the first is there. */
typedef struct _DevSshServiceRegistry DevSshServiceRegistry;
DevSshServiceRegistry *devssh_service_registry_new  (GPtrArray *entries);   /* refs */
void                   devssh_service_registry_free (DevSshServiceRegistry *self);
DevSshServiceEntry    *devssh_service_registry_for_service_request (DevSshServiceRegistry *self, const char *name);
DevSshServiceEntry    *devssh_service_registry_for_session_request (DevSshServiceRegistry *self, const char *name);
DevSshServiceEntry    *devssh_service_registry_for_channel_type    (DevSshServiceRegistry *self, const char *channel_type);
DevSshServiceEntry    *devssh_service_registry_for_channel_request (DevSshServiceRegistry *self, const char *name, const char *channel_type);
DevSshServiceEntry    *devssh_service_registry_by_name             (DevSshServiceRegistry *self, const char *name);

G_END_DECLS
