/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A service in C, in a library that a program of another language has loaded. */
#include <libdevssh/devssh.h>

#include <string.h>

typedef DevSshService      TestCService;
typedef DevSshServiceClass TestCServiceClass;
GType test_c_service_get_type (void);
G_DEFINE_TYPE (TestCService, test_c_service, DEVSSH_TYPE_SERVICE)

/* Answers with its name, and with what it was configured with. */
static gboolean
session_request (DevSshService        *service,
                 DevSshSessionRequest *request)
{
  GObject *config = devssh_service_get_config (service);
  g_autofree char *text = g_strdup_printf ("%s %s", devssh_service_get_name (service),
                                           config != NULL ? G_OBJECT_TYPE_NAME (config) : "-");
  g_autoptr(GBytes) reply = g_bytes_new (text, strlen (text));

  devssh_session_request_complete_with_payload (request, TRUE, reply);
  return TRUE;
}

static void
test_c_service_class_init (TestCServiceClass *klass)
{
  klass->session_request = session_request;
}

static void
test_c_service_init (TestCService *self)
{
}

/* As a part of a program that is written in C would. */
gboolean test_add_c_service (DevSshSessionConfig *config);

gboolean
test_add_c_service (DevSshSessionConfig *config)
{
  const char *rules[] = { "session-request:c@example.org", NULL };
  g_autoptr(GObject) object = g_object_new (G_TYPE_OBJECT, NULL);

  return devssh_session_config_add_service (config, test_c_service_get_type (), "c", rules, object, NULL);
}

/* GJS cannot call that; the type is there for it when this library is. */
__attribute__ ((constructor)) static void
register_type (void)
{
  g_type_ensure (test_c_service_get_type ());
}
