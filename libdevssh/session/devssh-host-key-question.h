/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Is this the right host? What is known of it, and what somebody answers. */
#pragma once

#include <libdevssh/base/devssh-question.h>
#include <libdevssh/keys/devssh-known-hosts.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_HOST_KEY_QUESTION (devssh_host_key_question_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshHostKeyQuestion, devssh_host_key_question, DEVSSH, HOST_KEY_QUESTION, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_host_key_question_get_host       (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
guint16                  devssh_host_key_question_get_port       (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair           *devssh_host_key_question_get_public_key (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHostsVerdict  devssh_host_key_question_get_verdict    (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKnownHostsEntry   *devssh_host_key_question_get_entry      (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
char                    *devssh_host_key_question_dup_text       (DevSshHostKeyQuestion *self);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_host_key_question_accept         (DevSshHostKeyQuestion *self,
                                                                  gboolean               remember);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_host_key_question_reject         (DevSshHostKeyQuestion *self);

G_END_DECLS
