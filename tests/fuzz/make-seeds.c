/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the seeds of the corpus: make-seeds tests/fuzz/corpus tests/data/keys. What fuzzing finds is checked in
 * beside them. */
#include <glib/gstdio.h>
#include <string.h>

#include <libdevssh/keys/devssh-key-format-private.h>
#include <libdevssh/service/devssh-port-forward-message.h>

#include "../wire/message-samples.h"

static const char *root;

static void
write_seed (const char       *target,
            const char       *name,
            const GByteArray *bytes)
{
  g_autofree char *folder = g_build_filename (root, target, NULL);
  g_autofree char *file = g_strconcat ("seed-", name, NULL);
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autoptr(GError) error = NULL;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    g_error ("%s cannot be made", folder);
  if (!g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error))
    g_error ("%s", error->message);
}

static void
put_byte (GByteArray *bytes,
          guint       value)
{
  guint8 byte = (guint8) value;

  g_byte_array_append (bytes, &byte, 1);
}

/* As fuzz_slice() reads it. */
static void
put_slice (GByteArray   *bytes,
           const guint8 *data,
           gsize         length)
{
  if (length < 255)
    {
      put_byte (bytes, length);
    }
  else
    {
      put_byte (bytes, 255);
      put_byte (bytes, length >> 8);
      put_byte (bytes, length);
    }
  g_byte_array_append (bytes, data, length);
}

static void
put_message (GByteArray *bytes,
             const char *fields)
{
  g_autoptr(GByteArray) message = test_message_bytes (fields);

  put_slice (bytes, message->data, message->len);
}

static void
put_text (GByteArray *bytes,
          const char *text)
{
  g_byte_array_append (bytes, (const guint8 *) text, strlen (text));
}

static void
write_slice (const char  *target,
             const char  *name,
             DevSshSlice  slice)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, slice.data, slice.length);
  write_seed (target, name, bytes);
}

/* ---- texts ---- */

typedef struct
{
  const char *target;
  const char *name;
  guint       first;       /* what the target takes its flags from */
  const char *text;
} Text;

#define MARKERS_C "ext-info-c,kex-strict-c-v00@openssh.com"
#define MARKERS_S "ext-info-s,kex-strict-s-v00@openssh.com"
#define LISTS_AFTER_KEX "\nssh-ed25519,rsa-sha2-512\naes256-gcm@openssh.com,aes256-ctr\naes256-gcm@openssh.com,aes256-ctr\n" \
                        "hmac-sha2-256\nhmac-sha2-256\nnone\nnone\n\n\n"
#define LISTS_NONE "none\nnone\nnone\nnone\nnone\nnone\nnone\nnone\n\n\n"
#define LISTS_CBC "curve25519-sha256\nssh-ed25519\naes256-cbc\naes256-cbc\nhmac-sha2-256-etm@openssh.com\n" \
                  "hmac-sha2-256-etm@openssh.com\nnone,zlib\nzlib,none\nen\nde\n"

