/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From KEXINIT to NEWKEYS, the first time and every later time, in both roles (RFC 4253, 7 to
 * 9). */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <string.h>

/* T-46: 100 in hand, one more for each second and each 256 KiB. In products of both, so nothing is
 * rounded. */
#define BUDGET_BYTES  G_GINT64_CONSTANT (262144)
#define BUDGET_TIME   G_GINT64_CONSTANT (1000000)
#define BUDGET_ONE    (BUDGET_BYTES * BUDGET_TIME)
#define BUDGET_MOST   100

static void
fail_protocol (DevSshTransport *self,
               const char      *text)
{
  devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, text);
}

static void
fail_exchange (DevSshTransport *self,
               const char      *text)
{
  devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_KEY_EXCHANGE_FAILED, text);
}

void
devssh_key_exchange_free (DevSshKeyExchange *self)
{
  if (self == NULL)
    return;

  devssh_kexinit_message_clear (&self->offer);
  g_free (self->our_init);
  g_free (self->peer_init);
  g_free (self->peer_public);
  devssh_secret_free (self->shared);
  g_clear_pointer (&self->ephemeral, devssh_kex_free);
  devssh_protection_clear (&self->next_in);
  g_free (self);
}

/* ---- our KEXINIT ---- */

static void
send_init (DevSshTransport      *self,
           DevSshKexInitMessage *message,
           guint8              **copy,
           gsize                *copy_length)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_kexinit_message_encode (message, &writer);
  if (copy != NULL)
    {
      *copy = g_memdup2 (writer.data, writer.length);
      *copy_length = writer.length;
    }
  devssh_transport_seal (self, writer.data, writer.length, NULL, 0, NULL);
}

static void
send_public (DevSshTransport *self)
{
  DevSshKexDhInitMessage message;
  DEVSSH_WRITER_AUTO (writer);

  message.public_value.data = devssh_kex_get_public (self->kex->ephemeral,
                                                     &message.public_value.length);
  devssh_kexdh_init_message_encode (&message, &writer);
  devssh_transport_seal (self, writer.data, writer.length, NULL, 0, NULL);
}

/* The client only, in the first exchange only, and only for a real algorithm. */
static const DevSshKexAlgorithm *
choose_guess (DevSshTransport *self)
{
  const char *name;

  if (!self->config->guess || self->config->is_server || !self->kex->first)
    return NULL;

  name = devssh_negotiation_first (self->kex->offer.lists[DEVSSH_KEXINIT_KEX]);

  return name != NULL ? devssh_kex_algorithm_find (name) : NULL;
}

void
devssh_key_exchange_begin (DevSshTransport *self,
                           gint64           now)
{
  DevSshKeyExchange *kex = g_new0 (DevSshKeyExchange, 1);

  kex->first = self->kex_count == 0;
  kex->deadline = now > 0 ? now + self->config->kex_timeout : 0;
  self->kex = kex;
  self->kex_state = DEVSSH_KEX_IDLE;
  self->holding = TRUE;

  devssh_negotiation_offer (self->config, kex->first, &kex->offer);
  devssh_random (kex->offer.cookie, sizeof kex->offer.cookie);
  kex->guessed = choose_guess (self);
  kex->offer.first_kex_packet_follows = kex->guessed != NULL;
  send_init (self, &kex->offer, &kex->our_init, &kex->our_init_length);

  if (kex->guessed != NULL)
    {
      kex->ephemeral = devssh_kex_new (kex->guessed);
      send_public (self);
    }

  /* The first one is told of when the peer's version is there. */
  if (!kex->first)
    devssh_transport_queue_event (self, DEVSSH_TRANSPORT_KEX_STARTED, FALSE);
}

void
devssh_key_exchange_send_none (DevSshTransport *self)
{
  g_auto(DevSshKexInitMessage) offer = { { 0 } };

  /* As the C# and TypeScript libraries: sixteen zero bytes, "none" eight times, no signals. */
  devssh_negotiation_offer (self->config, TRUE, &offer);
  send_init (self, &offer, NULL, NULL);
  self->holding = FALSE;
  devssh_transport_release_held (self);
}

/* ---- the peer's KEXINIT ---- */

