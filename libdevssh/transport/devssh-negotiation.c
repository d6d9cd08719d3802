/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to offer in KEXINIT, and which of each kind two offers come to. */
#include <libdevssh/transport/devssh-negotiation-private.h>

#include <string.h>

static gboolean
contains (char       **names,
          const char  *name)
{
  return devssh_name_list_contains ((const char * const *) names, name);
}

static gboolean
is_none (const char *name)
{
  return g_str_equal (name, DEVSSH_ALGORITHM_NONE);
}

static gboolean
is_marker (const char *name)
{
  return g_str_has_prefix (name, "ext-info-") || g_str_has_prefix (name, "kex-strict-") ||
         g_str_equal (name, DEVSSH_MARKER_GUESS_DROPBEAR);
}

const char *
devssh_negotiation_first (char **names)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!is_marker (names[i]))
        return names[i];
    }

  return NULL;
}

gboolean
devssh_negotiation_is_none_only (const DevSshTransportConfig *config)
{
  return config->kex_algorithms != NULL &&
         config->kex_algorithms[0] != NULL && is_none (config->kex_algorithms[0]) &&
         config->kex_algorithms[1] == NULL;
}

/* ---- the offer ---- */

/* T-25: "none" is offered only where it was asked for, in the first exchange. */
static char **
copy_list (char     **names,
           gboolean   append_none)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!is_none (names[i]))
        g_strv_builder_add (builder, names[i]);
    }
  if (append_none)
    g_strv_builder_add (builder, DEVSSH_ALGORITHM_NONE);

  return g_strv_builder_end (builder);
}

/* RFC 8308, 2.1: the markers stand in the first KEXINIT only, behind all algorithms. */
static char **
copy_kex_list (const DevSshTransportConfig *config,
               gboolean                     first)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();

  for (guint i = 0; config->kex_algorithms != NULL && config->kex_algorithms[i] != NULL; i++)
    {
      if (first || !is_none (config->kex_algorithms[i]))
        g_strv_builder_add (builder, config->kex_algorithms[i]);
    }

  if (first && config->is_server)
    {
      g_strv_builder_add (builder, DEVSSH_MARKER_EXT_INFO_SERVER);
      g_strv_builder_add (builder, DEVSSH_MARKER_STRICT_SERVER);
    }
  else if (first)
    {
      g_strv_builder_add (builder, DEVSSH_MARKER_EXT_INFO_CLIENT);
      g_strv_builder_add (builder, DEVSSH_MARKER_STRICT_CLIENT);
    }

  return g_strv_builder_end (builder);
}

static gboolean
fits_any_key (GPtrArray  *host_keys,
              const char *algorithm)
{
  for (guint i = 0; i < host_keys->len; i++)
    {
      if (devssh_key_pair_fits (g_ptr_array_index (host_keys, i), algorithm))
        return TRUE;
    }

  return FALSE;
}

/* RFC 4253, 7.1: a server lists "the algorithms for which the server has host keys". */
static char **
copy_host_key_list (const DevSshTransportConfig *config,
                    gboolean                     append_none)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  char **names = config->key_algorithms;

  if (!config->is_server || config->host_keys == NULL)
    return copy_list (names, append_none);

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (!is_none (names[i]) && fits_any_key (config->host_keys, names[i]))
        g_strv_builder_add (builder, names[i]);
    }
  if (append_none)
    g_strv_builder_add (builder, DEVSSH_ALGORITHM_NONE);

  return g_strv_builder_end (builder);
}

static void
offer_none_only (DevSshKexInitMessage *message)
{
  for (guint i = 0; i < DEVSSH_KEXINIT_LANGUAGE_C2S; i++)
    message->lists[i] = copy_list (NULL, TRUE);
  message->lists[DEVSSH_KEXINIT_LANGUAGE_C2S] = copy_list (NULL, FALSE);
  message->lists[DEVSSH_KEXINIT_LANGUAGE_S2C] = copy_list (NULL, FALSE);
}

void
devssh_negotiation_offer (const DevSshTransportConfig *config,
                          gboolean                     first,
                          DevSshKexInitMessage        *message)
{
  /* A none-only peer of the C# and TypeScript libraries rejects us unless these lists have it,
   * too. */
  gboolean append_none = first && contains (config->kex_algorithms, DEVSSH_ALGORITHM_NONE);

  if (devssh_negotiation_is_none_only (config))
    {
      offer_none_only (message);
      return;
    }

  message->lists[DEVSSH_KEXINIT_KEX] = copy_kex_list (config, first);
  message->lists[DEVSSH_KEXINIT_HOST_KEY] = copy_host_key_list (config, append_none);
  message->lists[DEVSSH_KEXINIT_CIPHER_C2S] = copy_list (config->ciphers, append_none);
  message->lists[DEVSSH_KEXINIT_CIPHER_S2C] = copy_list (config->ciphers, append_none);
  message->lists[DEVSSH_KEXINIT_MAC_C2S] = copy_list (config->macs, append_none);
  message->lists[DEVSSH_KEXINIT_MAC_S2C] = copy_list (config->macs, append_none);
  message->lists[DEVSSH_KEXINIT_COMPRESSION_C2S] = copy_list (NULL, TRUE);
  message->lists[DEVSSH_KEXINIT_COMPRESSION_S2C] = copy_list (NULL, TRUE);
  message->lists[DEVSSH_KEXINIT_LANGUAGE_C2S] = copy_list (NULL, FALSE);
  message->lists[DEVSSH_KEXINIT_LANGUAGE_S2C] = copy_list (NULL, FALSE);
}