static const Text texts[] = {
  { "version", "openssh", 0, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" },
  { "version", "server-bare", 1, "SSH-2.0-x\n" },
  { "version", "lines-before", 4, "Welcome\r\nto this\r\nSSH-2.0-dev-tunnels-ssh_3.12\r\n" },
  { "version", "old", 2, "SSH-1.99-old_1.0 comment\r\n" },
  { "version", "too-old", 3, "SSH-1.5-old\r\n" },
  { "version", "server-lines-before", 9, "Welcome\r\nSSH-2.0-x\r\n" },
  { "version", "control", 0, "SSH-2.0-a\x1b[2J\r\n" },
  { "version", "half", 0, "SSH-2.0-unfini" },

  { "text", "plain", 'a', "ll is well" },
  { "text", "controls", 0x1b, "[31m\r\n\x7f\xc2\x85\xe2\x80\xae\xe2\x81\xa6\xd8\x9c" },
  { "text", "broken", 0xff, "\xc3\xc3\xa4\xf0\x9f\x98\x80\xed\xa0\x80\xf4\x90\x80\x80" },

  { "namelist", "one-common", 19, "aes256-ctr,aes128-cnone,aes128-ctr,aes256-ctr" },
  { "namelist", "prefix", 11, "aes256-ctrxaes256-ctr" },
  { "namelist", "markers", 17, "ext-info-c,curve2ext-info-c,curve2" },
  { "namelist", "empty-names", 3, "a,,,b" },

  { "activation", "each", 's', "ervice-request:a\nsession-request:tcpip-forward\nchannel-type:x@example.org\n"
    "channel-request:exec\nchannel-request:shell channel-type:session\n\nshell" },
  { "activation", "bad", 'c', "hannel-typ:x\n" },
  { "activation", "space", 'c', "hannel-request:x  channel-type:y\n\nx" },

  { "plugin-manifest", "whole", '[', "Plugin]\nModule=devssh-echo\nAbi=1\nName=Echo\nDescription=Sends back\nDescription[de]=Echo\n\n"
    "[Service EchoService]\nName=echo\nActivateOn=channel-type:echo@example.org;session-request:echo@example.org\n" },
  { "plugin-manifest", "path", '[', "Plugin]\nModule=../evil\nAbi=1\n[Service EchoService]\nName=../../x\n" },
  { "plugin-manifest", "abi", '[', "Plugin]\nModule=m\nAbi=2\n[Service EchoService]\nName=echo\n" },
  { "plugin-manifest", "no-service", '[', "Plugin]\nModule=m\nAbi=1\n" },
  { "plugin-manifest", "bad-escape", '[', "Plugin]\nModule=a\\x\nAbi=1\nName=b\\y\n" },
  { "plugin-manifest", "odd", '#', "\n[Plugin]\nAbi=x\nModule=\n[Service 1]\nActivateOn=;;\n[Service 1]" },

  { "negotiation", "default", 0,
    "curve25519-sha256," MARKERS_C LISTS_AFTER_KEX "curve25519-sha256," MARKERS_S LISTS_AFTER_KEX },
  { "negotiation", "none", 1, LISTS_NONE LISTS_NONE },
  { "negotiation", "none-beside", 0, "none," MARKERS_C LISTS_AFTER_KEX "none,curve25519-sha256" LISTS_AFTER_KEX },
  { "negotiation", "cbc-etm", 1, LISTS_CBC LISTS_CBC },
  { "negotiation", "nothing-common", 1, "curve25519-sha256" LISTS_AFTER_KEX "diffie-hellman-group14-sha256" LISTS_AFTER_KEX },
};

static void
write_texts (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr(GByteArray) bytes = g_byte_array_new ();

      put_byte (bytes, texts[i].first);
      put_text (bytes, texts[i].text);
      write_seed (texts[i].target, texts[i].name, bytes);
    }
}

/* ---- messages and packets ---- */

static void
write_messages (void)
{
  for (guint i = 0; i < test_n_samples; i++)
    {
      g_autofree char *name = g_strdup_printf ("%02u-%s", i, test_samples[i].name);
      g_auto(TestMessage) message = { NULL };

      test_message_init (&message, &test_samples[i]);
      write_seed ("message", g_strdelimit (name, "/@", '-'), message.bytes);
    }
}

static void
write_packets (void)
{
  static const char clear[] = { 0, 0, 0, 12, 10, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };

  for (guint kind = 0; kind < 7; kind++)
    {
      g_autofree char *name = g_strdup_printf ("kind-%u", kind);
      g_autofree char *touched = g_strdup_printf ("kind-%u-touched", kind);
      g_autoptr(GByteArray) bytes = g_byte_array_new ();

      put_byte (bytes, kind);
      for (guint i = 0; i < 3; i++)
        {
          put_byte (bytes, 3);
          put_slice (bytes, (const guint8 *) "some bytes of a message", 1 + 10 * i);
          put_byte (bytes, 2);
        }
      write_seed ("packet", name, bytes);

      put_byte (bytes, 1);
      put_byte (bytes, 0);
      put_byte (bytes, 9);
      put_slice (bytes, (const guint8 *) "some bytes", 10);
      write_seed ("packet", touched, bytes);

      g_byte_array_set_size (bytes, 1);
      put_byte (bytes, 0);
      put_slice (bytes, (const guint8 *) clear, sizeof clear);
      put_byte (bytes, 0);
      put_slice (bytes, (const guint8 *) clear, 7);
      g_free (name);
      name = g_strdup_printf ("kind-%u-raw", kind);
      write_seed ("packet", name, bytes);
    }
}

