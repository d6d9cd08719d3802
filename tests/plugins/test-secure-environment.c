/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says whether the kernel calls this process secure, and how many services its environment gave it; test-loader.c runs it setuid. */
#include <stdio.h>
#include <sys/auxv.h>
#include <libdevssh/service/devssh-service-private.h>

/* A leak checker cannot look into a secure process, and would call that an error. */
const char *__asan_default_options (void);

const char *
__asan_default_options (void)
{
  return "detect_leaks=0";
}

int
main (void)
{
  g_autoptr(GPtrArray) entries = devssh_plugin_catalogue (NULL, NULL, NULL);

  printf ("%s %u\n", getauxval (AT_SECURE) != 0 ? "secure" : "plain", entries->len);

  return 0;
}
