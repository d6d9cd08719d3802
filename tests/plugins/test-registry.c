/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of what is installed: what it says, that it opens nothing, and that it stays true while sessions do (threat T-83). */
#include "../test-util.h"
#include "plugin-util.h"

#include <string.h>
#include <glib/gstdio.h>

/* Modules find these in the program that opens them. */
G_MODULE_EXPORT extern guint test_module_loads;
guint test_module_loads;
G_MODULE_EXPORT gboolean test_module_act (DevSshService *service, DevSshQuestion *question, gboolean closed);

gboolean
test_module_act (DevSshService  *service,
                 DevSshQuestion *question,
                 gboolean        closed)
{
  if (DEVSSH_IS_SESSION_REQUEST (question))
    devssh_session_request_complete (DEVSSH_SESSION_REQUEST (question), TRUE);
  return TRUE;
}

static DevSshPluginRegistry *
new_registry (const char *directory)
{
  const char *directories[] = { directory, NULL };

  return devssh_plugin_registry_new (directories);
}

/* Borrowed: the list keeps it. */
static DevSshPluginInfo *
item (DevSshPluginRegistry *registry,
      guint                 position)
{
  g_autoptr(DevSshPluginInfo) info = g_list_model_get_item (G_LIST_MODEL (registry), position);

  return info;
}

static DevSshServiceInfo *
service_of (DevSshPluginInfo *info,
            guint             position)
{
  g_autoptr(DevSshServiceInfo) service = g_list_model_get_item (devssh_plugin_info_get_services (info), position);

  return service;
}

static guint
length (DevSshPluginRegistry *registry)
{
  return g_list_model_get_n_items (G_LIST_MODEL (registry));
}

#define assert_state(info, expected) g_assert_cmpint (devssh_plugin_info_get_state (info), ==, DEVSSH_PLUGIN_STATE_##expected)

static void
assert_failed (DevSshPluginInfo *info,
               const char       *reason)
{
  const GError *error = devssh_plugin_info_get_error (info);

  assert_state (info, FAILED);
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, reason));
}

/* ---- what it says ---- */

static void
test_item (void)
{
  const char *directory = new_directory ();
  g_autofree char *keyfile = g_build_filename (directory, "one.plugin", NULL);
  g_autofree char *module = g_build_filename (directory, "libtest-nowhere.so", NULL);
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  g_autoptr(GListModel) services = NULL;
  g_autofree char *name = NULL;
  g_autofree char *title = NULL;
  g_autofree char *description = NULL;
  g_autofree char *path = NULL;
  g_autofree char *module_path = NULL;
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) rules = NULL;
  g_autofree char *type_name = NULL;
  DevSshPluginOrigin origin;
  DevSshPluginState state;
  DevSshPluginInfo *info;

  put_text (directory, "one.plugin",
            "[Plugin]\nModule=test-nowhere\nAbi=1\nName=One\nDescription=The first\n\n"
            "[Service TestOne]\nName=one\nActivateOn=channel-type:a@b;channel-request:c channel-type:d\n\n"
            "[Service TestTwo]\nName=two\n");
  g_assert_true (g_list_model_get_item_type (G_LIST_MODEL (registry)) == DEVSSH_TYPE_PLUGIN_INFO);
  g_assert_cmpuint (length (registry), ==, 1);
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (registry), 1));

  info = item (registry, 0);
  g_object_get (info, "name", &name, "title", &title, "description", &description, "path", &path, "origin", &origin,
                "module-path", &module_path, "state", &state, "error", &error, "services", &services, NULL);
  g_assert_cmpstr (name, ==, "one");
  g_assert_cmpstr (title, ==, "One");
  g_assert_cmpstr (description, ==, "The first");
  g_assert_cmpstr (path, ==, keyfile);
  g_assert_cmpint (origin, ==, DEVSSH_PLUGIN_ORIGIN_DIRECTORY);
  g_assert_cmpstr (module_path, ==, module);
  g_assert_cmpint (state, ==, DEVSSH_PLUGIN_STATE_AVAILABLE);
  g_assert_null (error);

  g_assert_cmpuint (g_list_model_get_n_items (services), ==, 2);
  g_object_get (service_of (info, 0), "type-name", &type_name, "rules", &rules, NULL);
  g_assert_cmpstr (devssh_service_info_get_name (service_of (info, 0)), ==, "one");
  g_assert_cmpstr (type_name, ==, "TestOne");
  g_assert_cmpstr (rules[0], ==, "channel-type:a@b");
  g_assert_cmpstr (rules[1], ==, "channel-request:c channel-type:d");
  g_assert_null (rules[2]);
  g_assert_true (devssh_activation_matches_channel_type (devssh_service_info_get_activation (service_of (info, 0)), "a@b"));
  g_assert_cmpstr (devssh_service_info_get_name (service_of (info, 1)), ==, "two");
  g_assert_null (devssh_service_info_get_rules (service_of (info, 1))[0]);
  g_assert_null (devssh_service_info_get_hidden_by (service_of (info, 1)));
}

