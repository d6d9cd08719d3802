/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "known-hosts-cases.h"

#include <libdevssh/devssh.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <string.h>

#define pick(dice, array) ((array)[g_rand_int_range ((dice), 0, G_N_ELEMENTS (array))])

static const char *const hosts[] = {
  "a.example", "b.example", "www.a.example", "host", "192.0.2.77", "2001:db8::1",
};

/* Beside the hosts themselves, with and without a port. */
static const char *const patterns[] = {
  "*", "*.example", "*.a.example", "?.example", "??.example", "h*t", "192.0.2.*", "192.0.2.?", "2001:*", "[*]:2222", "[*.example]:*",
  "[a.example]:22??", "A.EXAMPLE", "[Host]:2222", "WWW.*", "!b.example", "!*.a.example", "!192.0.2.77", "![*]:2222", "!*", "", "**", "!",
};

/* Nobody's, or not to be understood. */
static const char *const others[] = {
  "", " ", "\t", "# a comment", "   # a.example ssh-ed25519 AAAA",
};

static const char *const nonsense[] = {
  "a.example", "host ", "* # ssh-ed25519", "@trusted * %s", "@ %s", "@revoked", "@revoked * ", "@revoked @revoked * %s",
  "|1|AAAA|BBBB %s", "|1|", "|2|x|y %s", "| %s", "* ssh-ed25519", "* ssh-ed25519 !!!!", "* ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAAUE=",
  "* no-such-type AAAA", "* ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAUE=", "a.example 1024 35 1234567890123", "*\v %s", "\r",
};

DevSshKeyPair *
test_hosts_key (void)
{
  static DevSshKeyPair *key;

  if (key == NULL)
    key = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
  return key;
}

static char *
line_of (DevSshKeyPair *key)
{
  g_autoptr(GBytes) line = devssh_key_pair_export_public (key, DEVSSH_KEY_FORMAT_SSH, NULL);

  return g_strchomp (g_strndup (g_bytes_get_data (line, NULL), g_bytes_get_size (line)));
}

static char *
line_of_blob (const char   *type,
              DevSshWriter *writer)
{
  g_autoptr(GBytes) blob = devssh_writer_end (writer);
  g_autofree char *base64 = g_base64_encode (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob));

  return g_strconcat (type, " ", base64, NULL);
}

/* A key in a device: ssh knows them, we do not. */
static char *
line_of_device_key (void)
{
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_utf8 (&writer, "sk-ssh-ed25519@openssh.com");
  devssh_writer_put_uint32 (&writer, 32);
  for (guint8 i = 0; i < 32; i++)
    devssh_writer_put_byte (&writer, i);
  devssh_writer_put_utf8 (&writer, "ssh:");
  return line_of_blob ("sk-ssh-ed25519@openssh.com", &writer);
}

/* Of a size that is too small for us. */
static char *
line_of_small_key (void)
{
  static const guint8 exponent[] = { 0, 0, 0, 3, 1, 0, 1 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_utf8 (&writer, "ssh-rsa");
  devssh_writer_put_bytes (&writer, exponent, sizeof exponent);
  devssh_writer_put_uint32 (&writer, 129);
  devssh_writer_put_byte (&writer, 0);
  for (guint8 i = 0; i < 128; i++)
    devssh_writer_put_byte (&writer, 0xc1);
  return line_of_blob ("ssh-rsa", &writer);
}

/* The first is the one that the host shows. */
static const char *
key_line (guint index)
{
  static char *lines[6];

  if (lines[0] == NULL)
    {
      g_autoptr(DevSshKeyPair) b = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ED25519, 0, NULL);
      g_autoptr(DevSshKeyPair) c = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_ECDSA_NISTP256, 0, NULL);
      g_autoptr(DevSshKeyPair) d = devssh_key_pair_generate (DEVSSH_ALGORITHM_KEY_RSA, 2048, NULL);

      lines[0] = line_of (test_hosts_key ());
      lines[1] = line_of (b);
      lines[2] = line_of (c);
      lines[3] = line_of (d);
      lines[4] = line_of_device_key ();
      lines[5] = line_of_small_key ();
    }
  return lines[index];
}

