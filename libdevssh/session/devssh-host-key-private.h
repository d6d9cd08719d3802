/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the verifier makes its question and hears the answer. */
#pragma once

#include <libdevssh/auth/devssh-authentication.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/session/devssh-host-key-question.h>
#include <libdevssh/session/devssh-host-key-verifier.h>

G_BEGIN_DECLS

/* verifier and authentication are kept until the end: this question is all that there is of a verification. */
DevSshHostKeyQuestion *devssh_host_key_question_new                (DevSshHostKeyVerifier *verifier, DevSshAuthentication *authentication,
                                                                    const char *host, guint16 port);
void                   devssh_host_key_question_set_verdict        (DevSshHostKeyQuestion *self, DevSshKnownHostsVerdict verdict,
                                                                    DevSshKnownHostsEntry *entry);
DevSshHostKeyVerifier *devssh_host_key_question_get_verifier       (DevSshHostKeyQuestion *self);
DevSshAuthentication  *devssh_host_key_question_get_authentication (DevSshHostKeyQuestion *self);
/* Nobody is asked, or the session has gone: an answer has no effect from now on. */
void                   devssh_host_key_question_close              (DevSshHostKeyQuestion *self);
/* Dead as soon as the session is. */
void                   devssh_host_key_question_watch              (DevSshHostKeyQuestion *self);
gboolean               devssh_host_key_question_get_accepted       (DevSshHostKeyQuestion *self, gboolean *remember);

G_END_DECLS
