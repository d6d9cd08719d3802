/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a keyfile to a type: what is read, what is trusted, and the reason for everything that is not (threat T-83). */
#include "plugin-util.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <glib/gstdio.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-plugin.h>
#include <libdevssh/service/devssh-service-private.h>

#define SOMEBODY_ELSE 65534

G_MODULE_EXPORT extern guint test_module_loads;
guint test_module_loads;

static GPtrArray *
catalogue (const char *directory,
           GPtrArray **errors)
{
  const char *directories[] = { directory, NULL };

  *errors = g_ptr_array_new_with_free_func (g_free);

  return devssh_plugin_catalogue (directories, NULL, *errors);
}

/* No entry, and one error that has both texts. */
static void
assert_left_out (const char *directory,
                 const char *first,
                 const char *second)
{
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = catalogue (directory, &errors);

  g_assert_cmpuint (entries->len, ==, 0);
  g_assert_cmpuint (errors->len, ==, 1);
  g_test_message ("%s", (char *) errors->pdata[0]);
  g_assert_nonnull (strstr (errors->pdata[0], first));
  g_assert_nonnull (strstr (errors->pdata[0], second));
}

static void
assert_found (const char *directory)
{
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = catalogue (directory, &errors);

  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (entries->len, ==, 1);
}

/* Keyfiles */

static void
test_keyfile (void)
{
  const char *directory = new_directory ();
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = NULL;
  DevSshServiceEntry *entry;

  /* The module need not even be there: only the keyfile is read. */
  put_text (directory, "one.plugin",
            "[Plugin]\nModule=test-nowhere\nAbi=1\nName=One\nDescription=The first\n\n"
            "[Service TestOne]\nName=one\nActivateOn=channel-type:a@b;channel-request:c channel-type:d\n\n"
            "[Service TestTwo]\nName=two\n\n"
            "[Something Else]\nUnknown=key\n");
  put_text (directory, "two.plugin.bak", "rubbish");
  put_text (directory, ".hidden.plugin", "rubbish");
  entries = catalogue (directory, &errors);

  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (entries->len, ==, 2);

  entry = entries->pdata[0];
  g_assert_cmpstr (entry->plugin, ==, "one");
  g_assert_cmpstr (entry->type_name, ==, "TestOne");
  g_assert_cmpstr (entry->name, ==, "one");
  g_assert_cmpuint (entry->type, ==, 0);
  g_assert_null (entry->error);
  g_assert_true (devssh_activation_matches_channel_type (entry->activation, "a@b"));
  g_assert_true (devssh_activation_matches_channel_request (entry->activation, "c", "d"));

  entry = entries->pdata[1];
  g_assert_cmpstr (entry->type_name, ==, "TestTwo");
  g_assert_null (devssh_activation_get_rules (entry->activation)[0]);
  g_assert_cmpuint (g_strv_length (entry->type_names), ==, 2);
}

#define PLUGIN  "[Plugin]\nModule=test-x\nAbi=1\n"
#define SERVICE "[Service TestX]\nName=x\n"

static const struct
{
  const char *name;
  const char *text;
  const char *reason;
} bad_keyfiles[] = {
  { "empty",               "", "Plugin" },
  { "rubbish",             "\x7f""ELF\x01\x02", "x.plugin" },
  { "no-group",            "Module=test-x\n", "x.plugin" },
  { "no-abi",              "[Plugin]\nModule=test-x\n" SERVICE, "Abi" },
  { "other-abi",           "[Plugin]\nModule=test-x\nAbi=2\n" SERVICE, "ABI 2" },
  { "abi-no-number",       "[Plugin]\nModule=test-x\nAbi=one\n" SERVICE, "x.plugin" },
  { "abi-too-large",       "[Plugin]\nModule=test-x\nAbi=4294967297\n" SERVICE, "x.plugin" },
  { "no-module",           "[Plugin]\nAbi=1\n" SERVICE, "Module" },
  { "module-empty",        "[Plugin]\nModule=\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-absolute",     "[Plugin]\nModule=/tmp/libx.so\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-below",        "[Plugin]\nModule=sub/x\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-above",        "[Plugin]\nModule=../x\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-dot",          "[Plugin]\nModule=.x\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-dots",         "[Plugin]\nModule=..\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-escape",       "[Plugin]\nModule=a\\nb\nAbi=1\n" SERVICE, "not the name of a module" },
  { "module-space",        "[Plugin]\nModule=a b\nAbi=1\n" SERVICE, "not the name of a module" },
  { "no-service",          PLUGIN, "has no [Service" },
  { "service-no-name",     PLUGIN "[Service TestX]\n", "Name" },
  { "service-empty-name",  PLUGIN "[Service TestX]\nName=\n", "empty Name" },
  { "service-no-type",     PLUGIN "[Service ]\nName=x\n", "not the name of a type" },
  { "service-short-type",  PLUGIN "[Service Te]\nName=x\n", "not the name of a type" },
  { "service-type-digit",  PLUGIN "[Service 1Test]\nName=x\n", "not the name of a type" },
  { "service-type-path",   PLUGIN "[Service ../Test]\nName=x\n", "not the name of a type" },
  { "same-name",           PLUGIN SERVICE "[Service TestY]\nName=x\n", "two services that are called “x”" },
  { "bad-rule",            PLUGIN SERVICE "ActivateOn=channel-type:a;nonsense\n", "nonsense" },
  { "one-bad-of-two",      PLUGIN SERVICE "[Service TestY]\nName=y\nActivateOn=?\n", "expected" },
};