/* ---- keys ---- */

/* A public key as a host would send it, with a signature of its format. */
static void
write_blob (const char  *name,
            const char  *line,
            const char  *algorithm)
{
  g_autoptr(GBytes) text = g_bytes_new (line, strlen (line));
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshKeyPair) key = devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_SSH, NULL, &error);
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  const guint8 *blob;
  gsize length;
  DEVSSH_WRITER_AUTO (signature);

  if (key == NULL)
    g_error ("%s: %s", name, error->message);

  devssh_key_pair_peek_blob (key, &blob, &length);
  put_slice (bytes, blob, length);
  devssh_writer_put_utf8 (&signature, algorithm);
  devssh_writer_put_slice (&signature, blob, MIN (length, 64));
  g_byte_array_append (bytes, signature.data, signature.length);
  write_seed ("signature", name, bytes);
}

static void
write_keys (const char *folder)
{
  static const struct { const char *file; const char *target; const char *algorithm; } files[] = {
    { "ed25519-openssh-none", "openssh-key", NULL },
    { "ed25519-openssh-aes256ctr", "openssh-key", NULL },
    { "ed25519-openssh-chacha20", "openssh-key", NULL },
    { "ecdsa256-openssh-none", "openssh-key", NULL },
    { "ecdsa521-openssh-none", "openssh-key", NULL },
    { "rsa2048-openssh-none", "openssh-key", NULL },
    { "ed25519-pkcs8-none", "pkcs8", NULL },
    { "ed25519-pkcs8-aes256cbc", "pkcs8", NULL },
    { "ed25519-pkcs8-des3", "pkcs8", NULL },
    { "ed25519-spki.pub", "pkcs8", NULL },
    { "ecdsa256-pkcs8-none", "pkcs8", NULL },
    { "ecdsa384-spki.pub", "pkcs8", NULL },
    { "rsa2048-pkcs8-none", "pkcs8", NULL },
    { "rsa2048-spki.pub", "pkcs8", NULL },
    { "rsa2048-pkcs1-none", "pkcs1", NULL },
    { "rsa2048-pkcs1.pub", "pkcs1", NULL },
    { "ecdsa256-sec1-none", "pkcs1", NULL },
    { "ecdsa521-sec1-none", "pkcs1", NULL },
    { "ed25519-pkcs8-aes256cbc", "encrypted-key", NULL },
    { "ecdsa256-pkcs8-des3", "encrypted-key", NULL },
    { "ed25519-jwk-none.json", "jwk", NULL },
    { "ecdsa256-jwk-none.json", "jwk", NULL },
    { "rsa2048-jwk-none.json", "jwk", NULL },
    { "rsa2048-jwk.pub.json", "jwk", NULL },
    { "ed25519-rfc4716.pub", "ssh2-key", NULL },
    { "rsa2048-sshcom-none", "ssh2-key", NULL },
    { "rsa2048-sshcom-des3cbc", "ssh2-key", NULL },
    { "ed25519-ssh.pub", "pubkey", "ssh-ed25519" },
    { "ecdsa256-ssh.pub", "pubkey", "ecdsa-sha2-nistp256" },
    { "ecdsa521-ssh.pub", "pubkey", "ecdsa-sha2-nistp521" },
    { "rsa2048-ssh.pub", "pubkey", "rsa-sha2-512" },
    { "ed25519-rfc4716.pub", "pubkey", NULL },
    { "ed25519-jwk.pub.json", "pubkey", NULL },
    { "ed25519-jwk-none.json", "pubkey", NULL },
    { "ecdsa256-jwk-none.json", "pubkey", NULL },
    { "ed25519-ppk3-none.ppk", "pubkey", NULL },
    { "ed25519-openssh-none", "pubkey", NULL },
    { "ed25519-pkcs8-aes256cbc", "pubkey", NULL },
    { "ecdsa256-sec1-aes128cbc", "pubkey", NULL },
    { "rsa2048-pkcs1-aes128cbc", "pubkey", NULL },
    { "rsa2048-sshcom-des3cbc", "pubkey", NULL },
    { "rsa2048-sshcom-none", "pubkey", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (folder, files[i].file, NULL);
      g_autofree char *text = NULL;
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshSecret) der = NULL;
      DevSshSlice slice = { NULL, 0 };
      DevSshPem pem;

      if (!g_file_get_contents (path, &text, &slice.length, &error))
        g_error ("%s", error->message);
      slice.data = (const guint8 *) text;

      /* The others are given what is inside of the armour. */
      if (!g_str_equal (files[i].target, "pubkey") && !g_str_equal (files[i].target, "jwk") &&
          !g_str_equal (files[i].target, "ssh2-key"))
        {
          if (!devssh_pem_find (slice, &pem, &error) || (der = devssh_base64_read (pem.body, &error)) == NULL)
            g_error ("%s: %s", path, error != NULL ? error->message : "nothing in it");
          slice = devssh_key_secret_slice (der);
        }
      write_slice (files[i].target, files[i].file, slice);
      if (files[i].algorithm != NULL)
        write_blob (files[i].file, text, files[i].algorithm);
    }
}

