/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is there? The question that ::authenticating carries, on both sides (RFC 4252, RFC 4256). */
#pragma once

#include <libdevssh/base/devssh-question.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_AUTHENTICATION_TYPE (devssh_authentication_type_get_type ())
#define DEVSSH_TYPE_AUTHENTICATION      (devssh_authentication_get_type ())

/* The numbers are those of the other Dev Tunnels SSH libraries (protocol.md 9.5). */
typedef enum
{
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE             = 0,
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED       = 1,
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD         = 2,
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY = 3,
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY       = 4,
  DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE      = 5,
  DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY       = 10
} DevSshAuthenticationType;

DEVSSH_AVAILABLE_IN_1_0
GType                    devssh_authentication_type_get_type (void);

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (DevSshAuthentication, devssh_authentication, DEVSSH, AUTHENTICATION, DevSshQuestion)

DEVSSH_AVAILABLE_IN_1_0
DevSshAuthenticationType devssh_authentication_get_authentication_type (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_user_name           (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_password            (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
DevSshKeyPair           *devssh_authentication_get_public_key          (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_client_host_name    (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_client_user_name    (DevSshAuthentication *self);
/* Keyboard-interactive, client side: what the server asks. */
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_name                (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_instruction         (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
guint                    devssh_authentication_get_n_prompts           (DevSshAuthentication *self);
DEVSSH_AVAILABLE_IN_1_0
const char              *devssh_authentication_get_prompt              (DevSshAuthentication *self,
                                                                        guint                 index);
DEVSSH_AVAILABLE_IN_1_0
gboolean                 devssh_authentication_get_prompt_echo         (DevSshAuthentication *self,
                                                                        guint                 index);
/* Keyboard-interactive, server side: what the client answered; NULL in the first round. */
DEVSSH_AVAILABLE_IN_1_0
const char * const      *devssh_authentication_get_responses           (DevSshAuthentication *self);
/* Answers. principal: any object that stands for who it is; NULL: an object of ours (DevSshAuthentication itself). */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_authentication_accept                  (DevSshAuthentication *self,
                                                                        GObject              *principal);
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_authentication_reject                  (DevSshAuthentication *self);
/* Server: ask (another) round. prompts: NULL-terminated; echo: one boolean for each, or NULL for all hidden. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_authentication_prompt                  (DevSshAuthentication *self,
                                                                        const char           *name,
                                                                        const char           *instruction,
                                                                        const char * const   *prompts,
                                                                        const gboolean       *echo,
                                                                        gsize                 n_echo);
/* Client: one answer for each prompt. */
DEVSSH_AVAILABLE_IN_1_0
void                     devssh_authentication_respond                 (DevSshAuthentication *self,
                                                                        const char * const   *responses);

G_END_DECLS