void
devssh_key_exchange_init_budget (DevSshTransport *self)
{
  self->budget.tokens = BUDGET_MOST * BUDGET_ONE;
}

static gboolean
may_peer_begin (DevSshTransport *self)
{
  DevSshRekeyBudget *budget = &self->budget;
  guint64 total = budget->past_flow + self->in.flow + self->out.flow;
  gint64 bytes = MIN (total - budget->counted_flow, BUDGET_MOST * BUDGET_BYTES);
  gint64 elapsed = CLAMP (self->now - budget->time, 0, BUDGET_MOST * BUDGET_TIME);

  budget->tokens += bytes * BUDGET_TIME + elapsed * BUDGET_BYTES;
  budget->tokens = MIN (budget->tokens, BUDGET_MOST * BUDGET_ONE);
  budget->counted_flow = total;
  budget->time = self->now;

  if (budget->tokens < BUDGET_ONE)
    return FALSE;

  budget->tokens -= BUDGET_ONE;

  return TRUE;
}

static void
settle_names (DevSshTransport         *self,
              const DevSshNegotiation *agreed)
{
  memcpy (self->negotiated, agreed->names, sizeof self->negotiated);

  DEVSSH_TRACE (self->config->tracer, INFO, ALGORITHM_NEGOTIATION,
                "Key exchange %s, host key %s, cipher %s / %s, MAC %s / %s",
                agreed->names[DEVSSH_KEXINIT_KEX], agreed->names[DEVSSH_KEXINIT_HOST_KEY],
                agreed->names[DEVSSH_KEXINIT_CIPHER_C2S], agreed->names[DEVSSH_KEXINIT_CIPHER_S2C],
                agreed->names[DEVSSH_KEXINIT_MAC_C2S], agreed->names[DEVSSH_KEXINIT_MAC_S2C]);
}

void
devssh_key_exchange_settle_none (DevSshTransport *self)
{
  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    self->negotiated[i] = i < DEVSSH_KEXINIT_LANGUAGE_C2S ? DEVSSH_ALGORITHM_NONE : "";

  g_clear_pointer (&self->kex, devssh_key_exchange_free);
  self->kex_state = DEVSSH_KEX_IDLE;
  self->no_security = TRUE;
  self->holding = FALSE;
  devssh_transport_set_phase (self, DEVSSH_PHASE_OPEN);
  devssh_transport_release_held (self);
  devssh_transport_queue_event (self, DEVSSH_TRANSPORT_KEX_DONE, TRUE);
}

/* No security and nothing under way: the one KEXINIT of the peer may come whenever it likes. */
static void
handle_late_none_init (DevSshTransport            *self,
                       const DevSshKexInitMessage *theirs)
{
  if (self->peer_init_seen)
    {
      fail_protocol (self, "KEXINIT in a session without security");
      return;
    }

  if (!devssh_name_list_contains ((const char * const *) theirs->lists[DEVSSH_KEXINIT_KEX],
                                  DEVSSH_ALGORITHM_NONE))
    {
      fail_exchange (self, "No common key exchange algorithm");
      return;
    }

  self->peer_init_seen = TRUE;
  self->drop_guess = theirs->first_kex_packet_follows &&
                     g_strcmp0 (devssh_negotiation_first (theirs->lists[DEVSSH_KEXINIT_KEX]),
                                DEVSSH_ALGORITHM_NONE) != 0;
}

static gboolean
lists_marker (const DevSshKexInitMessage *message,
              const char                 *marker)
{
  return devssh_name_list_contains ((const char * const *) message->lists[DEVSSH_KEXINIT_KEX],
                                    marker);
}

/* What else the first KEXINIT of the peer says; ours always offers both. */
static gboolean
read_markers (DevSshTransport            *self,
              const DevSshKexInitMessage *theirs)
{
  gboolean is_server = self->config->is_server;

  if (!self->kex->first)
    return TRUE;

  self->kex->peer_wants_ext_info =
    lists_marker (theirs,
                  is_server ? DEVSSH_MARKER_EXT_INFO_CLIENT : DEVSSH_MARKER_EXT_INFO_SERVER);
  self->strict =
    lists_marker (theirs, is_server ? DEVSSH_MARKER_STRICT_CLIENT : DEVSSH_MARKER_STRICT_SERVER);

  /* T-22 (a): it must have been the very first packet. */
  if (self->strict && self->in.messages != 1)
    {
      fail_protocol (self, "KEXINIT was not the first packet");
      return FALSE;
    }

  return TRUE;
}

