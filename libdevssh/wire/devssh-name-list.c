/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma lists of RFC 4251, 5 and 6: reading them and finding the first match. */
#include <libdevssh/wire/devssh-names-private.h>

#include <string.h>

/* The test of T-14 builds this file with a counter here. */
#ifndef DEVSSH_NAME_LIST_STEP
# define DEVSSH_NAME_LIST_STEP() G_STMT_START { } G_STMT_END
#endif

/* RFC 4251, 6: names are "printable US-ASCII", without "comma (","), ... whitespace, control
 * characters (ASCII codes 32 or less), or the ASCII code 127 (DEL)". */
static inline gboolean
is_name_char (guint8 c)
{
  DEVSSH_NAME_LIST_STEP ();
  return c >= 0x21 && c <= 0x7e && c != ',';
}

gboolean
devssh_name_is_valid (const char *data,
                      gsize       length)
{
  /* RFC 4251, 6: "Names ... MUST NOT be longer than 64 characters." */
  if (length == 0 || length > DEVSSH_NAME_MAX_LENGTH)
    return FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (!is_name_char ((guint8) data[i]))
        return FALSE;
    }

  return TRUE;
}

/* Cuts the list into names; NULL and a reason at the first thing that is wrong. */
static char **
parse_names (DevSshSlice   list,
             DevSshError  *code,
             const char  **problem)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  const char *data = (const char *) list.data;
  gsize left = list.length;
  guint n_names = 0;

  /* "zero or more names": the empty list is the one place where nothing stands between commas. */
  while (left > 0)
    {
      const char *comma = memchr (data, ',', MIN (left, DEVSSH_NAME_MAX_LENGTH + 1));
      gsize length = comma != NULL ? (gsize) (comma - data) : left;
      char name[DEVSSH_NAME_MAX_LENGTH + 1];

      *code = DEVSSH_ERROR_MALFORMED;
      *problem = length == 0 ? "an empty name in a list" : "a name that is none in a list";
      if (!devssh_name_is_valid (data, length))
        return NULL;

      *code = DEVSSH_ERROR_LIMIT;
      *problem = "more than 256 names in a list";
      if (++n_names > DEVSSH_NAME_LIST_MAX_NAMES)
        return NULL;

      memcpy (name, data, length);
      name[length] = '\0';
      g_strv_builder_add (builder, name);
      if (comma == NULL)
        break;

      /* One comma behind the last name is borne, against RFC 4251, 5 ("a name MUST have a non-zero length"):
       * libssh 0.10 ends its list of ciphers so. */
      data += length + 1;
      left -= length + 1;
    }

  return g_strv_builder_end (builder);
}

/**
 * devssh_reader_get_name_list:
 * @self: a reader
 *
 * Reads a `name-list`. Every name must be as RFC 4251, section 6, wants it: 1 to 64 printable ASCII
 * characters without comma and space; else it is a failure of the code %DEVSSH_ERROR_MALFORMED.
 * One comma behind the last name is passed over, for there are peers that send it.
 * More than 256 names are one of the code %DEVSSH_ERROR_LIMIT.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names in their order; empty after a
 *   failure
 *
 * Since: 1.0
 */
char **
devssh_reader_get_name_list (DevSshReader *self)
{
  char **names;
  gsize start;
  DevSshSlice list;
  DevSshError code = DEVSSH_ERROR_FAILED;
  const char *problem = NULL;

  g_return_val_if_fail (self != NULL, NULL);

  start = self->position;
  list = devssh_reader_get_slice (self);
  names = parse_names (list, &code, &problem);
  if (names == NULL)
    {
      self->position = start;
      devssh_reader_fail (self, code, problem);
      return g_new0 (char *, 1);
    }

  return names;
}

gboolean
devssh_name_list_contains (const char * const *names,
                           const char         *name)
{
  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    {
      if (strcmp (names[i], name) == 0)
        return TRUE;
    }

  return FALSE;
}

/* RFC 4253, 7.1: "the first algorithm on the client's name-list that is also on the server's".
 * Names that only say what a peer can do are never algorithms (RFC 8308, 2.2; T-24). */
const char *
devssh_name_list_match (const char * const *client,
                        const char * const *server)
{
  for (guint i = 0; client != NULL && client[i] != NULL; i++)
    {
      if (!g_str_has_prefix (client[i], "ext-info-") &&
          !g_str_has_prefix (client[i], "kex-strict-") &&
          devssh_name_list_contains (server, client[i]))
        return client[i];
    }

  return NULL;
}