/* ---- the choice ---- */

/* The name in a list of ours, which lives as long as the transport. */
static const char *
our_name (char       **names,
          const char  *name)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (g_str_equal (names[i], name))
        return names[i];
    }

  return NULL;
}

static const char *
match (const DevSshKexInitMessage *client,
       const DevSshKexInitMessage *server,
       DevSshKexInitList           which)
{
  return devssh_name_list_match ((const char * const *) client->lists[which],
                                 (const char * const *) server->lists[which]);
}

static gboolean
choose_direction (const DevSshKexInitMessage  *client,
                  const DevSshKexInitMessage  *server,
                  DevSshNegotiation           *result,
                  guint                        direction,
                  const char                 **problem)
{
  DevSshKexInitList which = DEVSSH_KEXINIT_CIPHER_C2S + direction;
  const char *name = match (client, server, which);

  /* T-25: "none" is no row of these tables, so beside a real exchange it is never chosen. */
  result->ciphers[direction] = name != NULL ? devssh_cipher_algorithm_find (name) : NULL;
  if (result->ciphers[direction] == NULL)
    {
      *problem = "No common cipher";
      return FALSE;
    }
  result->names[which] = result->ciphers[direction]->name;

  /* Chosen with AEAD, too: a reconnect token is made with it. */
  which = DEVSSH_KEXINIT_MAC_C2S + direction;
  name = match (client, server, which);
  result->macs[direction] = name != NULL ? devssh_mac_algorithm_find (name) : NULL;
  if (result->macs[direction] == NULL)
    {
      *problem = "No common MAC";
      return FALSE;
    }
  result->names[which] = result->macs[direction]->name;

  which = DEVSSH_KEXINIT_COMPRESSION_C2S + direction;
  name = match (client, server, which);
  if (name == NULL || !is_none (name))
    {
      *problem = "No common compression";
      return FALSE;
    }
  result->names[which] = DEVSSH_ALGORITHM_NONE;

  /* RFC 4253, 7.1: languages are optional, and nobody has any. */
  result->names[DEVSSH_KEXINIT_LANGUAGE_C2S + direction] = "";

  return TRUE;
}

gboolean
devssh_negotiation_choose (const DevSshTransportConfig  *config,
                           const DevSshKexInitMessage   *client,
                           const DevSshKexInitMessage   *server,
                           DevSshNegotiation            *result,
                           const char                  **problem)
{
  const char *name = match (client, server, DEVSSH_KEXINIT_KEX);

  memset (result, 0, sizeof *result);

  if (name != NULL && is_none (name))
    {
      for (guint i = 0; i < DEVSSH_KEXINIT_LANGUAGE_C2S; i++)
        result->names[i] = DEVSSH_ALGORITHM_NONE;
      result->names[DEVSSH_KEXINIT_LANGUAGE_C2S] = "";
      result->names[DEVSSH_KEXINIT_LANGUAGE_S2C] = "";
      return TRUE;
    }

  result->kex = name != NULL ? devssh_kex_algorithm_find (name) : NULL;
  if (result->kex == NULL)
    {
      *problem = "No common key exchange algorithm";
      return FALSE;
    }
  result->names[DEVSSH_KEXINIT_KEX] = result->kex->name;

  name = match (client, server, DEVSSH_KEXINIT_HOST_KEY);
  name = name != NULL && !is_none (name) ? our_name (config->key_algorithms, name) : NULL;
  result->names[DEVSSH_KEXINIT_HOST_KEY] = name;
  if (name == NULL || devssh_signature_algorithm_get_key_type (name) == NULL)
    {
      *problem = "No common host key algorithm";
      return FALSE;
    }

  return choose_direction (client, server, result, 0, problem) &&
         choose_direction (client, server, result, 1, problem);
}

/* T-22: what a prefix of lost messages can be cut out of unnoticed. */
gboolean
devssh_negotiation_needs_strict (const DevSshNegotiation *self)
{
  for (guint i = 0; i < 2; i++)
    {
      if (self->ciphers[i] == NULL)
        continue;
      if (g_str_equal (self->ciphers[i]->name, DEVSSH_ALGORITHM_CIPHER_CHACHA20_POLY1305))
        return TRUE;
      if (self->ciphers[i]->is_cbc && self->macs[i]->etm)
        return TRUE;
    }

  return FALSE;
}

/* Dev Tunnels peers compare only the name of the exchange that was agreed on with the client's
 * first; RFC 4253, 7 wants the first names of both ends equal, those of the host key, too. Where
 * both say the same, all is well. */
DevSshGuess
devssh_negotiation_judge_guess (const DevSshNegotiation    *self,
                                const DevSshKexInitMessage *client,
                                const DevSshKexInitMessage *server)
{
  const char *guessed = devssh_negotiation_first (client->lists[DEVSSH_KEXINIT_KEX]);

  if (self->kex == NULL || guessed == NULL ||
      !g_str_equal (guessed, self->names[DEVSSH_KEXINIT_KEX]))
    return DEVSSH_GUESS_WRONG;

  if (g_strcmp0 (guessed, devssh_negotiation_first (server->lists[DEVSSH_KEXINIT_KEX])) == 0 &&
      g_strcmp0 (devssh_negotiation_first (client->lists[DEVSSH_KEXINIT_HOST_KEY]),
                 devssh_negotiation_first (server->lists[DEVSSH_KEXINIT_HOST_KEY])) == 0)
    return DEVSSH_GUESS_RIGHT;

  return DEVSSH_GUESS_DISPUTED;
}