/* ---- known hosts ---- */

/* {A}, {B}: keys; the target asks for host.example with the first of them. */
static void
write_known_hosts (const char *folder)
{
  static const struct { const char *name; const char *text; } files[] = {
    { "plain", "# mine\n\nhost.example {A} comment\n[host.example]:2222,192.0.2.1 {B}\n" },
    { "patterns", "*.example,!host.example {A}\n[*]:2222\t{A}\r\nHOST.* {B}\n" },
    { "markers", "@revoked * {A}\n@cert-authority host.example {B}\n@what host.example {A}\n@revoked @revoked * {A}" },
    { "hashed", "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|aaaaaaaaaaaaaaaaaaaaaaaaaaa= {A}\n|1|AA|BB {A}\n|2|x|y {A}\n| {A}\n" },
    { "others", "host.example ssh-dss AAAAB3NzaC1kc3MAAAAA\nhost.example ssh-rsa AAAAB3NzaC1kc3MAAAAA\nhost.example {A" },
    { "commas", ", {A}\n,,host.example,, {B}\n!,! {A}\n" },
  };
  const char *names[] = { "ed25519-ssh.pub", "ecdsa256-ssh.pub" };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr(GString) text = g_string_new (files[i].text);

      for (guint j = 0; j < G_N_ELEMENTS (names); j++)
        {
          g_autofree char *path = g_build_filename (folder, names[j], NULL);
          g_autofree char *key = NULL;
          const char placeholder[] = { '{', (char) ('A' + j), '}', '\0' };
          g_autoptr(GError) error = NULL;

          if (!g_file_get_contents (path, &key, NULL, &error))
            g_error ("%s", error->message);
          g_string_replace (text, placeholder, g_strchomp (key), 0);
        }
      write_slice ("known-hosts", files[i].name, (DevSshSlice) { (const guint8 *) text->str, text->len });
    }
}

/* ---- conversations ---- */

/* Steps, with "; " between: a message as its fields, or
 *   init   dh   raw TEXT   act N...
 * whole: for the targets that play a whole end; else for channel-state, which knows messages and acts. */
typedef struct
{
  const char *target;
  const char *name;
  guint       first;
  const char *steps;
} Conversation;