static void
test_language (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);

  put_text (directory, "one.plugin",
            "[Plugin]\nModule=x\nAbi=1\nName=One\nName[de]=Eins\nDescription=The first\nDescription[de]=Der erste\n"
            "[Service TestOne]\nName=one\n");
  g_setenv ("LANGUAGE", "de", TRUE);
  g_assert_cmpuint (length (registry), ==, 1);
  g_unsetenv ("LANGUAGE");
  g_assert_cmpstr (devssh_plugin_info_get_title (item (registry, 0)), ==, "Eins");
  g_assert_cmpstr (devssh_plugin_info_get_description (item (registry, 0)), ==, "Der erste");
}

static void
test_without_words (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);

  put_text (directory, "bare.plugin", "[Plugin]\nModule=x\nAbi=1\n[Service TestBare]\nName=x\n");
  g_assert_cmpuint (length (registry), ==, 1);
  g_assert_cmpstr (devssh_plugin_info_get_title (item (registry, 0)), ==, "bare");
  g_assert_null (devssh_plugin_info_get_description (item (registry, 0)));
}

static void
test_order (void)
{
  const char *first = new_directory ();
  const char *second = new_directory ();
  const char *environment = new_directory ();
  const char *directories[] = { first, second, first, NULL };
  g_autoptr(DevSshPluginRegistry) registry = NULL;
  static const struct { const char *name; DevSshPluginOrigin origin; const char *type_name; } expected[] = {
    { "e", DEVSSH_PLUGIN_ORIGIN_ENVIRONMENT, "TestE" },
    { "a", DEVSSH_PLUGIN_ORIGIN_DIRECTORY, "TestFirstA" },
    { "z", DEVSSH_PLUGIN_ORIGIN_DIRECTORY, "TestFirstZ" },
    { "b", DEVSSH_PLUGIN_ORIGIN_DIRECTORY, "TestSecondB" },
  };

  /* Of one name the first is there; a directory named twice is read once. */
  put_keyfile (first, "z", "z", "TestFirstZ");
  put_keyfile (first, "a", "a", "TestFirstA");
  put_keyfile (second, "a", "a", "TestSecondA");
  put_keyfile (second, "b", "b", "TestSecondB");
  put_keyfile (second, "e", "e", "TestSecondE");
  put_keyfile (environment, "e", "e", "TestE");
  g_setenv ("DEVSSH_PLUGIN_PATH", environment, TRUE);
  registry = devssh_plugin_registry_new (directories);
  g_assert_true (g_strv_equal (devssh_plugin_registry_get_directories (registry), directories));
  g_assert_cmpuint (length (registry), ==, G_N_ELEMENTS (expected));
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      g_assert_cmpstr (devssh_plugin_info_get_name (item (registry, i)), ==, expected[i].name);
      g_assert_cmpint (devssh_plugin_info_get_origin (item (registry, i)), ==, expected[i].origin);
      g_assert_cmpstr (devssh_service_info_get_type_name (service_of (item (registry, i), 0)), ==, expected[i].type_name);
    }
}

static void
test_hidden (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  g_autofree char *first = g_build_filename (directory, "a.plugin", NULL);
  DevSshServiceInfo *service;

  put_text (directory, "a.plugin", "[Plugin]\nModule=a\nAbi=1\n[Service TestA]\nName=one\n");
  put_text (directory, "b.plugin", "[Plugin]\nModule=b\nAbi=1\n[Service TestB]\nName=one\n[Service TestC]\nName=two\n");
  g_assert_cmpuint (length (registry), ==, 2);
  service = service_of (item (registry, 1), 0);
  g_assert_null (devssh_service_info_get_hidden_by (service_of (item (registry, 0), 0)));
  g_assert_cmpstr (devssh_service_info_get_hidden_by (service), ==, "a");
  g_assert_null (devssh_service_info_get_hidden_by (service_of (item (registry, 1), 1)));

  /* What hid it is gone: the same item says so. */
  g_assert_cmpint (g_remove (first), ==, 0);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpuint (length (registry), ==, 1);
  g_assert_true (service_of (item (registry, 0), 0) == service);
  g_assert_null (devssh_service_info_get_hidden_by (service));
}

