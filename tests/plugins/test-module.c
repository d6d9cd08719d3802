/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A small plugin that works, or has one fault: meson.build says which.
 *
 * It is not linked to the library: what it needs it finds in the program that opens it, so tests of the loader's insides,
 * which have the library within, can open it as well. */
#include <libdevssh/devssh.h>

#include <string.h>

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

#ifdef SLOW
/* The program's: comes back when it likes. */
extern void test_module_wait (void);

__attribute__ ((constructor)) static void
take_time (void)
{
  test_module_wait ();
}
#endif

#ifdef HOOK
/* libTestOne.so has TestOne: a module that is open stays so, and its type's name is taken for ever, so a test that opens
 * one for the first time puts a copy of this file under a name of its own. */
static char *
type_name_of (GTypeModule *module)
{
  g_autofree char *base = g_path_get_basename (module->name);

  return g_strndup (base + strlen ("lib"), strlen (base) - strlen ("lib.so"));
}

/* The program's: what the service does is the test's to say. question NULL: activated or closed. */
extern gboolean test_module_act (DevSshService *self, DevSshQuestion *question, gboolean closed);

static void
activated (DevSshService *self)
{
  test_module_act (self, NULL, FALSE);
}

static gboolean
session_request (DevSshService        *self,
                 DevSshSessionRequest *request)
{
  return test_module_act (self, DEVSSH_QUESTION (request), FALSE);
}

static gboolean
channel_opening (DevSshService        *self,
                 DevSshChannelOpening *opening)
{
  return test_module_act (self, DEVSSH_QUESTION (opening), FALSE);
}

static gboolean
channel_request (DevSshService        *self,
                 DevSshChannelRequest *request)
{
  return test_module_act (self, DEVSSH_QUESTION (request), FALSE);
}

static void
closed (DevSshService *self)
{
  test_module_act (self, NULL, TRUE);
}

static void
class_init (gpointer klass,
            gpointer data)
{
  DevSshServiceClass *service_class = DEVSSH_SERVICE_CLASS (klass);

  service_class->activated = activated;
  service_class->session_request = session_request;
  service_class->channel_opening = channel_opening;
  service_class->channel_request = channel_request;
  service_class->closed = closed;
}
#define CLASS_INIT class_init
#elif defined (SERVICE)
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
#ifdef HOOK
  g_autofree char *type_name = type_name_of (module);
#else
  const char *type_name = TYPE_NAME;
#endif
  GTypeInfo info = { 0, };
  GTypeQuery parent;
  GType type;

  g_type_query (PARENT, &parent);
  info.class_size = parent.class_size;
  info.instance_size = parent.instance_size;
  info.class_init = (GClassInitFunc) CLASS_INIT;

#ifdef STATIC_TYPE
  type = g_type_register_static (PARENT, type_name, &info, FLAGS);
#else
  type = g_type_module_register_type (module, PARENT, type_name, &info, FLAGS);
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
  g_atomic_int_inc (&test_module_loads);
#ifndef NO_TYPE
  register_type (module);
#endif
#ifdef UNDEFINED_SYMBOL
  test_module_calls_what_nobody_has ();
#endif
}
#endif
