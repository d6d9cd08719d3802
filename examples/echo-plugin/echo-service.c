/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sends back what comes on a channel of the type echo@example.org, if the application lets it. */
#include <libdevssh/devssh.h>

#define EXAMPLE_TYPE_ECHO_SERVICE (example_echo_service_get_type ())
GType example_echo_service_get_type (void);
G_DECLARE_FINAL_TYPE (ExampleEchoService, example_echo_service, EXAMPLE, ECHO_SERVICE, DevSshService)

/* One instance a session. */
struct _ExampleEchoService
{
  DevSshService parent_instance;
  gboolean      upper_case;
};

G_DEFINE_DYNAMIC_TYPE_EXTENDED (ExampleEchoService, example_echo_service, DEVSSH_TYPE_SERVICE, G_TYPE_FLAG_FINAL, {})

enum { PROP_0, PROP_UPPER_CASE, N_PROPS };
static GParamSpec *properties[N_PROPS];

/* ---- a channel ---- */

static void
sent (GObject      *source,
      GAsyncResult *result,
      gpointer      user_data)
{
  /* The peer may send again what has gone back: so a fast one that does not read cannot fill our memory. */
  if (devssh_channel_send_finish (DEVSSH_CHANNEL (source), result, NULL))
    devssh_channel_adjust_window (DEVSSH_CHANNEL (source), GPOINTER_TO_UINT (user_data), NULL);
}

static void
data (DevSshChannel      *channel,
      GBytes             *bytes,
      ExampleEchoService *self)
{
  gsize length = g_bytes_get_size (bytes);
  g_autofree char *text = NULL;
  g_autoptr(GBytes) answer = NULL;

  if (self->upper_case)
    {
      text = g_ascii_strup (g_bytes_get_data (bytes, NULL), length);
      answer = g_bytes_new_take (g_steal_pointer (&text), length);
    }

  devssh_channel_send_async (channel, answer != NULL ? answer : bytes, NULL, sent, GUINT_TO_POINTER (length));
}

static void
eof (DevSshChannel *channel)
{
  /* What is on its way goes first. */
  devssh_channel_close (channel);
}

static void
serve (ExampleEchoService *self,
       DevSshChannel      *channel)
{
  devssh_channel_set_manual_credit (channel, TRUE);
  g_signal_connect_object (channel, "data", G_CALLBACK (data), self, 0);
  g_signal_connect (channel, "eof", G_CALLBACK (eof), NULL);
}

/* ---- questions ---- */

/* The application has decided; perhaps a dialog was open for a minute. */
static void
asked (GObject      *source,
       GAsyncResult *result,
       gpointer      user_data)
{
  g_autoptr(DevSshChannelOpening) opening = user_data;
  g_autoptr(GError) error = NULL;

  if (devssh_service_ask_finish (DEVSSH_SERVICE (source), result, &error))
    {
      serve (EXAMPLE_ECHO_SERVICE (source), devssh_channel_opening_get_channel (opening));
      devssh_channel_opening_accept (opening);
    }
  else
    devssh_channel_opening_reject (opening, DEVSSH_CHANNEL_OPEN_FAILURE_ADMINISTRATIVELY_PROHIBITED, error->message);
}

static gboolean
example_echo_service_channel_opening (DevSshService        *service,
                                      DevSshChannelOpening *opening)
{
  devssh_service_ask_async (service, DEVSSH_QUESTION (opening), NULL, asked, g_object_ref (opening));

  return TRUE;    /* it is ours, and the answer comes later */
}

/* There is nothing to ask about: the answer is known at once. */
static gboolean
example_echo_service_session_request (DevSshService        *service,
                                      DevSshSessionRequest *request)
{
  devssh_session_request_complete_with_payload (request, TRUE, devssh_session_request_get_payload (request));

  return TRUE;
}

/* ---- the class ---- */

static void
example_echo_service_get_property (GObject    *object,
                                   guint       prop_id,
                                   GValue     *value,
                                   GParamSpec *pspec)
{
  if (prop_id == PROP_UPPER_CASE)
    g_value_set_boolean (value, EXAMPLE_ECHO_SERVICE (object)->upper_case);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
example_echo_service_set_property (GObject      *object,
                                   guint         prop_id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
  if (prop_id == PROP_UPPER_CASE)
    EXAMPLE_ECHO_SERVICE (object)->upper_case = g_value_get_boolean (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
}

static void
example_echo_service_class_init (ExampleEchoServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  DevSshServiceClass *service_class = DEVSSH_SERVICE_CLASS (klass);

  object_class->get_property = example_echo_service_get_property;
  object_class->set_property = example_echo_service_set_property;
  service_class->channel_opening = example_echo_service_channel_opening;
  service_class->session_request = example_echo_service_session_request;

  /* What an application can set, when ::service-activated tells it of the service. */
  properties[PROP_UPPER_CASE] =
    g_param_spec_boolean ("upper-case", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
example_echo_service_class_finalize (ExampleEchoServiceClass *klass)
{
}

static void
example_echo_service_init (ExampleEchoService *self)
{
}

/* ---- what the module exports: these two, and nothing else ---- */

DEVSSH_PLUGIN_EXPORT const guint devssh_plugin_abi;
const guint devssh_plugin_abi = DEVSSH_PLUGIN_ABI;

DEVSSH_PLUGIN_EXPORT void devssh_plugin_load (GTypeModule *module);

void
devssh_plugin_load (GTypeModule *module)
{
  example_echo_service_register_type (module);
}
