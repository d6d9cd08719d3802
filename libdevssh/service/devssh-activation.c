/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules that wake a service: their grammar, and what they match. */
#include <libdevssh/service/devssh-activation.h>

#include <string.h>
#include <libdevssh/base/devssh-error.h>

/* RFC 4250, 4.6.1: names have at most 64 characters. */
#define NAME_MAX_LENGTH 64

typedef enum
{
  RULE_SERVICE_REQUEST,
  RULE_SESSION_REQUEST,
  RULE_CHANNEL_TYPE,
  RULE_CHANNEL_REQUEST
} RuleKind;

typedef struct
{
  RuleKind  kind;
  char     *name;
  char     *channel_type;   /* channel requests only; NULL: on any channel */
} Rule;

struct _DevSshActivation
{
  gatomicrefcount  ref_count;
  char           **texts;   /* as they were written */
  GArray          *rules;   /* (element-type Rule) */
};

/**
 * DevSshActivation:
 *
 * The rules that wake a service, made from texts that are the same in code and in
 * the keyfile of a plugin:
 *
 * - `service-request:NAME`: a server receives the service request NAME;
 * - `session-request:NAME`: a global request NAME comes (RFC 4254, 4);
 * - `channel-type:NAME`: the peer wants to open a channel of type NAME (RFC 4254, 5.1);
 * - `channel-request:NAME`: a request NAME comes on any channel (RFC 4254, 5.4);
 * - `channel-request:NAME channel-type:TYPE`: the same, but only on channels of type
 *   TYPE. Both words are one rule, with one space between them; opening such a channel
 *   wakes nobody.
 *
 * A name has 1 to 64 characters of printable US-ASCII, without comma and space
 * (RFC 4250, 4.6.1). A service without rules is woken by name only.
 *
 * Rules are about what the peer asks: a channel that is opened here, or a request that is made
 * here, wakes nobody here. Where rules of several services match, the service that was
 * registered first is asked; those that a program registers come before those of plugins. The
 * opening of a channel and a request on it are two questions, and may wake two services.
 *
 * Instances never change.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (DevSshActivation, devssh_activation, devssh_activation_ref, devssh_activation_unref)

static const struct
{
  const char *prefix;
  RuleKind    kind;
} rule_prefixes[] = {
  { "service-request:", RULE_SERVICE_REQUEST },
  { "session-request:", RULE_SESSION_REQUEST },
  { "channel-type:",    RULE_CHANNEL_TYPE },
  { "channel-request:", RULE_CHANNEL_REQUEST },
};

static void
rule_clear (gpointer data)
{
  Rule *rule = data;

  g_clear_pointer (&rule->name, g_free);
  g_clear_pointer (&rule->channel_type, g_free);
}

static gboolean
check_name (const char  *rule,
            const char  *name,
            GError     **error)
{
  gsize length = strlen (name);

  if (length == 0)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "Activation rule “%s”: a name is missing", rule);
      return FALSE;
    }

  if (length > NAME_MAX_LENGTH)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "Activation rule “%s”: a name of %" G_GSIZE_FORMAT " characters, at most %d are allowed",
                   rule, length, NAME_MAX_LENGTH);
      return FALSE;
    }

  for (gsize i = 0; i < length; i++)
    {
      if (!g_ascii_isgraph (name[i]) || name[i] == ',')
        {
          g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                       "Activation rule “%s”: a name holds the byte 0x%02x, only printable US-ASCII"
                       " without comma and space is allowed",
                       rule, (guint8) name[i]);
          return FALSE;
        }
    }

  return TRUE;
}

/* The second word of "channel-request:NAME channel-type:TYPE". */
static gboolean
parse_qualifier (Rule        *rule,
                 const char  *text,
                 const char  *word,
                 GError     **error)
{
  const char *type;

  if (rule->kind != RULE_CHANNEL_REQUEST || !g_str_has_prefix (word, "channel-type:"))
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                   "Activation rule “%s”: only “channel-request:NAME channel-type:TYPE” has a second word",
                   text);
      return FALSE;
    }

  type = word + strlen ("channel-type:");

  if (!check_name (text, type, error))
    return FALSE;

  rule->channel_type = g_strdup (type);

  return TRUE;
}

static gboolean
parse_rule (Rule        *rule,
            const char  *text,
            GError     **error)
{
  g_auto(GStrv) words = g_strsplit (text, " ", 2);
  const char *first = words[0] != NULL ? words[0] : "";

  for (guint i = 0; i < G_N_ELEMENTS (rule_prefixes); i++)
    {
      if (!g_str_has_prefix (first, rule_prefixes[i].prefix))
        continue;

      rule->kind = rule_prefixes[i].kind;
      first += strlen (rule_prefixes[i].prefix);

      if (!check_name (text, first, error))
        return FALSE;

      rule->name = g_strdup (first);

      return words[1] == NULL || parse_qualifier (rule, text, words[1], error);
    }

  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
               "Activation rule “%s”: expected “service-request:”, “session-request:”, “channel-type:”"
               " or “channel-request:” and a name",
               text);
  return FALSE;
}

