/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the program says: to people a line of text, to programs a line of JSON. */
#include "tool.h"

#include <json-glib/json-glib.h>
#include <stdarg.h>
#include <stdio.h>

gboolean tool_json;

static void
print_object (const char *name,
              va_list    *values)
{
  g_autoptr(GVariant) object = NULL;
  g_autofree char *text = NULL;
  GVariantBuilder builder;
  const char *key;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "event", g_variant_new_string (name));
  while ((key = va_arg (*values, const char *)) != NULL)
    {
      const char *format = va_arg (*values, const char *);

      g_variant_builder_add (&builder, "{sv}", key, g_variant_new_va (format, NULL, values));
    }
  object = g_variant_ref_sink (g_variant_builder_end (&builder));
  text = json_gvariant_serialize_data (object, NULL);
  fprintf (stdout, "%s\n", text);
  fflush (stdout);
}

void
tool_event (const char *name,
            const char *text,
            ...)
{
  va_list values;

  va_start (values, text);
  if (tool_json)
    {
      print_object (name, &values);
    }
  else if (text != NULL)
    {
      fprintf (stdout, "%s\n", text);
      fflush (stdout);
    }
  va_end (values);
}

int
tool_fail (int           status,
           const GError *error,
           const char   *format,
           ...)
{
  g_autofree char *what = NULL;
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  what = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  text = error != NULL ? g_strdup_printf ("%s: %s", what, error->message) : g_strdup (what);

  if (tool_json)
    tool_event ("error", NULL,
                "status", "i", status,
                "message", "s", text,
                "domain", "s", error != NULL ? g_quark_to_string (error->domain) : "",
                "code", "i", error != NULL ? error->code : 0,
                NULL);
  else
    fprintf (stderr, "devssh: %s\n", text);
  return status;
}
