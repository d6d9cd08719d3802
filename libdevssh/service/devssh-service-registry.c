/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what a peer asks to the service that answers: the first entry with a matching rule. */
#include <libdevssh/service/devssh-service-private.h>

#include <string.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-plugin-module-private.h>

struct _DevSshServiceRegistry
{
  GPtrArray *entries;   /* (element-type DevSshServiceEntry) */
};

DevSshServiceEntry *
devssh_service_entry_new (GType             type,
                          const char       *name,
                          DevSshActivation *activation,
                          GObject          *config)
{
  DevSshServiceEntry *self = g_new0 (DevSshServiceEntry, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->type = type;
  self->type_name = g_strdup (type != G_TYPE_INVALID ? g_type_name (type) : NULL);
  self->name = g_strdup (name);
  self->activation = devssh_activation_ref (activation);
  self->config = config != NULL ? g_object_ref (config) : NULL;

  return self;
}

DevSshServiceEntry *
devssh_service_entry_ref (DevSshServiceEntry *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
devssh_service_entry_unref (DevSshServiceEntry *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->plugin);
  g_free (self->type_name);
  g_free (self->name);
  g_strfreev (self->type_names);
  devssh_activation_unref (self->activation);
  g_clear_object (&self->config);
  g_clear_error (&self->error);
  g_free (self);
}

gboolean
devssh_service_entry_is_ready (DevSshServiceEntry *self)
{
  return g_atomic_pointer_get (&self->type) != G_TYPE_INVALID
      || g_atomic_pointer_get (&self->error) != NULL
      || devssh_plugin_module_is_open (self->module);
}

/* Sessions of several threads may share an entry; what is found out once stays. */
GType
devssh_service_entry_get_type_loaded (DevSshServiceEntry  *self,
                                      GError             **error)
{
  GType type = g_atomic_pointer_get (&self->type);

  if (type == G_TYPE_INVALID && g_atomic_pointer_get (&self->error) == NULL)
    {
      GError *reason = NULL;

      type = devssh_plugin_module_find_type (self->module, self->type_name,
                                             (const char * const *) self->type_names, &reason);
      if (type != G_TYPE_INVALID)
        g_atomic_pointer_set (&self->type, type);
      else if (!g_atomic_pointer_compare_and_exchange (&self->error, NULL, reason))
        g_error_free (reason);
    }

  if (type == G_TYPE_INVALID)
    g_propagate_error (error, g_error_copy (g_atomic_pointer_get (&self->error)));

  return type;
}

typedef struct
{
  DevSshServiceEntry *entry;
  DevSshContext      *context;
  void              (*ready) (gpointer data);
  gpointer            data;
  GDestroyNotify      destroy;
} Preparation;

static void
prepare (gpointer data)
{
  Preparation *self = data;

  devssh_service_entry_get_type_loaded (self->entry, NULL);
  devssh_context_defer (self->context, self->ready, self->data, self->destroy);

  devssh_context_unref (self->context);
  devssh_service_entry_unref (self->entry);
  g_free (self);
}

void
devssh_service_entry_prepare (DevSshServiceEntry *self,
                              DevSshContext      *context,
                              void              (*ready) (gpointer data),
                              gpointer            data,
                              GDestroyNotify      destroy)
{
  Preparation *preparation = g_new (Preparation, 1);

  *preparation = (Preparation) { devssh_service_entry_ref (self), devssh_context_ref (context), ready, data, destroy };
  devssh_plugin_module_run (self->module, prepare, preparation);
}

/* NULL and reason. */
static DevSshService *
create_instance (GType    type,
                 GError **reason)
{
  g_autoptr(DevSshService) service = NULL;

  if (g_type_is_a (type, G_TYPE_INITABLE))
    {
      service = g_initable_new (type, NULL, reason, NULL);
      if (service == NULL)
        return NULL;
    }
  else
    service = g_object_new (type, NULL);

  /* A constructor of the class's own may return anything. */
  if (service == NULL || devssh_service_is_attached (service))
    {
      g_set_error (reason, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "%s gives out no new instance", g_type_name (type));
      return NULL;
    }

  return g_steal_pointer (&service);
}

DevSshService *
devssh_service_entry_create (DevSshServiceEntry  *self,
                             GError             **error)
{
  GType type = devssh_service_entry_get_type_loaded (self, error);
  g_autoptr(GError) reason = NULL;
  DevSshService *service;

  if (type == G_TYPE_INVALID)
    return NULL;

  service = create_instance (type, &reason);
  if (service == NULL)
    g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_PLUGIN, "Service “%s” cannot start: %s",
                 self->name, reason != NULL ? reason->message : "no reason given");

  return service;
}

DevSshServiceRegistry *
devssh_service_registry_new (GPtrArray *entries)
{
  DevSshServiceRegistry *self = g_new0 (DevSshServiceRegistry, 1);

  self->entries = g_ptr_array_new_full (entries->len, (GDestroyNotify) devssh_service_entry_unref);
  for (guint i = 0; i < entries->len; i++)
    {
      DevSshServiceEntry *entry = entries->pdata[i];

      /* By its name a session finds what runs already, so a name is one service. */
      if (devssh_service_registry_by_name (self, entry->name) != NULL)
        g_debug ("Service left out: an earlier one is called “%s” as well", entry->name);
      else
        g_ptr_array_add (self->entries, devssh_service_entry_ref (entry));
    }

  return self;
}

void
devssh_service_registry_free (DevSshServiceRegistry *self)
{
  g_ptr_array_unref (self->entries);
  g_free (self);
}

typedef gboolean (*Matches) (DevSshActivation *activation,
                             const char       *name);

static DevSshServiceEntry *
first_match (DevSshServiceRegistry *self,
             Matches                matches,
             const char            *name)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      DevSshServiceEntry *entry = self->entries->pdata[i];

      if (matches (entry->activation, name))
        return entry;
    }

  return NULL;
}

DevSshServiceEntry *
devssh_service_registry_for_service_request (DevSshServiceRegistry *self,
                                             const char            *name)
{
  return first_match (self, devssh_activation_matches_service_request, name);
}

DevSshServiceEntry *
devssh_service_registry_for_session_request (DevSshServiceRegistry *self,
                                             const char            *name)
{
  return first_match (self, devssh_activation_matches_session_request, name);
}

DevSshServiceEntry *
devssh_service_registry_for_channel_type (DevSshServiceRegistry *self,
                                          const char            *channel_type)
{
  return first_match (self, devssh_activation_matches_channel_type, channel_type);
}

DevSshServiceEntry *
devssh_service_registry_for_channel_request (DevSshServiceRegistry *self,
                                             const char            *name,
                                             const char            *channel_type)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      DevSshServiceEntry *entry = self->entries->pdata[i];

      if (devssh_activation_matches_channel_request (entry->activation, name, channel_type))
        return entry;
    }

  return NULL;
}

DevSshServiceEntry *
devssh_service_registry_by_name (DevSshServiceRegistry *self,
                                 const char            *name)
{
  for (guint i = 0; i < self->entries->len; i++)
    {
      DevSshServiceEntry *entry = self->entries->pdata[i];

      if (strcmp (entry->name, name) == 0)
        return entry;
    }

  return NULL;
}