static char *
make_name (GRand *dice)
{
  const char *host = pick (dice, hosts);

  switch (g_rand_int_range (dice, 0, 10))
    {
    case 0:
    case 1:
    case 2:
      return g_strdup (host);

    case 3:
    case 4:
      return g_strdup_printf ("[%s]:%d", host, 2222 + g_rand_int_range (dice, 0, 2));

    case 5:
      return g_ascii_strup (host, -1);

    default:
      return g_strdup (pick (dice, patterns));
    }
}

static char *
make_names (GRand *dice)
{
  GString *names = NULL;

  if (g_rand_int_range (dice, 0, 4) == 0)
    {
      g_autofree char *name = devssh_known_hosts_dup_name (pick (dice, hosts), g_rand_boolean (dice) ? 22 : 2222);
      char *hashed = devssh_known_hosts_hash_name (name);

      /* What is nearly right matches nobody. */
      if (g_rand_int_range (dice, 0, 8) == 0)
        hashed[strlen (hashed) - 3] ^= 1;
      return hashed;
    }
  names = g_string_new (NULL);
  do
    {
      g_autofree char *name = make_name (dice);

      if (names->len > 0)
        g_string_append_c (names, ',');
      g_string_append (names, name);
    }
  while (g_rand_int_range (dice, 0, 3) == 0);
  /* Names that begin so would be something else; and there must be one. */
  if (names->len == 0)
    g_string_append (names, "host");
  return g_string_free (names, FALSE);
}

static void
append_line (GString *text,
             GRand   *dice)
{
  static const char *const blanks[] = { "", "", "", " ", "\t", " \t " };
  static const char *const between[] = { " ", " ", " ", "\t", "  " };
  static const char *const ends[] = { "", "", " a comment", " # x", "\r", " " };
  int marked = g_rand_int_range (dice, 0, 8);
  g_autofree char *names = make_names (dice);
  const char *key = key_line ((guint) (g_rand_int_range (dice, 0, 3) == 0 || (marked == 0 && g_rand_boolean (dice)) ? 0
                                       : g_rand_int_range (dice, 0, 6)));

  g_string_append (text, pick (dice, blanks));
  /* A tab behind a marker and a blank later: ssh does not read such a line, and we do. */
  if (marked == 0)
    g_string_append_printf (text, "@revoked %s %s", names, key);
  else if (marked == 1)
    g_string_append_printf (text, "@cert-authority %s %s", names, key);
  else
    g_string_append_printf (text, "%s%s%s", names, pick (dice, between), key);
  g_string_append (text, pick (dice, ends));
}

void
test_hosts_init (TestHosts *self,
                 GRand     *dice,
                 gboolean   only_valid)
{
  int n = g_rand_int_range (dice, 0, 13);
  GString *text = g_string_new (NULL);

  for (int i = 0; i < n; i++)
    {
      int kind = g_rand_int_range (dice, 0, 8);

      if (kind == 0)
        {
          g_string_append (text, pick (dice, others));
        }
      else if (kind == 1 && !only_valid)
        {
          GString *line = g_string_new (pick (dice, nonsense));

          g_string_replace (line, "%s", key_line (0), 0);
          g_string_append (text, line->str);
          g_string_free (line, TRUE);
        }
      else
        {
          append_line (text, dice);
        }
      if (i + 1 < n || g_rand_boolean (dice))
        g_string_append_c (text, '\n');
    }
  self->text = g_string_free (text, FALSE);
  self->host = g_strdup (pick (dice, hosts));
  self->port = g_rand_boolean (dice) ? 22 : 2222;
}

void
test_hosts_clear (TestHosts *self)
{
  g_free (self->text);
  g_free (self->host);
}