#define HELLO   "raw SSH-2.0-x\r\n; init; dh; b21; "
#define AUTH    "b5 sssh-userauth; "
#define ACCEPT  "b6 sssh-userauth; "
#define LOGIN   "b50 salice sssh-connection spassword b0 ssecret; "
#define SESSION "b90 ssession u7 u5000 u1000"

static const Conversation conversations[] = {
  /* first: 1: as a client; 2: refuses everything; 4: keeps what nobody answers for */
  { "channel-state", "session", 0,
    SESSION "; b98 u0 senv b1 tx; b98 u0 sexec b1 sls; act 128 7; b94 u0 shello; b93 u0 u100000; b95 u0 u1 soops; b96 u0; "
    "act 160 1; b97 u0" },
  { "channel-state", "listener", 0, SESSION "; act 176 1; b94 u0 shello; b94 u0 s; b96 u0; b94 u0 slate" },
  { "channel-state", "kept", 0,
    "b90 sk u1 u100 u100; b90 sk u2 u100 u100; b98 u0 sexec b1 t; act 4 1; act 5 0; act 6 0; b97 u0" },
  { "channel-state", "refused", 2, SESSION "; " SESSION "; b80 stcpip-forward b1 t; b80 sx b0 t" },
  { "channel-state", "bundled", 0,
    "b80 sinitial-channel-request@microsoft.com b1 u7 b98 u0 sexec b1 sls; " SESSION "; b94 u0 sx" },
  { "channel-state", "bundled-kept", 0,
    "b80 sinitial-channel-request@microsoft.com b1 u1 b98 u0 skeep b1; b90 sk u1 u9 u9; act 4 0; act 4 0; b97 u0" },
  { "channel-state", "bundled-opened", 0,
    SESSION "; b80 sinitial-channel-request@microsoft.com b1 u7 b98 u0 sexec b1 sls; b80 sinitial-channel-request@microsoft.com b0 u7 "
    "b98 u0 sshell b1; b80 sinitial-channel-request@microsoft.com b1 u7 b98 u0 sexit-status b0 u3; b94 u0 sx; b97 u0" },
  { "channel-state", "bundled-decided", 0,
    "b90 sk u1 u9 u9; b80 sinitial-channel-request@microsoft.com b1 u1 b98 u0 skeep b1; act 4 0; act 4 0; b97 u0" },
  { "channel-state", "our-bundle", 1,
    "act 0 112; act 0 80; act 0 96; act 0 64; b91 u0 u3 u9 u9; b81; b91 u1 u4 u9 u9; b91 u2 u5 u9 u9; b100 u2; b92 u3 u1 sno s" },
  { "channel-state", "our-open", 1,
    "act 0 0; b91 u0 u3 u4294967295 u4294967295; act 128 200; b93 u0 u1; act 168 1; b99 u0; b98 u0 sexit-status b0 u3; b97 u0" },
  { "channel-state", "our-open-refused", 1, "act 0 1; b92 u0 u1 sno s; act 0 2; act 3 0; b91 u1 u3 u1 u1; b92 u0 u1" },
  { "channel-state", "our-request", 1, "act 2 1; act 2 1; b81 tdata; b82; b82; b81" },
  { "channel-state", "our-accept", 1, "act 1 0; " SESSION "; act 1 2; b90 sq u1 u0 u9" },
  { "channel-state", "unaccepted", 4, "b90 sq u1 u0 u9; b90 sq u2 u9 u9; b90 sq u3 u9 u9; act 1 2; b94 u1 sx; b97 u1; act 1 2" },
  { "channel-state", "data-before", 0, "b94 u0 shello" },
  { "channel-state", "window-overflow", 0, SESSION "; b93 u0 u4294967295; b93 u0 u4294967295" },
  { "channel-state", "no-packet", 0, "b90 ssession u1 u1 u0" },
  { "channel-state", "requests", 0,
    SESSION "; b98 u0 sk b1; b98 u0 sk b1; b98 u0 sk b1; b98 u0 sk b1; b98 u0 sk b1; b98 u0 sk b1; act 4 1; act 4 0; act 6 1; b97 u0" },
  { "channel-state", "credit", 0, SESSION "; act 184 1; act 176 1; b94 u0 shello; act 192 1; act 184 0" },
  { "channel-state", "thrown", 0, "b90 sx u1 u1 u1; b80 sx b1 t; " SESSION "; b98 u0 sx b1" },
  { "channel-state", "reuse", 0, SESSION "; b97 u0; " SESSION "; b97 u65536; " SESSION "; b94 u131072 sx; b94 u0 sx" },

  { "server-state", "whole", 0, HELLO AUTH LOGIN SESSION "; b98 u0 sexec b1 sls; b94 u0 sx; b97 u0" },
  { "server-state", "kexinit-raw", 1,
    "b20 k scurve25519-sha256 sssh-ed25519 saes256-ctr saes256-ctr shmac-sha2-256 shmac-sha2-256 snone snone s s b0 u0; dh; b21; b5 sssh-userauth" },
  { "server-state", "guess", 1,
    "b20 k secdh-sha2-nistp256 sssh-ed25519 saes256-ctr saes256-ctr shmac-sha2-256 shmac-sha2-256 snone snone s s b1 u0; b30 swrong; dh; b21" },
  { "server-state", "ignore-first", 1, "b2 s; init" },
  { "server-state", "lax-kex", 1,
    "b2 s; b20 k scurve25519-sha256,ext-info-c sssh-ed25519 saes256-ctr saes256-ctr shmac-sha2-256 shmac-sha2-256 snone snone s s b0 u0; "
    "b4 b1 shello s; dh; b2 s; b21; b7 c1 sserver-sig-algs sssh-ed25519; b5 sssh-userauth" },
  { "server-state", "auth-password", 3, "b50 salice sssh-connection spassword b0 swrong; " LOGIN SESSION },
  { "server-state", "auth-none", 3, "b50 salice sssh-connection snone; b50 sbob sssh-connection snone" },
  { "server-state", "auth-query", 3,
    "b50 salice sssh-connection spublickey b0 sssh-ed25519 sblob; b50 salice sssh-connection spublickey b1 sssh-ed25519 sblob ssig" },
  { "server-state", "auth-interactive", 3,
    "b50 salice sssh-connection skeyboard-interactive s s; b61 c1 ssecret; " SESSION },
  { "server-state", "auth-rounds", 3,
    "b50 spaul sssh-connection skeyboard-interactive s s; b61 c1 sx; b61 c1 sx; b61 c2 sx sy" },
  { "server-state", "auth-kept", 3, "b50 skate sssh-connection spassword b0 ssecret; b90 ssession u1 u1 u1; act 2 1; b2 s" },
  { "server-state", "auth-change", 3, "b50 salice sssh-connection spassword b1 ssecret snew; b50 salice sx spassword b0 ssecret" },
  { "server-state", "auth-host-based", 3,
    "b50 salice sssh-connection shostbased sssh-ed25519 sblob shost suser ssig; b61 c0; b79" },
  { "server-state", "early-open", 3, SESSION "; b98 u0 sexec b1 sls" },
  { "server-state", "early-keepalive", 2, "b80 skeepalive@openssh.com b1; b80 stcpip-forward b1" },
  { "server-state", "rekey", 4, "init; " SESSION "; dh; b21; b94 u0 shello; act 1; init; dh; b21; b98 u0 sexec b1 sls" },
  { "server-state", "rekey-sends", 4, SESSION "; act 7 128 9; act 1; act 7 128 9; b93 u0 u9999; init; dh; b21; b97 u0" },
  { "server-state", "late", 1, "act 0 61; init" },
  { "server-state", "goodbye", 4, SESSION "; b1 u11 sbye s; b94 u0 sx" },
  { "server-state", "unknown", 4, "b192 t; b3 u0; b4 b1 s\x1b[2J s; b2 sx; b8; b255" },
  { "server-state", "wrong-role", 3, "b52; b51 spassword b0" },
  { "server-state", "success-first", 2, "b52" },
  { "server-state", "second-login", 4, LOGIN "b61 c0; b7 c0; b5 sssh-connection" },

  { "client-state", "whole", 0, HELLO ACCEPT "b53 sWelcome s; b52; act 7 0 0; b91 u0 u1 u100 u100; act 7 128 3; b97 u0" },
  { "client-state", "lines-before", 0, "raw hello\r\n; raw SSH-1.99-x\n; init; dh; b21" },
  { "client-state", "bad-reply", 1, "init; b31 skey sf ssig" },
  { "client-state", "no-strict", 1,
    "b20 k scurve25519-sha256 sssh-ed25519 saes256-gcm@openssh.com saes256-gcm@openssh.com shmac-sha2-256 shmac-sha2-256 snone snone s s b0 u0; "
    "b2 s; dh; b2 s; b21" },
  { "client-state", "ext-info", 2, "b7 c2 sserver-sig-algs srsa-sha2-512 sopen-channel-request@microsoft.com s1; " ACCEPT
    "b51 spublickey b0; b7 c0; b52" },
  { "client-state", "failures", 3,
    "b51 spublickey,keyboard-interactive b0; b60 sssh-ed25519 sblob; b51 skeyboard-interactive b0; b60 sname sdo s c1 sPassword: b0; b51 s b0" },
  { "client-state", "partial", 3, "b51 spublickey b1; b51 spublickey b0; b51 spublickey b0" },
  { "client-state", "interactive", 3,
    "b51 skeyboard-interactive b0; b60 sname s s c2 sPassword: b0 sToken: b1; b60 sk s s c0; act 2 1; b52" },
  { "client-state", "split-prompts", 3, "b51 skeyboard-interactive b0; b60 sname s s c2 sPassword: sToken: b0 b1; b52" },
  { "client-state", "success-early", 2, "b52" },
  { "client-state", "open-early", 3, SESSION },
  { "client-state", "wrong-role", 3, "b50 salice sssh-connection snone" },
  { "client-state", "forwarded", 4, "b90 sforwarded-tcpip u1 u1 u1 t; " SESSION "; b98 u0 sexit-status b0 u1; b97 u0" },
  { "client-state", "rekey", 4, "act 1; init; dh; b21; init; b2 s; dh; b21; b80 skeepalive@openssh.com b1" },
  { "client-state", "second-success", 4, "b52" },
};