static void
test_bad_keyfile (gconstpointer data)
{
  const char *directory = new_directory ();
  guint i = GPOINTER_TO_UINT (data);

  put_text (directory, "x.plugin", bad_keyfiles[i].text);
  assert_left_out (directory, "x.plugin", bad_keyfiles[i].reason);
}

static void
test_keyfile_too_large (void)
{
  const char *directory = new_directory ();
  g_autofree char *rest = g_strnfill (64 * 1024, '#');
  g_autofree char *text = g_strconcat (PLUGIN SERVICE, rest, NULL);

  put_text (directory, "x.plugin", text);
  assert_left_out (directory, "x.plugin", "has more than 65536 bytes");

  text[64 * 1024] = '\0';
  put_text (directory, "x.plugin", text);
  assert_found (directory);
}

static void
test_bad_one_leaves_others (void)
{
  const char *directory = new_directory ();
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = NULL;

  put_text (directory, "b.plugin", "rubbish");
  put_keyfile (directory, "c", "test-c", "TestC");
  put_keyfile (directory, "a", "test-a", "TestA");
  entries = catalogue (directory, &errors);

  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_cmpuint (entries->len, ==, 2);
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[0])->plugin, ==, "a");
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[1])->plugin, ==, "c");
}

static void
test_names (void)
{
  const char *directory = new_directory ();
  const char *directories[] = { directory, NULL };
  const char *wanted[] = { "b", "not-there", NULL };
  const char *none[] = { NULL };
  const char *tricky[] = { "../b", "b.plugin", "", NULL };
  g_autoptr(GPtrArray) entries = NULL;
  g_autoptr(GPtrArray) no_entries = NULL;
  g_autoptr(GPtrArray) tricked = NULL;

  put_keyfile (directory, "a", "test-a", "TestA");
  put_keyfile (directory, "b", "test-b", "TestB");

  entries = devssh_plugin_catalogue (directories, wanted, NULL);
  g_assert_cmpuint (entries->len, ==, 1);
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[0])->plugin, ==, "b");

  no_entries = devssh_plugin_catalogue (directories, none, NULL);
  g_assert_cmpuint (no_entries->len, ==, 0);

  tricked = devssh_plugin_catalogue (directories, tricky, NULL);
  g_assert_cmpuint (tricked->len, ==, 0);
}

static void
test_first_directory_wins (void)
{
  const char *first = new_directory ();
  const char *second = new_directory ();
  const char *directories[] = { first, second, NULL };
  g_autoptr(GPtrArray) entries = NULL;

  put_keyfile (first, "a", "test-a", "TestFirst");
  put_keyfile (second, "a", "test-a", "TestLater");
  put_keyfile (second, "b", "test-b", "TestOther");
  entries = devssh_plugin_catalogue (directories, NULL, NULL);

  g_assert_cmpuint (entries->len, ==, 2);
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[0])->type_name, ==, "TestFirst");
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[1])->type_name, ==, "TestOther");
}

/* Whom to trust */