/* Two rules are in use for the same words; who the peer is decides. */
static gboolean
guess_counts (DevSshTransport            *self,
              const DevSshKexInitMessage *client,
              const DevSshKexInitMessage *server)
{
  switch (devssh_negotiation_judge_guess (&self->kex->agreed, client, server))
    {
    case DEVSSH_GUESS_RIGHT:
      return TRUE;
    case DEVSSH_GUESS_DISPUTED:
      return devssh_version_get_is_dev_tunnels (self->remote_version);
    case DEVSSH_GUESS_WRONG:
    default:
      return FALSE;
    }
}

static void
continue_as_client (DevSshTransport *self,
                    gboolean         guess_counted)
{
  DevSshKeyExchange *kex = self->kex;

  if (kex->guessed != NULL && guess_counted)
    return;

  g_clear_pointer (&kex->ephemeral, devssh_kex_free);
  kex->ephemeral = devssh_kex_new (kex->agreed.kex);
  send_public (self);
}

/* Both offers are there. */
static void
agree (DevSshTransport            *self,
       const DevSshKexInitMessage *theirs)
{
  DevSshKeyExchange *kex = self->kex;
  gboolean is_server = self->config->is_server;
  const DevSshKexInitMessage *client = is_server ? theirs : &kex->offer;
  const DevSshKexInitMessage *server = is_server ? &kex->offer : theirs;
  const char *problem = NULL;
  gboolean guess_counted;

  if (!devssh_negotiation_choose (self->config, client, server, &kex->agreed, &problem))
    {
      fail_exchange (self, problem);
      return;
    }

  guess_counted = guess_counts (self, client, server);
  self->drop_guess = theirs->first_kex_packet_follows && !guess_counted;

  if (kex->agreed.kex == NULL)
    {
      self->peer_init_seen = TRUE;
      self->strict = FALSE;
      devssh_key_exchange_settle_none (self);
      return;
    }

  /* T-22: never another choice, for the peer has chosen, too. */
  if (!self->strict && devssh_negotiation_needs_strict (&kex->agreed))
    {
      fail_exchange (self, "Cipher needs strict key exchange");
      return;
    }

  settle_names (self, &kex->agreed);
  self->kex_state = DEVSSH_KEX_DH;
  if (!is_server)
    continue_as_client (self, guess_counted);
}

static void
handle_init (DevSshTransport *self,
             const guint8    *payload,
             gsize            length)
{
  g_auto(DevSshKexInitMessage) theirs = { { 0 } };

  if (!devssh_kexinit_message_decode (&theirs, payload, length, NULL))
    {
      fail_protocol (self, "Malformed KEXINIT");
      return;
    }

  if (self->no_security)
    {
      handle_late_none_init (self, &theirs);
      return;
    }

  if (self->kex == NULL)
    {
      if (!may_peer_begin (self))
        {
          fail_protocol (self, "Too many key exchanges");
          return;
        }
      devssh_key_exchange_begin (self, self->now);
    }

  if (!read_markers (self, &theirs))
    return;

  self->kex->peer_init = g_memdup2 (payload, length);
  self->kex->peer_init_length = length;
  agree (self, &theirs);
}

/* ---- keys ---- */

static DevSshSecret *
hash_exchange (DevSshTransport *self,
               DevSshSlice      host_key,
               DevSshSlice      client_public,
               DevSshSlice      server_public)
{
  DevSshKeyExchange *kex = self->kex;
  g_autoptr(DevSshVersion) local = devssh_version_get_local ();
  const char *ours = devssh_version_to_string (local);
  const char *theirs = devssh_version_to_string (self->remote_version);
  DevSshSlice our_init = { kex->our_init, kex->our_init_length };
  DevSshSlice peer_init = { kex->peer_init, kex->peer_init_length };

  if (self->config->is_server)
    return devssh_exchange_hash (kex->agreed.kex, theirs, ours, peer_init, our_init,
                                 host_key, client_public, server_public, kex->shared);

  return devssh_exchange_hash (kex->agreed.kex, ours, theirs, our_init, peer_init,
                               host_key, client_public, server_public, kex->shared);
}

