/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small plugin that works, or has one fault: meson.build says which.
 *
 * It is not linked to the library: what it needs it finds in the program that opens it, so tests of the loader's insides,
 * which have the library within, can open it as well. */
#include <libdevssh/devssh.h>

/* Counts calls of devssh_plugin_load(): the program's. */
extern guint test_module_loads;

#ifndef PARENT
#define PARENT DEVSSH_TYPE_SERVICE
#endif
#ifndef FLAGS
#define FLAGS 0
#endif
#ifndef ABI
#define ABI DEVSSH_PLUGIN_ABI
#endif

#ifdef UNDEFINED_SYMBOL
extern void test_module_calls_what_nobody_has (void);
#endif

#ifdef SERVICE
/* Says yes to every global request of its own, and sends back what came with it. */
static gboolean
session_request (DevSshService        *self,
                 DevSshSessionRequest *request)
{
  devssh_session_request_complete_with_payload (request, TRUE, devssh_session_request_get_payload (request));

  return TRUE;
}

static void
class_init (gpointer klass,
            gpointer data)
{
  DEVSSH_SERVICE_CLASS (klass)->session_request = session_request;
}
#define CLASS_INIT class_init
#else
#define CLASS_INIT NULL
#endif

#ifdef CANNOT_START
static gboolean
init (GInitable     *initable,
      GCancellable  *cancellable,
      GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no licence for today");
  return FALSE;
}

static void
initable_init (GInitableIface *iface)
{
  iface->init = init;
}
#endif

#ifndef NO_TYPE
static void
register_type (GTypeModule *module)
{
  GTypeInfo info = { 0, };
  GTypeQuery parent;
  GType type;

  g_type_query (PARENT, &parent);
  info.class_size = parent.class_size;
  info.instance_size = parent.instance_size;
  info.class_init = (GClassInitFunc) CLASS_INIT;

#ifdef STATIC_TYPE
  type = g_type_register_static (PARENT, TYPE_NAME, &info, FLAGS);
#else
  type = g_type_module_register_type (module, PARENT, TYPE_NAME, &info, FLAGS);
#endif

#ifdef CANNOT_START
  {
    const GInterfaceInfo initable = { (GInterfaceInitFunc) initable_init, NULL, NULL };

    g_type_module_add_interface (module, type, G_TYPE_INITABLE, &initable);
  }
#else
  (void) type;
#endif
}
#endif

#ifndef NO_ABI
DEVSSH_PLUGIN_EXPORT const guint devssh_plugin_abi;
const guint devssh_plugin_abi = ABI;
#endif

#ifndef NO_LOAD
DEVSSH_PLUGIN_EXPORT void devssh_plugin_load (GTypeModule *module);

void
devssh_plugin_load (GTypeModule *module)
{
  test_module_loads++;
#ifndef NO_TYPE
  register_type (module);
#endif
#ifdef UNDEFINED_SYMBOL
  test_module_calls_what_nobody_has ();
#endif
}
#endif