static void
test_relative_directory (void)
{
  const char *directory = new_directory ();
  g_autofree char *parent = g_path_get_dirname (directory);
  g_autofree char *base = g_path_get_basename (directory);
  g_autofree char *before = g_get_current_dir ();

  put_keyfile (directory, "a", "test-a", "TestA");
  assert_found (directory);

  g_assert_cmpint (g_chdir (parent), ==, 0);
  assert_left_out (base, base, "not an absolute path");
  assert_left_out (".", ".", "not an absolute path");
  assert_left_out ("", "", "not an absolute path");
  g_assert_cmpint (g_chdir (before), ==, 0);
}

static void
test_no_directory (void)
{
  const char *directory = new_directory ();
  g_autofree char *nowhere = g_build_filename (directory, "nowhere", NULL);
  g_autofree char *file = g_build_filename (directory, "file", NULL);

  put_text (directory, "file", "text");
  assert_left_out (nowhere, "nowhere", g_strerror (ENOENT));
  assert_left_out (file, "file", "not a directory");
}

static void
test_directory_mode (gconstpointer data)
{
  const char *directory = new_directory ();

  put_keyfile (directory, "a", "test-a", "TestA");
  g_assert_cmpint (g_chmod (directory, GPOINTER_TO_INT (data)), ==, 0);
  assert_left_out (directory, directory, "can be written by");
  g_assert_cmpint (g_chmod (directory, 0755), ==, 0);
  assert_found (directory);
}

static void
test_keyfile_mode (gconstpointer data)
{
  const char *directory = new_directory ();
  g_autofree char *path = g_build_filename (directory, "a.plugin", NULL);

  put_keyfile (directory, "a", "test-a", "TestA");
  g_assert_cmpint (g_chmod (path, GPOINTER_TO_INT (data)), ==, 0);
  assert_left_out (directory, "a.plugin", "can be written by");
}

static gboolean
skip_unless_root (void)
{
  if (geteuid () == 0)
    return FALSE;

  g_test_skip ("only root can give files away");
  return TRUE;
}

static void
test_directory_owner (void)
{
  const char *directory;

  if (skip_unless_root ())
    return;

  directory = new_directory ();
  put_keyfile (directory, "a", "test-a", "TestA");
  g_assert_cmpint (chown (directory, SOMEBODY_ELSE, -1), ==, 0);
  assert_left_out (directory, directory, "belongs to user 65534");
}

static void
test_keyfile_owner (void)
{
  const char *directory;
  g_autofree char *path = NULL;

  if (skip_unless_root ())
    return;

  directory = new_directory ();
  path = g_build_filename (directory, "a.plugin", NULL);
  put_keyfile (directory, "a", "test-a", "TestA");
  g_assert_cmpint (chown (path, SOMEBODY_ELSE, -1), ==, 0);
  assert_left_out (directory, "a.plugin", "belongs to user 65534");
}

static void
test_keyfile_link_out (void)
{
  const char *directory = new_directory ();
  const char *elsewhere = new_directory ();
  g_autofree char *target = g_build_filename (elsewhere, "a.plugin", NULL);

  put_keyfile (elsewhere, "a", "test-a", "TestA");
  link_to (directory, "a.plugin", target);
  assert_left_out (directory, "a.plugin", "leads out of its directory");
}

static void
test_keyfile_link_inside (void)
{
  const char *directory = new_directory ();

  put_keyfile (directory, "real", "test-a", "TestA");
  g_assert_cmpint (g_chdir (directory), ==, 0);
  g_assert_cmpint (g_rename ("real.plugin", "real.text"), ==, 0);
  g_assert_cmpint (g_chdir ("/"), ==, 0);
  link_to (directory, "a.plugin", "real.text");
  assert_found (directory);
}

static void
test_keyfile_link_nowhere (void)
{
  const char *directory = new_directory ();

  link_to (directory, "a.plugin", "nowhere");
  assert_left_out (directory, "a.plugin", g_strerror (ENOENT));
}

static void
test_keyfile_no_file (void)
{
  const char *directory = new_directory ();
  g_autofree char *path = g_build_filename (directory, "a.plugin", NULL);

  g_assert_cmpint (mkfifo (path, 0644), ==, 0);
  assert_left_out (directory, "a.plugin", "not a regular file");
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  assert_left_out (directory, "a.plugin", "not a regular file");
}

