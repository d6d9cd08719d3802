/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which entry answers: the first with a rule, code before plugins, each rule kind for itself. */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-service-private.h>

typedef DevSshService      TestService;
typedef DevSshServiceClass TestServiceClass;
GType test_service_get_type (void);
G_DEFINE_TYPE (TestService, test_service, DEVSSH_TYPE_SERVICE)

static void test_service_class_init (TestServiceClass *klass) { }
static void test_service_init (TestService *self) { }

/* One that is always the same: no service can be. */
typedef DevSshService      TestSingle;
typedef DevSshServiceClass TestSingleClass;
GType test_single_get_type (void);
G_DEFINE_TYPE (TestSingle, test_single, DEVSSH_TYPE_SERVICE)

static GObject *
test_single_constructor (GType                  type,
                         guint                  n_properties,
                         GObjectConstructParam *properties)
{
  static GObject *single;

  if (single == NULL)
    g_set_weak_pointer (&single, G_OBJECT_CLASS (test_single_parent_class)->constructor (type, n_properties, properties));
  else
    g_object_ref (single);

  return single;
}

static void
test_single_class_init (TestSingleClass *klass)
{
  G_OBJECT_CLASS (klass)->constructor = test_single_constructor;
}

static void test_single_init (TestSingle *self) { }

/* One that cannot start. */
typedef DevSshService      TestFailing;
typedef DevSshServiceClass TestFailingClass;
GType test_failing_get_type (void);

static gboolean
test_failing_real_init (GInitable     *initable,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "its file is gone");
  return FALSE;
}

static void
initable_iface_init (GInitableIface *iface)
{
  iface->init = test_failing_real_init;
}

G_DEFINE_TYPE_WITH_CODE (TestFailing, test_failing, DEVSSH_TYPE_SERVICE,
                         G_IMPLEMENT_INTERFACE (G_TYPE_INITABLE, initable_iface_init))

static void test_failing_class_init (TestFailingClass *klass) { }
static void test_failing_init (TestFailing *self) { }

static void
add (GPtrArray  *entries,
     const char *name,
     const char *rule)
{
  const char *rules[] = { rule, NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshActivation) activation = devssh_activation_new (rules, &error);

  g_assert_no_error (error);
  g_ptr_array_add (entries, devssh_service_entry_new (test_service_get_type (), name, activation, NULL));
}

static GPtrArray *
entries_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) devssh_service_entry_unref);
}

#define assert_entry(entry, text) \
  G_STMT_START { DevSshServiceEntry *e_ = (entry); g_assert_nonnull (e_); g_assert_cmpstr (e_->name, ==, (text)); } G_STMT_END

static void
test_kinds (void)
{
  g_autoptr(GPtrArray) entries = entries_new ();
  DevSshServiceRegistry *registry;

  add (entries, "service", "service-request:x");
  add (entries, "session", "session-request:x");
  add (entries, "type", "channel-type:x");
  add (entries, "request", "channel-request:x");
  add (entries, "both", "channel-request:y channel-type:x");
  registry = devssh_service_registry_new (entries);

  assert_entry (devssh_service_registry_for_service_request (registry, "x"), "service");
  assert_entry (devssh_service_registry_for_session_request (registry, "x"), "session");
  assert_entry (devssh_service_registry_for_channel_type (registry, "x"), "type");
  assert_entry (devssh_service_registry_for_channel_request (registry, "x", "x"), "request");
  assert_entry (devssh_service_registry_for_channel_request (registry, "y", "x"), "both");
  assert_entry (devssh_service_registry_by_name (registry, "both"), "both");
  g_assert_null (devssh_service_registry_for_service_request (registry, "y"));
  g_assert_null (devssh_service_registry_for_session_request (registry, "y"));
  g_assert_null (devssh_service_registry_for_channel_type (registry, "y"));
  g_assert_null (devssh_service_registry_for_channel_request (registry, "y", "y"));
  g_assert_null (devssh_service_registry_for_channel_request (registry, "z", "x"));
  g_assert_null (devssh_service_registry_by_name (registry, "x"));

  devssh_service_registry_free (registry);
}

static void
test_first_wins (void)
{
  g_autoptr(GPtrArray) entries = entries_new ();
  DevSshServiceRegistry *registry;

  add (entries, "narrow", "channel-request:exec channel-type:session");
  add (entries, "wide", "channel-request:exec");
  add (entries, "late", "channel-request:exec channel-type:other");
  registry = devssh_service_registry_new (entries);

  assert_entry (devssh_service_registry_for_channel_request (registry, "exec", "session"), "narrow");
  assert_entry (devssh_service_registry_for_channel_request (registry, "exec", "other"), "wide");

  devssh_service_registry_free (registry);
}