/* direction: 0 client to server, 1 server to client */
static void
make_protection (DevSshTransport         *self,
                 const DevSshKeyMaterial *material,
                 guint                    direction,
                 gboolean                 seal,
                 DevSshProtection        *protection)
{
  const DevSshCipherAlgorithm *cipher = self->kex->agreed.ciphers[direction];
  const DevSshMacAlgorithm *mac = self->kex->agreed.macs[direction];
  g_autoptr(DevSshSecret) iv = devssh_key_material_derive (material, 'A' + direction,
                                                           MAX (cipher->iv_size, 16));
  g_autoptr(DevSshSecret) key = devssh_key_material_derive (material, 'C' + direction,
                                                            cipher->key_size);
  g_autoptr(DevSshSecret) mac_key = devssh_key_material_derive (material, 'E' + direction,
                                                                mac->size);
  guint index = seal ? 0 : 1;

  devssh_protection_init (protection, cipher, key->data, iv->data, mac, mac_key->data, seal);

  /* The reconnect token is made with this key even if an AEAD protects the packets. */
  if (devssh_name_list_contains ((const char * const *) self->config->extensions,
                                 DEVSSH_EXTENSION_SESSION_RECONNECT))
    {
      g_clear_pointer (&self->token_macs[index], devssh_mac_free);
      self->token_macs[index] = devssh_mac_new (mac, mac_key->data);
      self->token_sizes[index] = mac->size;
    }
}

static void
send_newkeys (DevSshTransport *self)
{
  static const guint8 newkeys = DEVSSH_MESSAGE_NEWKEYS;

  devssh_transport_seal (self, &newkeys, 1, NULL, 0, NULL);
}

/* K and H are known and good: our side goes over to the new keys (RFC 4253, 7.3). */
static void
use_keys (DevSshTransport    *self,
          const DevSshSecret *hash)
{
  DevSshKeyExchange *kex = self->kex;
  guint outgoing = self->config->is_server ? 1 : 0;
  DevSshKeyMaterial material = { kex->agreed.kex->hash, kex->shared, hash, NULL };
  DevSshProtection protection;

  /* RFC 4253, 7.2: "the exchange hash from the first key exchange"; it stays for ever. */
  if (self->session_id == NULL)
    self->session_id = devssh_secret_dup (hash);
  material.session_id = self->session_id;

  make_protection (self, &material, outgoing, TRUE, &protection);
  make_protection (self, &material, 1 - outgoing, FALSE, &kex->next_in);
  g_clear_pointer (&kex->shared, devssh_secret_free);
  g_clear_pointer (&kex->ephemeral, devssh_kex_free);

  send_newkeys (self);
  self->budget.past_flow += self->out.flow;
  devssh_packet_writer_set_keys (&self->out, &protection, self->strict);
  kex->sent_newkeys = TRUE;
  self->kex_state = DEVSSH_KEX_NEWKEYS;
  self->holding = FALSE;

  /* RFC 8308, 2.4: "as the next packet following the ... first SSH_MSG_NEWKEYS", before all that
   * was held. */
  if (kex->first && kex->peer_wants_ext_info)
    devssh_ext_info_send (self);
  devssh_transport_release_held (self);
}

/* ---- the server's half ---- */

static DevSshKeyPair *
find_host_key (DevSshTransport *self)
{
  const char *algorithm = self->kex->agreed.names[DEVSSH_KEXINIT_HOST_KEY];
  GPtrArray *keys = self->config->host_keys;
  DevSshKeyPair *found = NULL;

  for (guint i = 0; keys != NULL && i < keys->len; i++)
    {
      DevSshKeyPair *key = g_ptr_array_index (keys, i);

      if (!devssh_key_pair_fits (key, algorithm))
        continue;
      if (devssh_key_pair_get_has_private (key))
        return key;
      if (found == NULL)
        found = key;
    }

  return found;
}