/* A link to a directory is followed, and where it leads is what is judged. */
static void
test_directory_link (void)
{
  const char *directory = new_directory ();
  const char *elsewhere = new_directory ();
  g_autofree char *path = g_build_filename (elsewhere, "link", NULL);

  put_keyfile (directory, "a", "test-a", "TestA");
  link_to (elsewhere, "link", directory);
  assert_found (path);
  g_assert_cmpint (g_chmod (directory, 0777), ==, 0);
  assert_left_out (path, "link", "can be written by everybody");
}

/* The environment */

static void
test_environment (void)
{
  const char *directory = new_directory ();
  const char *second = new_directory ();
  const char *extra[] = { second, NULL };
  g_autofree char *variable = g_strconcat (":", directory, ":relative:", NULL);
  g_autoptr(GPtrArray) errors = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(GPtrArray) entries = NULL;

  put_keyfile (directory, "a", "test-a", "TestFirst");
  put_keyfile (second, "a", "test-a", "TestLater");
  g_setenv ("DEVSSH_PLUGIN_PATH", variable, TRUE);
  entries = devssh_plugin_catalogue (extra, NULL, errors);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_assert_cmpuint (entries->len, ==, 1);
  g_assert_cmpstr (((DevSshServiceEntry *) entries->pdata[0])->type_name, ==, "TestFirst");
  g_assert_cmpuint (errors->len, ==, 1);
  g_assert_nonnull (strstr (errors->pdata[0], "relative: is not an absolute path"));
}

static char *
run_helper (const char *directory,
            const char *helper)
{
  g_autofree char *path = g_build_filename (directory, helper, NULL);
  g_autofree char *variable = g_strconcat ("DEVSSH_PLUGIN_PATH=", directory, NULL);
  const char *argv[] = { path, NULL };
  const char *envp[] = { variable, NULL };
  g_autoptr(GError) error = NULL;
  char *output = NULL;
  int status;

  g_spawn_sync (NULL, (char **) argv, (char **) envp, G_SPAWN_DEFAULT, NULL, NULL,
                &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);

  return output;
}

/* As a setuid program that its caller gives an environment. */
static void
test_environment_secure (void)
{
  const char *directory;
  g_autofree char *helper = NULL;
  g_autofree char *plain = NULL;
  g_autofree char *secure = NULL;

  if (skip_unless_root ())
    return;

  directory = new_directory ();
  put_keyfile (directory, "a", "test-a", "TestA");
  copy_file (g_getenv ("DEVSSH_TEST_MODULES"), "test-secure-environment", directory, 0755);
  plain = run_helper (directory, "test-secure-environment");
  g_assert_cmpstr (plain, ==, "plain 1\n");

  helper = g_build_filename (directory, "test-secure-environment", NULL);
  g_assert_cmpint (chown (helper, SOMEBODY_ELSE, -1), ==, 0);
  g_assert_cmpint (g_chmod (helper, 04755), ==, 0);
  secure = run_helper (directory, "test-secure-environment");

  if (g_str_has_prefix (secure, "plain"))
    g_test_skip ("setuid does not work in the directory for temporary files");
  else
    g_assert_cmpstr (secure, ==, "secure 0\n");
}

/* Modules */

static DevSshServiceEntry *
only_entry (const char *directory)
{
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = catalogue (directory, &errors);

  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (entries->len, ==, 1);

  return devssh_service_entry_ref (entries->pdata[0]);
}

static void
assert_refused (DevSshServiceEntry *entry,
                const char         *reason)
{
  /* Asked again, it says the same, and nothing is tried twice. */
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_cmpuint (devssh_service_entry_get_type_loaded (entry, &error), ==, G_TYPE_INVALID);
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, reason));
      g_assert_null (devssh_service_entry_create (entry, NULL));
    }
}