static void
put_step (GByteArray *bytes,
          gboolean    whole,
          const char *step)
{
  if (g_str_has_prefix (step, "act "))
    {
      g_auto(GStrv) numbers = g_strsplit (step + 4, " ", -1);

      put_byte (bytes, whole ? 7 : 1);
      for (guint i = 0; numbers[i] != NULL; i++)
        put_byte (bytes, g_ascii_strtoull (numbers[i], NULL, 10));
    }
  else if (g_str_equal (step, "init"))
    put_byte (bytes, 4);
  else if (g_str_equal (step, "dh"))
    put_byte (bytes, 5);
  else if (g_str_has_prefix (step, "raw "))
    {
      put_byte (bytes, 6);
      put_slice (bytes, (const guint8 *) step + 4, strlen (step + 4));
    }
  else
    {
      put_byte (bytes, 0);
      put_message (bytes, step);
    }
}

static void
write_conversations (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (conversations); i++)
    {
      const Conversation *conversation = &conversations[i];
      g_autoptr(GByteArray) bytes = g_byte_array_new ();
      g_auto(GStrv) steps = g_strsplit (conversation->steps, "; ", -1);

      put_byte (bytes, conversation->first);
      for (guint j = 0; steps[j] != NULL; j++)
        put_step (bytes, !g_str_equal (conversation->target, "channel-state"), steps[j]);
      write_seed (conversation->target, conversation->name, bytes);
    }
}