static void
reply (DevSshTransport *self,
       DevSshKeyPair   *key)
{
  DevSshKeyExchange *kex = self->kex;
  const char *algorithm = kex->agreed.names[DEVSSH_KEXINIT_HOST_KEY];
  DevSshSlice client_public = { kex->peer_public, kex->peer_public_length };
  DevSshKexDhReplyMessage message;
  g_autoptr(DevSshSecret) hash = NULL;
  DEVSSH_WRITER_AUTO (signature);
  DEVSSH_WRITER_AUTO (writer);

  devssh_key_pair_peek_blob (key, &message.host_key.data, &message.host_key.length);
  message.public_value.data = devssh_kex_get_public (kex->ephemeral, &message.public_value.length);
  hash = hash_exchange (self, message.host_key, client_public, message.public_value);

  if (!devssh_key_pair_sign_raw (key, algorithm, hash->data, hash->length, &signature, NULL))
    {
      fail_exchange (self, "Host key cannot sign");
      return;
    }

  message.signature.data = signature.data;
  message.signature.length = signature.length;
  devssh_kexdh_reply_message_encode (&message, &writer);
  devssh_transport_seal (self, writer.data, writer.length, NULL, 0, NULL);

  g_set_object (&self->host_key, key);
  use_keys (self, hash);
}

static void
handle_dh_init (DevSshTransport *self,
                const guint8    *payload,
                gsize            length)
{
  DevSshKeyExchange *kex = self->kex;
  g_auto(DevSshKexDhInitMessage) message = { { NULL, 0 } };
  DevSshKeyPair *key;

  /* T-21: one is enough, also while the host key is fetched. */
  if (kex->shared != NULL)
    {
      fail_protocol (self, "Second KEXDH_INIT");
      return;
    }

  if (!devssh_kexdh_init_message_decode (&message, payload, length, NULL))
    {
      fail_protocol (self, "Malformed KEXDH_INIT");
      return;
    }

  key = find_host_key (self);
  if (key == NULL)
    {
      fail_exchange (self, "No host key");
      return;
    }

  kex->ephemeral = devssh_kex_new (kex->agreed.kex);
  kex->shared = devssh_kex_derive (kex->ephemeral, message.public_value.data,
                                   message.public_value.length, NULL);
  if (kex->shared == NULL)
    {
      fail_exchange (self, "Bad public value");
      return;
    }

  kex->peer_public = g_memdup2 (message.public_value.data, message.public_value.length);
  kex->peer_public_length = message.public_value.length;

  if (devssh_key_pair_get_has_private (key))
    {
      reply (self, key);
      return;
    }

  g_set_object (&self->host_key, key);
  devssh_transport_queue_event (self, DEVSSH_TRANSPORT_NEED_HOST_KEY, FALSE);
}

void
devssh_transport_provide_host_key (DevSshTransport *self,
                                   DevSshKeyPair   *key)
{
  g_return_if_fail (self != NULL);

  if (devssh_transport_is_over (self))
    return;

  g_return_if_fail (self->kex != NULL && self->kex->shared != NULL && self->config->is_server);

  if (key == NULL || !devssh_key_pair_get_has_private (key) ||
      !devssh_key_pair_fits (key, self->kex->agreed.names[DEVSSH_KEXINIT_HOST_KEY]))
    {
      fail_exchange (self, "No host key");
      return;
    }

  reply (self, key);
}

/* ---- the client's half ---- */

/* T-24, T-28: the key must be of the kind agreed on, and the signature of that very algorithm. */
static DevSshKeyPair *
verify_host_key (DevSshTransport               *self,
                 const DevSshKexDhReplyMessage *message,
                 const DevSshSecret            *hash)
{
  const char *algorithm = self->kex->agreed.names[DEVSSH_KEXINIT_HOST_KEY];
  g_autoptr(DevSshKeyPair) key = NULL;

  key = devssh_key_pair_new_for_blob (message->host_key.data, message->host_key.length, NULL);
  if (key == NULL ||
      !devssh_key_pair_fits (key, algorithm) ||
      !devssh_key_pair_verify_raw (key, algorithm, hash->data, hash->length,
                                   message->signature.data, message->signature.length, NULL))
    return NULL;

  return g_steal_pointer (&key);
}

