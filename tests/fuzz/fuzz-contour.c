/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of a contour: what is read can be written, read again, added to and drawn. A first byte of 0: as it stands; else
 * what follows is encoded first, so that not every input dies of its base64. */
#include "fuzz.h"

#include <libdevssh/session/devssh-session-contour.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  gboolean is_text = fuzz_byte (&input) == 0;
  g_autofree char *text = is_text ? fuzz_text (&input) : g_base64_encode (input.data, input.length);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshSessionContour) contour = devssh_session_contour_new_from_base64 (text, &error);
  g_autoptr(DevSshSessionContour) again = NULL;
  g_autofree char *once = NULL;
  g_autofree char *twice = NULL;
  g_autofree char *picture = NULL;

  g_assert_true ((contour == NULL) == (error != NULL));
  if (contour == NULL)
    return 0;

  g_assert_cmpuint (devssh_session_contour_get_interval_count (contour), <=, devssh_session_contour_get_max_intervals (contour));
  picture = devssh_session_contour_to_svg (contour, NULL);
  g_assert_true (g_str_has_suffix (picture, "</svg>\n"));
  g_assert_null (strstr (picture, "nan"));
  g_assert_null (strstr (picture, "\"inf"));

  /* Series nobody knows are left out, and scales become the least ones. */
  once = devssh_session_contour_to_base64 (contour);
  again = devssh_session_contour_new_from_base64 (once, &error);
  g_assert_no_error (error);
  twice = devssh_session_contour_to_base64 (again);
  g_assert_cmpstr (once, ==, twice);

  devssh_session_contour_add_update (again, G_MAXINT64, 1, 1, 1);
  /* Of a text that claims to have lasted longer than any clock runs, this is not the last interval. */
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (again, (guint) (G_MAXINT64 / devssh_session_contour_get_interval (again))), >, 0);
  return 0;
}