/**
 * devssh_activation_new:
 * @rules: (nullable) (array zero-terminated=1): the rules, see [struct@Activation]
 * @error: return location for a [error@Error]
 *
 * Reads rules. None at all is allowed: such a service is woken by name.
 *
 * A rule that breaks the grammar is %DEVSSH_ERROR_INVALID_CONFIG, and the text
 * of the error says which one and why.
 *
 * Returns: (transfer full): the rules
 *
 * Since: 1.0
 */
DevSshActivation *
devssh_activation_new (const char * const  *rules,
                       GError             **error)
{
  g_autoptr(DevSshActivation) self = NULL;

  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  self = g_new0 (DevSshActivation, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->texts = rules != NULL ? g_strdupv ((GStrv) rules) : g_new0 (char *, 1);
  self->rules = g_array_new (FALSE, TRUE, sizeof (Rule));
  g_array_set_clear_func (self->rules, rule_clear);

  for (guint i = 0; self->texts[i] != NULL; i++)
    {
      g_array_set_size (self->rules, i + 1);

      if (!g_utf8_validate (self->texts[i], -1, NULL))
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG,
                               "An activation rule is not UTF-8");
          return NULL;
        }

      if (!parse_rule (&g_array_index (self->rules, Rule, i), self->texts[i], error))
        return NULL;
    }

  return g_steal_pointer (&self);
}

/**
 * devssh_activation_ref:
 * @self: rules
 *
 * Takes a reference; any thread may do so.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
DevSshActivation *
devssh_activation_ref (DevSshActivation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * devssh_activation_unref:
 * @self: (transfer full): rules
 *
 * Drops a reference; any thread may do so.
 *
 * Since: 1.0
 */
void
devssh_activation_unref (DevSshActivation *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_strfreev (self->texts);
  g_array_unref (self->rules);
  g_free (self);
}

/**
 * devssh_activation_get_rules:
 * @self: rules
 *
 * Gets the rules as they were written.
 *
 * Returns: (transfer none) (array zero-terminated=1): the texts
 *
 * Since: 1.0
 */
const char * const *
devssh_activation_get_rules (DevSshActivation *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return (const char * const *) self->texts;
}

static gboolean
matches (DevSshActivation *self,
         RuleKind          kind,
         const char       *name,
         const char       *channel_type)
{
  for (guint i = 0; i < self->rules->len; i++)
    {
      const Rule *rule = &g_array_index (self->rules, Rule, i);

      if (rule->kind == kind
          && strcmp (rule->name, name) == 0
          && (rule->channel_type == NULL || g_strcmp0 (rule->channel_type, channel_type) == 0))
        return TRUE;
    }

  return FALSE;
}

/**
 * devssh_activation_matches_service_request:
 * @self: rules
 * @name: the service that is requested
 *
 * Asks whether a service request wakes the service (RFC 4253, 10).
 *
 * Returns: %TRUE if a rule `service-request:`@name is there
 *
 * Since: 1.0
 */
gboolean
devssh_activation_matches_service_request (DevSshActivation *self,
                                           const char       *name)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return matches (self, RULE_SERVICE_REQUEST, name, NULL);
}

/**
 * devssh_activation_matches_session_request:
 * @self: rules
 * @name: the type of the request
 *
 * Asks whether a global request wakes the service (RFC 4254, 4).
 *
 * Returns: %TRUE if a rule `session-request:`@name is there
 *
 * Since: 1.0
 */
gboolean
devssh_activation_matches_session_request (DevSshActivation *self,
                                           const char       *name)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return matches (self, RULE_SESSION_REQUEST, name, NULL);
}

/**
 * devssh_activation_matches_channel_type:
 * @self: rules
 * @name: the type of the channel
 *
 * Asks whether the opening of a channel wakes the service (RFC 4254, 5.1).
 *
 * Returns: %TRUE if a rule `channel-type:`@name is there by itself
 *
 * Since: 1.0
 */
gboolean
devssh_activation_matches_channel_type (DevSshActivation *self,
                                        const char       *name)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return matches (self, RULE_CHANNEL_TYPE, name, NULL);
}

/**
 * devssh_activation_matches_channel_request:
 * @self: rules
 * @name: the type of the request
 * @channel_type: (nullable): the type of the channel on which it came
 *
 * Asks whether a request on a channel wakes the service (RFC 4254, 5.4).
 *
 * Returns: %TRUE if a rule `channel-request:`@name is there, and its `channel-type:`,
 *   if it has one, is @channel_type
 *
 * Since: 1.0
 */
gboolean
devssh_activation_matches_channel_request (DevSshActivation *self,
                                           const char       *name,
                                           const char       *channel_type)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return matches (self, RULE_CHANNEL_REQUEST, name, channel_type);
}