static void
handle_dh_reply (DevSshTransport *self,
                 const guint8    *payload,
                 gsize            length)
{
  DevSshKeyExchange *kex = self->kex;
  g_auto(DevSshKexDhReplyMessage) message = { { NULL, 0 } };
  g_autoptr(DevSshSecret) hash = NULL;
  g_autoptr(DevSshKeyPair) key = NULL;
  DevSshSlice client_public;
  gboolean changed;

  if (!devssh_kexdh_reply_message_decode (&message, payload, length, NULL))
    {
      fail_protocol (self, "Malformed KEXDH_REPLY");
      return;
    }

  kex->shared = devssh_kex_derive (kex->ephemeral, message.public_value.data,
                                   message.public_value.length, NULL);
  if (kex->shared == NULL)
    {
      fail_exchange (self, "Bad public value");
      return;
    }

  client_public.data = devssh_kex_get_public (kex->ephemeral, &client_public.length);
  hash = hash_exchange (self, message.host_key, client_public, message.public_value);
  key = verify_host_key (self, &message, hash);
  if (key == NULL)
    {
      devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_HOST_KEY_NOT_VERIFIABLE,
                             "Host key not verifiable");
      return;
    }

  changed = self->host_key != NULL && !devssh_key_pair_equal (self->host_key, key);
  g_set_object (&self->host_key, key);
  use_keys (self, hash);

  /* The question holds up what follows, never the exchange. */
  devssh_transport_queue_event (self, DEVSSH_TRANSPORT_HOST_KEY, changed);
}

/* ---- the end ---- */

static void
handle_newkeys (DevSshTransport *self,
                const guint8    *payload,
                gsize            length)
{
  g_auto(DevSshNewKeysMessage) message = { 0 };
  gboolean first = self->kex->first;

  if (!devssh_newkeys_message_decode (&message, payload, length, NULL))
    {
      fail_protocol (self, "Malformed NEWKEYS");
      return;
    }

  self->budget.past_flow += self->in.flow;
  devssh_packet_reader_set_keys (&self->in, &self->kex->next_in, self->strict);
  g_clear_pointer (&self->kex, devssh_key_exchange_free);
  self->kex_state = DEVSSH_KEX_IDLE;
  self->kex_count++;
  self->encrypted = TRUE;

  if (first)
    {
      self->ext_info_due = TRUE;
      devssh_transport_set_phase (self, DEVSSH_PHASE_SERVICE);
    }

  DEVSSH_TRACE (self->config->tracer, INFO, SESSION_ENCRYPTED, "Key exchange %u is done",
                self->kex_count);
  devssh_transport_queue_event (self, DEVSSH_TRANSPORT_KEX_DONE, first);
}

void
devssh_key_exchange_handle (DevSshTransport *self,
                            const guint8    *payload,
                            gsize            length)
{
  switch (payload[0])
    {
    case DEVSSH_MESSAGE_KEXINIT:
      handle_init (self, payload, length);
      break;
    case DEVSSH_MESSAGE_NEWKEYS:
      handle_newkeys (self, payload, length);
      break;
    case DEVSSH_MESSAGE_KEXDH_INIT:
      handle_dh_init (self, payload, length);
      break;
    case DEVSSH_MESSAGE_KEXDH_REPLY:
      handle_dh_reply (self, payload, length);
      break;
    default:
      g_return_if_reached ();
    }
}

void
devssh_key_exchange_check_limits (DevSshTransport *self)
{
  const DevSshTransportConfig *config = self->config;
  guint64 packets = MAX (self->in.packets, self->out.packets);
  guint64 flow = self->in.flow + self->out.flow;

  if (!self->encrypted || devssh_transport_is_over (self))
    return;

  if (packets >= config->stop_packets)
    {
      fail_protocol (self, "Too many packets without a key exchange");
      return;
    }

  if (self->kex != NULL || devssh_reconnect_is_barred (self))
    return;

  if (packets >= config->rekey_packets ||
      (config->rekey_bytes > 0 && flow > DEVSSH_TRANSPORT_REKEY_SLACK &&
       flow - DEVSSH_TRANSPORT_REKEY_SLACK > config->rekey_bytes))
    devssh_key_exchange_begin (self, 0);
}
