/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rules that wake services, one a line; behind an empty line, a name that may match. */
#include "fuzz.h"

#include <libdevssh/service/devssh-activation.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  g_autofree char *text = fuzz_text (&input);
  g_auto(GStrv) halves = g_strsplit (text, "\n\n", 2);
  const char *name = halves[0] != NULL && halves[1] != NULL ? halves[1] : "";
  g_auto(GStrv) rules = g_strsplit (halves[0] != NULL ? halves[0] : "", "\n", -1);
  g_autoptr(DevSshActivation) activation = NULL;
  g_autoptr(DevSshActivation) again = NULL;
  g_autoptr(GError) error = NULL;

  activation = devssh_activation_new ((const char * const *) rules, &error);
  g_assert_true ((activation == NULL) == (error != NULL));
  if (activation == NULL)
    return 0;

  /* What it says of itself makes the same one. */
  again = devssh_activation_new (devssh_activation_get_rules (activation), &error);
  g_assert_no_error (error);
  g_assert_true (g_strv_equal (devssh_activation_get_rules (activation), devssh_activation_get_rules (again)));

  g_assert_cmpint (devssh_activation_matches_service_request (activation, name), ==,
                   devssh_activation_matches_service_request (again, name));
  devssh_activation_matches_session_request (activation, name);
  devssh_activation_matches_channel_type (activation, name);
  /* A rule that names no type of channel holds for every type. */
  if (devssh_activation_matches_channel_request (activation, name, NULL))
    g_assert_true (devssh_activation_matches_channel_request (activation, name, "session"));

  return 0;
}