/* ---- what cannot be used ---- */

static void
test_broken (void)
{
  const char *directory = new_directory ();
  g_autofree char *writable = g_build_filename (directory, "writable.plugin", NULL);
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  static const struct { const char *name; const char *reason; } expected[] = {
    { "abi", "is for plugin ABI 7, this library has 1" },
    { "fine", NULL },
    { "link", "leads out of its directory" },
    { "module", "is not the name of a module" },
    { "rubbish", "rubbish.plugin" },
    { "rule", "nonsense" },
    { "writable", "can be written by everybody" },
  };

  put_text (directory, "abi.plugin", "[Plugin]\nModule=x\nAbi=7\n[Service TestX]\nName=x\n");
  put_keyfile (directory, "fine", "x", "TestFine");
  link_to (directory, "link.plugin", "/etc/passwd");
  put_text (directory, "module.plugin", "[Plugin]\nModule=../x\nAbi=1\n[Service TestX]\nName=x\n");
  put_text (directory, "rule.plugin", "[Plugin]\nModule=x\nAbi=1\n[Service TestX]\nName=x\nActivateOn=nonsense\n");
  put_text (directory, "rubbish.plugin", "\x7f""ELF");
  put_keyfile (directory, "writable", "x", "TestWritable");
  g_assert_cmpint (g_chmod (writable, 0666), ==, 0);

  g_assert_cmpuint (length (registry), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    {
      DevSshPluginInfo *info = item (registry, i);
      g_autofree char *path = g_strdup_printf ("%s/%s.plugin", directory, expected[i].name);

      g_assert_cmpstr (devssh_plugin_info_get_name (info), ==, expected[i].name);
      g_assert_cmpstr (devssh_plugin_info_get_path (info), ==, path);
      if (expected[i].reason == NULL)
        {
          assert_state (info, AVAILABLE);
          continue;
        }
      assert_failed (info, expected[i].reason);
      g_assert_cmpuint (g_list_model_get_n_items (devssh_plugin_info_get_services (info)), ==, 0);
      g_assert_null (devssh_plugin_info_get_module_path (info));
      g_assert_cmpstr (devssh_plugin_info_get_title (info), ==, expected[i].name);
    }
}

/* A directory that is not used is an item itself; and what is broken hides nothing. */
static void
test_bad_directory (void)
{
  const char *first = new_directory ();
  const char *second = new_directory ();
  g_autofree char *nowhere = g_build_filename (first, "nowhere", NULL);
  const char *directories[] = { "relative", nowhere, first, second, NULL };
  g_autoptr(DevSshPluginRegistry) registry = devssh_plugin_registry_new (directories);

  put_keyfile (first, "a", "x", "TestA");
  put_keyfile (second, "a", "x", "TestA");
  g_assert_cmpint (g_chmod (first, 0777), ==, 0);
  g_assert_cmpuint (length (registry), ==, 4);
  assert_failed (item (registry, 0), "is not an absolute path");
  g_assert_cmpstr (devssh_plugin_info_get_path (item (registry, 0)), ==, "relative");
  assert_failed (item (registry, 1), "No such file");
  assert_failed (item (registry, 2), "can be written by everybody");
  g_assert_cmpstr (devssh_plugin_info_get_name (item (registry, 2)), ==, first);
  assert_state (item (registry, 3), AVAILABLE);
  g_assert_cmpstr (devssh_plugin_info_get_name (item (registry, 3)), ==, "a");

  /* The administrator has read it. */
  g_assert_cmpint (g_chmod (first, 0755), ==, 0);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpuint (length (registry), ==, 3);
  assert_state (item (registry, 2), AVAILABLE);
}

/* ---- refresh ---- */

static void
note_change_cb (GListModel *model,
                guint       position,
                guint       removed,
                guint       added,
                gpointer    user_data)
{
  g_string_append_printf (user_data, "%u-%u+%u ", position, removed, added);
}

static void
test_refresh (void)
{
  const char *directory = new_directory ();
  g_autofree char *b = g_build_filename (directory, "b.plugin", NULL);
  g_autofree char *c = g_build_filename (directory, "c.plugin", NULL);
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  g_autoptr(DevSshPluginInfo) first = NULL;
  g_autoptr(DevSshPluginInfo) last = NULL;
  g_autoptr(GString) changes = g_string_new (NULL);

  /* Nobody has looked yet: there is nothing to tell. */
  g_signal_connect (registry, "items-changed", G_CALLBACK (note_change_cb), changes);
  put_keyfile (directory, "a", "x", "TestA");
  devssh_plugin_registry_refresh (registry);
  put_keyfile (directory, "d", "x", "TestD");
  g_assert_cmpuint (length (registry), ==, 2);
  g_assert_cmpstr (changes->str, ==, "");
  first = g_object_ref (item (registry, 0));
  last = g_object_ref (item (registry, 1));

  devssh_plugin_registry_refresh (registry);
  g_assert_cmpstr (changes->str, ==, "");

  put_keyfile (directory, "b", "x", "TestB");
  put_text (directory, "c.plugin", "rubbish");
  g_assert_cmpuint (length (registry), ==, 2);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpstr (changes->str, ==, "1-0+2 ");
  g_assert_cmpuint (length (registry), ==, 4);

  /* Another text, another mode: another item, and no more than that. */
  g_string_truncate (changes, 0);
  put_keyfile (directory, "b", "y", "TestB");
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpstr (changes->str, ==, "1-1+1 ");
  g_assert_cmpint (g_chmod (c, 0666), ==, 0);
  devssh_plugin_registry_refresh (registry);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpstr (changes->str, ==, "1-1+1 2-1+1 ");
  assert_failed (item (registry, 2), "can be written");

  g_string_truncate (changes, 0);
  g_assert_cmpint (g_remove (b), ==, 0);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpint (g_remove (c), ==, 0);
  devssh_plugin_registry_refresh (registry);
  g_assert_cmpstr (changes->str, ==, "1-1+0 1-1+0 ");
  g_assert_true (item (registry, 0) == first);
  g_assert_true (item (registry, 1) == last);
}

/* ---- what modules become ---- */

static void
note_state_cb (DevSshPluginInfo *info,
               GParamSpec       *pspec,
               gpointer          user_data)
{
  g_string_append_printf (user_data, "%s%d ", devssh_plugin_info_get_name (info), devssh_plugin_info_get_state (info));
}

static void
watch (DevSshPluginRegistry *registry,
       GString              *notes)
{
  for (guint i = 0; i < length (registry); i++)
    g_signal_connect (item (registry, i), "notify::state", G_CALLBACK (note_state_cb), notes);
}

static gboolean
ask_in_session (const char *directory,
                const char *type)
{
  g_autoptr(TestPair) pair = test_pair_new ();
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  gboolean yes;

  devssh_session_config_add_plugin_directory (pair->server_config, directory, &error);
  g_assert_no_error (error);
  devssh_session_config_allow_plugins (pair->server_config, NULL);
  test_pair_authenticate (pair);
  devssh_session_request_async (DEVSSH_SESSION (pair->client), type, TRUE, NULL, NULL, test_keep_result_cb, &result);
  test_spin_until (result != NULL);
  yes = devssh_session_request_finish (DEVSSH_SESSION (pair->client), result, NULL, &error);
  g_assert_no_error (error);
  return yes;
}

static gpointer
session_thread (gpointer data)
{
  g_autoptr(GMainContext) context = g_main_context_new ();
  gboolean yes;

  g_main_context_push_thread_default (context);
  yes = ask_in_session (((const char **) data)[0], ((const char **) data)[1]);
  g_main_context_pop_thread_default (context);
  return GINT_TO_POINTER (yes);
}

static gboolean
ask_somewhere (const char *directory,
               const char *type,
               gboolean    in_thread)
{
  const char *args[] = { directory, type };

  test_key ("ssh-ed25519");
  return in_thread ? GPOINTER_TO_INT (g_thread_join (g_thread_new ("session", session_thread, args)))
                   : ask_in_session (directory, type);
}

static void
test_states (gconstpointer data)
{
  gboolean in_thread = data != NULL;
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  g_autoptr(DevSshPluginRegistry) later = NULL;
  g_autoptr(GString) notes = g_string_new (NULL);

  test_module_loads = 0;
  put_plugin (directory, "hook", "good", in_thread ? "TestStates1" : "TestStates2", "session-request:good");
  put_keyfile (directory, "missing", "test-missing", "TestMissing");
  put_keyfile (directory, "wrong", "test-not-a-service", "TestNotAService");
  put_module (directory, "not-a-service");
  watch (registry, notes);
  for (guint i = 0; i < 3; i++)
    assert_state (item (registry, i), AVAILABLE);
  g_assert_cmpuint (test_module_loads, ==, 0);

  g_assert_true (ask_somewhere (directory, "good", in_thread));
  test_spin_until (notes->len > 0);
  g_assert_cmpstr (notes->str, ==, "good1 ");
  assert_state (item (registry, 0), LOADED);
  g_assert_null (devssh_plugin_info_get_error (item (registry, 0)));

  g_string_truncate (notes, 0);
  g_assert_false (ask_somewhere (directory, "missing", in_thread));
  test_spin_until (notes->len > 0);
  g_assert_cmpstr (notes->str, ==, "missing2 ");
  assert_failed (item (registry, 1), "libtest-missing.so");

  /* The file is fine, the type in it is not. */
  if (!in_thread)
    {
      g_string_truncate (notes, 0);
      g_assert_false (ask_somewhere (directory, "wrong", in_thread));
      test_spin_until (notes->len > 0);
      g_assert_cmpstr (notes->str, ==, "wrong2 ");
      assert_failed (item (registry, 2), "is not a DevSshService");
    }

  /* Who comes late sees the same. */
  later = new_registry (directory);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpint (devssh_plugin_info_get_state (item (later, i)), ==, devssh_plugin_info_get_state (item (registry, i)));
  g_string_truncate (notes, 0);
  devssh_plugin_registry_refresh (registry);
  test_settle ();
  g_assert_cmpstr (notes->str, ==, "");
}

/* A module that failed is mended: the next session that needs it opens it. */
static void
test_mended (void)
{
  const char *directory = new_directory ();
  g_autofree char *module = g_build_filename (directory, "libTestMended.so", NULL);
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  g_autoptr(GString) notes = g_string_new (NULL);

  put_plugin (directory, "hook", "x", "TestMended", "session-request:x");
  g_assert_cmpint (g_chmod (module, 0666), ==, 0);
  watch (registry, notes);
  g_assert_false (ask_in_session (directory, "x"));
  g_assert_false (ask_in_session (directory, "x"));
  test_settle ();
  assert_failed (item (registry, 0), "can be written by everybody");

  g_assert_cmpint (g_chmod (module, 0755), ==, 0);
  g_assert_true (ask_in_session (directory, "x"));
  test_settle ();
  assert_state (item (registry, 0), LOADED);
  g_assert_null (devssh_plugin_info_get_error (item (registry, 0)));
  g_assert_cmpstr (notes->str, ==, "x2 x1 ");
}

/* News is on its way to a list that is not there any more. */
static void
test_gone (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);
  const char *args[] = { directory, "x" };

  put_plugin (directory, "hook", "x", "TestGone", "session-request:x");
  g_assert_cmpuint (length (registry), ==, 1);
  test_key ("ssh-ed25519");
  g_assert_true (GPOINTER_TO_INT (g_thread_join (g_thread_new ("session", session_thread, args))));
  g_assert_finalize_object (g_steal_pointer (&registry));
  test_settle ();
}