/* A name is one service: the rules of a later one of that name wake nobody, not even the first. */
static void
test_name_taken (void)
{
  g_autoptr(GPtrArray) entries = entries_new ();
  DevSshServiceRegistry *registry;

  add (entries, "one", "session-request:a");
  add (entries, "one", "session-request:b");
  add (entries, "two", "session-request:b");
  registry = devssh_service_registry_new (entries);

  g_assert_true (devssh_service_registry_by_name (registry, "one") == entries->pdata[0]);
  g_assert_true (devssh_service_registry_for_session_request (registry, "a") == entries->pdata[0]);
  assert_entry (devssh_service_registry_for_session_request (registry, "b"), "two");

  devssh_service_registry_free (registry);
}

/* What opens a channel and what asks for something on it are two questions, and may be two services. */
static void
test_channel_and_request (void)
{
  g_autoptr(GPtrArray) entries = entries_new ();
  DevSshServiceRegistry *registry;

  add (entries, "opens", "channel-type:x");
  add (entries, "asks", "channel-request:y channel-type:x");
  registry = devssh_service_registry_new (entries);

  assert_entry (devssh_service_registry_for_channel_type (registry, "x"), "opens");
  assert_entry (devssh_service_registry_for_channel_request (registry, "y", "x"), "asks");
  g_assert_null (devssh_service_registry_for_channel_request (registry, "z", "x"));
  g_assert_null (devssh_service_registry_for_channel_request (registry, "y", "w"));

  devssh_service_registry_free (registry);
}

/* A registry keeps its entries, whatever becomes of the list it was made from. */
static void
test_keeps_entries (void)
{
  GPtrArray *entries = entries_new ();
  DevSshServiceRegistry *registry;

  add (entries, "kept", "session-request:a");
  registry = devssh_service_registry_new (entries);
  g_ptr_array_set_size (entries, 0);
  g_ptr_array_unref (entries);

  assert_entry (devssh_service_registry_for_session_request (registry, "a"), "kept");

  devssh_service_registry_free (registry);
}

static void
test_empty (void)
{
  g_autoptr(GPtrArray) entries = entries_new ();
  DevSshServiceRegistry *registry = devssh_service_registry_new (entries);

  g_assert_null (devssh_service_registry_for_session_request (registry, "a"));
  g_assert_null (devssh_service_registry_by_name (registry, "a"));

  devssh_service_registry_free (registry);
}

static void
test_create (void)
{
  g_autoptr(DevSshActivation) activation = devssh_activation_new (NULL, NULL);
  g_autoptr(GObject) config = g_object_new (G_TYPE_OBJECT, NULL);
  DevSshServiceEntry *entry = devssh_service_entry_new (test_service_get_type (), "one", activation, config);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshService) service = devssh_service_entry_create (entry, &error);
  g_autoptr(DevSshService) other = devssh_service_entry_create (entry, &error);

  g_assert_no_error (error);
  g_assert_true (G_OBJECT_TYPE (service) == test_service_get_type ());
  g_assert_true (service != other);
  g_assert_true (entry->config == config);
  g_assert_true (devssh_service_entry_get_type_loaded (entry, &error) == test_service_get_type ());

  devssh_service_entry_unref (entry);
}

static void
test_create_fails (void)
{
  g_autoptr(DevSshActivation) activation = devssh_activation_new (NULL, NULL);
  DevSshServiceEntry *entry = devssh_service_entry_new (test_failing_get_type (), "two", activation, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshService) service = devssh_service_entry_create (entry, &error);

  g_assert_null (service);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, "two"));
  g_assert_nonnull (strstr (error->message, "its file is gone"));

  devssh_service_entry_unref (entry);
}

static const DevSshServiceHost host;

static void
test_create_same (void)
{
  g_autoptr(DevSshActivation) activation = devssh_activation_new (NULL, NULL);
  g_autoptr(GObject) session = g_object_new (G_TYPE_OBJECT, NULL);
  DevSshServiceEntry *entry = devssh_service_entry_new (test_single_get_type (), "three", activation, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshService) service = devssh_service_entry_create (entry, &error);

  g_assert_no_error (error);
  devssh_service_attach (service, &host, session, "three", NULL);
  g_assert_null (devssh_service_entry_create (entry, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, "three"));

  devssh_service_detach (service);
  devssh_service_entry_unref (entry);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/service/registry/kinds", test_kinds);
  g_test_add_func ("/service/registry/first-wins", test_first_wins);
  g_test_add_func ("/service/registry/name-taken", test_name_taken);
  g_test_add_func ("/service/registry/channel-and-request", test_channel_and_request);
  g_test_add_func ("/service/registry/keeps-entries", test_keeps_entries);
  g_test_add_func ("/service/registry/empty", test_empty);
  g_test_add_func ("/service/registry/create", test_create);
  g_test_add_func ("/service/registry/create-fails/T-83", test_create_fails);
  g_test_add_func ("/service/registry/create-same/T-83", test_create_same);

  return g_test_run ();
}
