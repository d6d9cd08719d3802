/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of known hosts as nobody would write them, from a seed. */
#pragma once

#include <libdevssh/keys/devssh-known-hosts-private.h>

G_BEGIN_DECLS

typedef struct
{
  char    *text;      /* of a file */
  char    *host;      /* who is asked for */
  guint16  port;
} TestHosts;

/* The key that the host shows. */
DevSshKeyPair *test_hosts_key   (void);
/* only_valid: no line that ssh-keygen would take as a reason not to touch the file. */
void           test_hosts_init  (TestHosts *self, GRand *dice, gboolean only_valid);
void           test_hosts_clear (TestHosts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestHosts, test_hosts_clear)

G_END_DECLS