static void
test_module (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;
  g_autoptr(DevSshServiceEntry) again = NULL;
  g_autoptr(DevSshService) service = NULL;
  g_autoptr(GError) error = NULL;
  GType type;

  put_keyfile (directory, "good", "test-good", "TestGood");
  put_module (directory, "good");
  test_module_loads = 0;
  entry = only_entry (directory);
  again = only_entry (directory);
  g_assert_cmpuint (g_type_from_name ("TestGood"), ==, 0);
  g_assert_cmpuint (test_module_loads, ==, 0);

  type = devssh_service_entry_get_type_loaded (entry, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (type, !=, G_TYPE_INVALID);
  g_assert_cmpuint (type, ==, g_type_from_name ("TestGood"));
  g_assert_true (g_type_is_a (type, DEVSSH_TYPE_SERVICE));
  g_assert_cmpuint (test_module_loads, ==, 1);

  /* Another configuration of the same process finds it open. */
  g_assert_cmpuint (devssh_service_entry_get_type_loaded (again, &error), ==, type);
  g_assert_no_error (error);
  g_assert_cmpuint (test_module_loads, ==, 1);

  service = devssh_service_entry_create (entry, &error);
  g_assert_no_error (error);
  g_assert_true (G_OBJECT_TYPE (service) == type);
  g_clear_object (&service);

  /* The last instance has gone; the module has not. */
  service = devssh_service_entry_create (again, &error);
  g_assert_no_error (error);
  g_assert_nonnull (service);
  g_assert_cmpuint (test_module_loads, ==, 1);
}

typedef struct
{
  DevSshServiceEntry *entry;
  GType               type;
} Race;

static gpointer
load_thread (gpointer data)
{
  Race *race = data;

  race->type = devssh_service_entry_get_type_loaded (race->entry, NULL);

  return NULL;
}

static void
test_module_threads (void)
{
  const char *directory = new_directory ();
  Race races[8] = { 0, };
  GThread *threads[8];

  put_keyfile (directory, "second", "test-second", "TestSecond");
  put_module (directory, "second");
  test_module_loads = 0;

  for (guint i = 0; i < 8; i++)
    {
      races[i].entry = i == 0 || i % 2 == 1 ? only_entry (directory) : devssh_service_entry_ref (races[0].entry);
      threads[i] = g_thread_new ("load", load_thread, &races[i]);
    }

  for (guint i = 0; i < 8; i++)
    {
      g_thread_join (threads[i]);
      g_assert_cmpuint (races[i].type, ==, g_type_from_name ("TestSecond"));
      devssh_service_entry_unref (races[i].entry);
    }

  g_assert_cmpuint (test_module_loads, ==, 1);
}

static const struct
{
  const char *variant;
  const char *type_name;
  const char *reason;
  guint       loads;      /* how often devssh_plugin_load() may have run */
} bad_modules[] = {
  { "wrong-abi",        "TestWrongAbi",        "was built for plugin ABI 2", 0 },
  { "no-abi",           "TestNoAbi",           "has no symbol “devssh_plugin_abi”", 0 },
  { "no-load",          "TestNoLoad",          "has no symbol “devssh_plugin_load”", 0 },
  { "undefined-symbol", "TestUndefinedSymbol", "test_module_calls_what_nobody_has", 0 },
  { "no-type",          "TestNoType",          "is not registered by the module", 1 },
  { "not-a-service",    "TestNotAService",     "is not a DevSshService", 1 },
  { "abstract",         "TestAbstract",        "is abstract", 1 },
  { "static-type",      "TestStaticType",      "not with the GTypeModule", 1 },
};

static void
test_bad_module (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  const char *directory = new_directory ();
  g_autofree char *module = g_strconcat ("test-", bad_modules[i].variant, NULL);
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", module, bad_modules[i].type_name);
  put_module (directory, bad_modules[i].variant);
  entry = only_entry (directory);
  test_module_loads = 0;
  assert_refused (entry, bad_modules[i].reason);
  g_assert_cmpuint (test_module_loads, ==, bad_modules[i].loads);
}

static void
test_module_missing (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", "test-missing", "TestMissing");
  entry = only_entry (directory);
  assert_refused (entry, g_strerror (ENOENT));
}

static void
test_module_rubbish (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", "test-rubbish", "TestRubbish");
  put_text (directory, "libtest-rubbish.so", "not a module at all, but long enough to be read as one: "
            "a loader looks at the first bytes and has to say no");
  entry = only_entry (directory);
  assert_refused (entry, "cannot be opened");
}

static void
test_module_cannot_start (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;
  g_autoptr(DevSshService) service = NULL;
  g_autoptr(GError) error = NULL;

  put_keyfile (directory, "x", "test-cannot-start", "TestCannotStart");
  put_module (directory, "cannot-start");
  entry = only_entry (directory);
  g_assert_cmpuint (devssh_service_entry_get_type_loaded (entry, &error), !=, G_TYPE_INVALID);
  g_assert_no_error (error);
  service = devssh_service_entry_create (entry, &error);
  g_assert_null (service);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN);
  g_assert_nonnull (strstr (error->message, "no licence for today"));
}