/* ---- forwarding: first the index of the type in fuzz-port-forward-message.c ---- */

static void
write_forward (guint                     type,
               const char               *name,
               DevSshPortForwardMessage *message)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();
  g_autoptr(GBytes) payload = devssh_port_forward_message_to_bytes (message);
  gsize length;
  const guint8 *data = g_bytes_get_data (payload, &length);

  put_byte (bytes, type);
  g_byte_array_append (bytes, data, length);
  write_seed ("port-forward-message", name, bytes);
  put_text (bytes, "extra");
  {
    g_autofree char *longer = g_strconcat (name, "-extra", NULL);

    write_seed ("port-forward-message", longer, bytes);
  }
  devssh_port_forward_message_unref (message);
}

static void
write_forwards (void)
{
  write_forward (0, "success", devssh_port_forward_message_new_success (8080));
  write_forward (1, "listen", devssh_port_forward_message_new_request (NULL, "localhost", 0));
  write_forward (3, "forwarded", devssh_port_forward_message_new_channel_open (NULL, "", 80, "::1", 1025));
  write_forward (4, "direct", devssh_port_forward_message_new_channel_open (DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP,
                                                                            "a.example", 443, "127.0.0.1", 9));
  write_forward (5, "listen-path", devssh_port_forward_message_new_request (DEVSSH_REQUEST_STREAMLOCAL_FORWARD,
                                                                            "/run/a b", 0));
  write_forward (7, "forwarded-path",
                 devssh_port_forward_message_new_channel_open (DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL,
                                                               "/run/a", 0, NULL, 0));
  write_forward (8, "direct-path",
                 devssh_port_forward_message_new_channel_open (DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL,
                                                               "/run/a", 0, NULL, 0));
}