static gpointer
refresh_thread (gpointer data)
{
  devssh_plugin_registry_refresh (data);
  return NULL;
}

static void
test_wrong_thread (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshPluginRegistry) registry = new_registry (directory);

  g_assert_cmpuint (length (registry), ==, 0);
  put_keyfile (directory, "a", "x", "TestA");
  g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*devssh_plugin_registry_refresh*thread*");
  g_thread_join (g_thread_new ("refresh", refresh_thread, registry));
  g_test_assert_expected_messages ();
  g_assert_cmpuint (length (registry), ==, 0);
}

/* ---- of a configuration ---- */

typedef DevSshService      TestOwn;
typedef DevSshServiceClass TestOwnClass;
GType test_own_get_type (void);
G_DEFINE_TYPE (TestOwn, test_own, DEVSSH_TYPE_SERVICE)

static void test_own_class_init (TestOwnClass *klass) { }
static void test_own_init (TestOwn *self) { }

static void
test_config (void)
{
  const char *directory = new_directory ();
  const char *names[] = { "b", "c", NULL };
  const char *rules[] = { "session-request:a", NULL };
  g_autoptr(DevSshSessionConfig) config = devssh_session_config_new ();
  g_autoptr(DevSshPluginRegistry) none = NULL;
  g_autoptr(DevSshPluginRegistry) some = NULL;
  g_autoptr(DevSshPluginRegistry) all = NULL;
  g_autoptr(DevSshPluginInfo) own = NULL;
  g_autoptr(GString) changes = g_string_new (NULL);
  g_autoptr(GError) error = NULL;

  put_keyfile (directory, "a", "x", "TestA");
  put_keyfile (directory, "b", "x", "TestB");
  put_text (directory, "c.plugin", "rubbish");
  devssh_session_config_add_service (config, test_own_get_type (), "b", rules, NULL, &error);
  g_assert_no_error (error);
  devssh_session_config_add_service (config, test_own_get_type (), "own", rules, NULL, &error);
  g_assert_no_error (error);
  devssh_session_config_add_plugin_directory (config, directory, &error);
  g_assert_no_error (error);

  /* Installed is not allowed. */
  none = devssh_session_config_list_plugins (config);
  g_assert_cmpuint (length (none), ==, 2);
  own = g_object_ref (item (none, 1));
  g_assert_cmpstr (devssh_plugin_info_get_name (own), ==, "own");
  g_assert_cmpstr (devssh_plugin_info_get_title (own), ==, "own");
  g_assert_cmpint (devssh_plugin_info_get_origin (own), ==, DEVSSH_PLUGIN_ORIGIN_CODE);
  g_assert_null (devssh_plugin_info_get_path (own));
  g_assert_null (devssh_plugin_info_get_module_path (own));
  assert_state (own, LOADED);
  g_assert_cmpstr (devssh_service_info_get_type_name (service_of (own, 0)), ==, "TestOwn");
  g_assert_cmpstr (devssh_service_info_get_rules (service_of (own, 0))[0], ==, "session-request:a");

  devssh_session_config_allow_plugins (config, names);
  some = devssh_session_config_list_plugins (config);
  g_assert_cmpuint (length (some), ==, 4);
  g_assert_cmpstr (devssh_plugin_info_get_name (item (some, 2)), ==, "b");
  g_assert_cmpstr (devssh_service_info_get_hidden_by (service_of (item (some, 2), 0)), ==, "b");
  g_assert_cmpint (devssh_plugin_info_get_origin (item (some, 2)), ==, DEVSSH_PLUGIN_ORIGIN_DIRECTORY);
  assert_failed (item (some, 3), "c.plugin");

  devssh_session_config_allow_plugins (config, NULL);
  all = devssh_session_config_list_plugins (config);
  g_assert_cmpuint (length (all), ==, 5);

  /* What is in code stays as it is. */
  g_signal_connect (all, "items-changed", G_CALLBACK (note_change_cb), changes);
  put_keyfile (directory, "d", "x", "TestD");
  devssh_plugin_registry_refresh (all);
  g_assert_cmpstr (changes->str, ==, "5-0+1 ");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_test_add_func ("/plugins/registry/item", test_item);
  g_test_add_func ("/plugins/registry/language", test_language);
  g_test_add_func ("/plugins/registry/without-words", test_without_words);
  g_test_add_func ("/plugins/registry/order", test_order);
  g_test_add_func ("/plugins/registry/hidden", test_hidden);
  g_test_add_func ("/plugins/registry/broken/T-83", test_broken);
  g_test_add_func ("/plugins/registry/bad-directory/T-83", test_bad_directory);
  g_test_add_func ("/plugins/registry/refresh", test_refresh);
  g_test_add_data_func ("/plugins/registry/states", NULL, test_states);
  g_test_add_data_func ("/plugins/registry/states/T-66", "thread", test_states);
  g_test_add_func ("/plugins/registry/mended", test_mended);
  g_test_add_func ("/plugins/registry/gone", test_gone);
  g_test_add_func ("/plugins/registry/wrong-thread/T-66", test_wrong_thread);
  g_test_add_func ("/plugins/registry/config", test_config);

  return g_test_run ();
}