/* The keyfile was read, and then the place became unsafe. */
static void
test_module_mode (gconstpointer data)
{
  const char *directory = new_directory ();
  g_autofree char *path = g_build_filename (directory, "libtest-good.so", NULL);
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", "test-good", "TestMode");
  put_module (directory, "good");
  entry = only_entry (directory);
  g_assert_cmpint (g_chmod (path, GPOINTER_TO_INT (data)), ==, 0);
  test_module_loads = 0;
  assert_refused (entry, "can be written by");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

static void
test_module_directory_mode (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", "test-good", "TestDirectoryMode");
  put_module (directory, "good");
  entry = only_entry (directory);
  g_assert_cmpint (g_chmod (directory, 0777), ==, 0);
  test_module_loads = 0;
  assert_refused (entry, "can be written by everybody");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

static void
test_module_owner (void)
{
  const char *directory;
  g_autofree char *path = NULL;
  g_autoptr(DevSshServiceEntry) entry = NULL;

  if (skip_unless_root ())
    return;

  directory = new_directory ();
  path = g_build_filename (directory, "libtest-good.so", NULL);
  put_keyfile (directory, "x", "test-good", "TestOwner");
  put_module (directory, "good");
  entry = only_entry (directory);
  g_assert_cmpint (chown (path, SOMEBODY_ELSE, -1), ==, 0);
  assert_refused (entry, "belongs to user 65534");
}

static void
test_module_link_out (void)
{
  const char *directory = new_directory ();
  const char *elsewhere = new_directory ();
  g_autofree char *target = g_build_filename (elsewhere, "libtest-good.so", NULL);
  g_autoptr(DevSshServiceEntry) entry = NULL;

  put_keyfile (directory, "x", "test-good", "TestLinkOut");
  put_module (elsewhere, "good");
  link_to (directory, "libtest-good.so", target);
  entry = only_entry (directory);
  test_module_loads = 0;
  assert_refused (entry, "leads out of its directory");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

/* The directory was put in another's place after its keyfiles had been read. */
static void
test_module_directory_replaced (void)
{
  const char *parent = new_directory ();
  const char *elsewhere = new_directory ();
  g_autofree char *directory = g_build_filename (parent, "plugins", NULL);
  g_autofree char *moved = g_build_filename (parent, "moved", NULL);
  g_autoptr(DevSshServiceEntry) entry = NULL;

  g_assert_cmpint (g_mkdir (directory, 0755), ==, 0);
  put_keyfile (directory, "x", "test-good", "TestReplaced");
  put_module (directory, "good");
  put_module (elsewhere, "good");
  entry = only_entry (directory);
  g_assert_cmpint (g_rename (directory, moved), ==, 0);
  link_to (parent, "plugins", elsewhere);
  test_module_loads = 0;
  assert_refused (entry, "another directory");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

typedef DevSshService      TestTaken;
typedef DevSshServiceClass TestTakenClass;
GType test_taken_get_type (void);
G_DEFINE_TYPE (TestTaken, test_taken, DEVSSH_TYPE_SERVICE)

static void test_taken_class_init (TestTakenClass *klass) { }
static void test_taken_init (TestTaken *self) { }

static void
test_type_name_taken (void)
{
  const char *directory = new_directory ();
  g_autoptr(DevSshServiceEntry) entry = NULL;

  g_type_ensure (test_taken_get_type ());
  put_keyfile (directory, "x", "test-taken", "TestTaken");
  put_module (directory, "taken");
  entry = only_entry (directory);
  test_module_loads = 0;
  assert_refused (entry, "the type name “TestTaken” is taken");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

/* Not only the one that is asked for. */
static void
test_other_type_name_taken (void)
{
  const char *directory = new_directory ();
  g_autoptr(GPtrArray) errors = NULL;
  g_autoptr(GPtrArray) entries = NULL;

  put_text (directory, "x.plugin",
            "[Plugin]\nModule=test-taken\nAbi=1\n"
            "[Service TestFree]\nName=free\n"
            "[Service GObject]\nName=taken\n");
  put_module (directory, "taken");
  entries = catalogue (directory, &errors);
  g_assert_cmpuint (entries->len, ==, 2);
  test_module_loads = 0;
  assert_refused (entries->pdata[0], "the type name “GObject” is taken");
  g_assert_cmpuint (test_module_loads, ==, 0);
}

int
main (int   argc,
      char *argv[])
{
  static const int modes[] = { 0775, 0757, 0777, 01777 };
  static const int file_modes[] = { 0664, 0646, 0666 };

  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("DEVSSH_PLUGIN_PATH");

  g_test_add_func ("/plugins/keyfile/sound", test_keyfile);
  for (guint i = 0; i < G_N_ELEMENTS (bad_keyfiles); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/keyfile/bad/T-83/%s", bad_keyfiles[i].name);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad_keyfile);
    }
  g_test_add_func ("/plugins/keyfile/too-large/T-83", test_keyfile_too_large);
  g_test_add_func ("/plugins/keyfile/bad-one-leaves-others", test_bad_one_leaves_others);
  g_test_add_func ("/plugins/names", test_names);
  g_test_add_func ("/plugins/first-directory-wins", test_first_directory_wins);

  g_test_add_func ("/plugins/trust/relative-directory/T-83", test_relative_directory);
  g_test_add_func ("/plugins/trust/no-directory", test_no_directory);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/trust/directory-mode/T-83/%04o", modes[i]);

      g_test_add_data_func (path, GINT_TO_POINTER (modes[i]), test_directory_mode);
    }
  for (guint i = 0; i < G_N_ELEMENTS (file_modes); i++)
    {
      g_autofree char *keyfile = g_strdup_printf ("/plugins/trust/keyfile-mode/T-83/%04o", file_modes[i]);
      g_autofree char *module = g_strdup_printf ("/plugins/trust/module-mode/T-83/%04o", file_modes[i]);

      g_test_add_data_func (keyfile, GINT_TO_POINTER (file_modes[i]), test_keyfile_mode);
      g_test_add_data_func (module, GINT_TO_POINTER (file_modes[i]), test_module_mode);
    }
  g_test_add_func ("/plugins/trust/directory-owner/T-83", test_directory_owner);
  g_test_add_func ("/plugins/trust/keyfile-owner/T-83", test_keyfile_owner);
  g_test_add_func ("/plugins/trust/module-owner/T-83", test_module_owner);
  g_test_add_func ("/plugins/trust/keyfile-link-out/T-83", test_keyfile_link_out);
  g_test_add_func ("/plugins/trust/keyfile-link-inside", test_keyfile_link_inside);
  g_test_add_func ("/plugins/trust/keyfile-link-nowhere", test_keyfile_link_nowhere);
  g_test_add_func ("/plugins/trust/keyfile-no-file/T-83", test_keyfile_no_file);
  g_test_add_func ("/plugins/trust/directory-link", test_directory_link);
  g_test_add_func ("/plugins/trust/module-directory-mode/T-83", test_module_directory_mode);
  g_test_add_func ("/plugins/trust/module-link-out/T-83", test_module_link_out);
  g_test_add_func ("/plugins/trust/module-directory-replaced/T-83", test_module_directory_replaced);

  g_test_add_func ("/plugins/environment/plain", test_environment);
  g_test_add_func ("/plugins/environment/secure/T-83", test_environment_secure);

  g_test_add_func ("/plugins/module/good", test_module);
  g_test_add_func ("/plugins/module/threads/T-66", test_module_threads);
  for (guint i = 0; i < G_N_ELEMENTS (bad_modules); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugins/module/bad/T-83/%s", bad_modules[i].variant);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_bad_module);
    }
  g_test_add_func ("/plugins/module/missing/T-83", test_module_missing);
  g_test_add_func ("/plugins/module/rubbish/T-83", test_module_rubbish);
  g_test_add_func ("/plugins/module/cannot-start/T-83", test_module_cannot_start);
  g_test_add_func ("/plugins/module/type-name-taken/T-83", test_type_name_taken);
  g_test_add_func ("/plugins/module/other-type-name-taken/T-83", test_other_type_name_taken);

  return g_test_run ();
}