static void
write_contour (const char   *name,
               guint         first,
               const guint8 *data,
               gsize         length)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();

  put_byte (bytes, first);
  g_byte_array_append (bytes, data, (guint) length);
  write_seed ("contour", name, bytes);
}

static void
write_contours (void)
{
  const char *text = "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA==\n";
  static const guint8 example[] = {
    1, 5, 1, 0, 0, 0, 2, 4, 1, 2, 3, 11, 12, 0, 0, 0, 0, 125, 16, 32, 24, 250, 188, 16, 32, 24, 0, 0
  };
  static const guint8 one_interval[] = { 1, 1, 0, 0, 2, 9 };
  static const guint8 no_interval[] = { 1, 5, 0, 0, 0, 0, 0, 0, 1, 2, 3, 11, 12 };
  static const guint8 unknown[] = { 1, 2, 0, 255, 2, 99, 11, 171, 3 };
  static const guint8 extremes[] = { 1, 5, 53, 56, 56, 56, 56, 56, 1, 2, 3, 11, 12, 255, 255, 255, 255, 255 };
  static const guint8 twice[] = { 1, 3, 0, 1, 2, 0, 11, 11, 3, 1, 200, 7, 3, 4, 5 };

  write_contour ("text", 0, (const guint8 *) text, strlen (text));
  write_contour ("example", 1, example, sizeof example);
  write_contour ("cut", 1, example, sizeof example - 1);
  write_contour ("one-interval", 1, one_interval, sizeof one_interval);
  write_contour ("no-interval", 1, no_interval, sizeof no_interval);
  write_contour ("unknown", 1, unknown, sizeof unknown);
  write_contour ("extremes", 1, extremes, sizeof extremes);
  write_contour ("twice", 1, twice, sizeof twice);
}

int
main (int    argc,
      char **argv)
{
  if (argc != 3)
    {
      g_printerr ("make-seeds CORPUS KEYS\n");
      return 2;
    }

  root = argv[1];
  write_texts ();
  write_messages ();
  write_packets ();
  write_keys (argv[2]);
  write_known_hosts (argv[2]);
  write_conversations ();
  write_forwards ();
  write_contours ();

  return 0;
}
