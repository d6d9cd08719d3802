/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is there? What the ::authenticating signal carries, and what its handler answers on. */
#include <libdevssh/auth/devssh-authentication-private.h>

#include <libdevssh/crypto/devssh-key-pair.h>
#include <libdevssh/crypto/devssh-secret-private.h>

/**
 * DevSshAuthenticationType:
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE: the client names a user and proves nothing (RFC 4252, section 5.2)
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED: the client's host vouches for its user; the host's signature has been verified (RFC 4252, section 9)
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD: the client sent a password (RFC 4252, section 8)
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY: the client asks whether a key would do and proves nothing; a yes logs nobody in (RFC 4252, section 7)
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY: the client has a key; its signature has been verified (RFC 4252, section 7)
 * @DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE: a dialogue of prompts and responses (RFC 4256)
 * @DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY: in a client: the server has a host key; its signature has been verified
 *
 * What somebody brings forward to say who they are, and so what a #DevSshAuthentication asks.
 *
 * Since: 1.0
 */
G_DEFINE_ENUM_TYPE (DevSshAuthenticationType, devssh_authentication_type,
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, "client-none"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED, "client-host-based"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, "client-password"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY, "client-public-key-query"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY, "client-public-key"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, "client-interactive"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY, "server-public-key"))

/* One prompt of a dialogue, as it is shown or as it will be sent. */
typedef struct
{
  char     *text;
  gboolean  echo;
} DevSshPrompt;

/* What one side of a dialogue says: received in a client, to be sent in a server. */
typedef struct
{
  char         *name;
  char         *instruction;
  DevSshPrompt *prompts;
  guint         n_prompts;
} DevSshDialogue;

/**
 * DevSshAuthentication:
 *
 * The question whether somebody is who they say they are, and whether they are welcome.
 *
 * The `authenticating` signal of a session carries one. A server's session asks about its client, once
 * for each request of the client; a client's session asks about the server's host key before it sends
 * any credential, and shows the prompts of a keyboard-interactive dialogue. See
 * [property@Authentication:authentication-type] for which of these it is.
 *
 * A handler answers at once, with [method@Authentication.accept], [method@Authentication.reject],
 * [method@Authentication.prompt] or [method@Authentication.respond], and returns %TRUE; or keeps a
 * reference, returns %TRUE and answers later. What nobody answers is refused: no handler, a handler
 * that returns %FALSE, a reference that is dropped. See [class@Question].
 *
 * A key or a host that this object shows with %DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY,
 * %DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED or %DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY has
 * proved that it has the private half. The question is whether it is the right one.
 *
 * Since: 1.0
 */
struct _DevSshAuthentication
{
  DevSshQuestion            parent_instance;

  /* asked */
  DevSshAuthenticationType  type;
  char                     *user_name;
  char                     *password;        /* secret */
  DevSshKeyPair            *public_key;
  char                     *client_host_name;
  char                     *client_user_name;
  gboolean                  is_prompted;     /* a client's: the server prompts */
  DevSshDialogue            received;
  char                    **responses;       /* secret */

  /* answered */
  DevSshAuthAnswer          answer;
  GObject                  *principal;
  DevSshDialogue            sent;
  char                    **answers;         /* secret */
};

G_DEFINE_FINAL_TYPE (DevSshAuthentication, devssh_authentication, DEVSSH_TYPE_QUESTION)

enum
{
  PROP_0,
  PROP_AUTHENTICATION_TYPE,
  PROP_USER_NAME,
  PROP_PUBLIC_KEY,
  PROP_CLIENT_HOST_NAME,
  PROP_CLIENT_USER_NAME,
  PROP_NAME,
  PROP_INSTRUCTION,
  PROP_N_PROMPTS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
devssh_dialogue_clear (DevSshDialogue *dialogue)
{
  g_clear_pointer (&dialogue->name, g_free);
  g_clear_pointer (&dialogue->instruction, g_free);
  for (guint i = 0; i < dialogue->n_prompts; i++)
    g_free (dialogue->prompts[i].text);
  g_clear_pointer (&dialogue->prompts, g_free);
  dialogue->n_prompts = 0;
}

static void
devssh_secret_strv_free (char **texts)
{
  for (guint i = 0; texts != NULL && texts[i] != NULL; i++)
    devssh_secret_strfree (texts[i]);
  g_free (texts);
}

char *
devssh_auth_dup_secret (const DevSshSlice *slice)
{
  char *text = g_malloc (slice->length + 1);

  if (slice->length > 0)
    memcpy (text, slice->data, slice->length);
  text[slice->length] = '\0';
  return text;
}

/* Whatever was said before does not count (design D6). */
static void
devssh_authentication_refuse (DevSshQuestion *question)
{
  DevSshAuthentication *self = DEVSSH_AUTHENTICATION (question);

  self->answer = DEVSSH_AUTH_ANSWER_REJECT;
  g_clear_object (&self->principal);
  devssh_dialogue_clear (&self->sent);
  g_clear_pointer (&self->answers, devssh_secret_strv_free);
}

/* Everything goes here and nothing in dispose: a question that nobody kept is refused from inside
 * dispose, and its sink still reads it. */
static void
devssh_authentication_finalize (GObject *object)
{
  DevSshAuthentication *self = DEVSSH_AUTHENTICATION (object);

  devssh_authentication_wipe (self);
  g_clear_object (&self->principal);
  g_clear_object (&self->public_key);
  g_free (self->user_name);
  g_free (self->client_host_name);
  g_free (self->client_user_name);
  devssh_dialogue_clear (&self->received);
  devssh_dialogue_clear (&self->sent);

  G_OBJECT_CLASS (devssh_authentication_parent_class)->finalize (object);
}

static void
devssh_authentication_get_property (GObject    *object,
                                    guint       prop_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  DevSshAuthentication *self = DEVSSH_AUTHENTICATION (object);

  switch (prop_id)
    {
    case PROP_AUTHENTICATION_TYPE:
      g_value_set_enum (value, self->type);
      break;
    case PROP_USER_NAME:
      g_value_set_string (value, self->user_name);
      break;
    case PROP_PUBLIC_KEY:
      g_value_set_object (value, self->public_key);
      break;
    case PROP_CLIENT_HOST_NAME:
      g_value_set_string (value, self->client_host_name);
      break;
    case PROP_CLIENT_USER_NAME:
      g_value_set_string (value, self->client_user_name);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->received.name);
      break;
    case PROP_INSTRUCTION:
      g_value_set_string (value, self->received.instruction);
      break;
    case PROP_N_PROMPTS:
      g_value_set_uint (value, self->received.n_prompts);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
devssh_authentication_class_init (DevSshAuthenticationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = devssh_authentication_finalize;
  object_class->get_property = devssh_authentication_get_property;
  DEVSSH_QUESTION_CLASS (klass)->refuse = devssh_authentication_refuse;

  /* The password and the responses are no properties: a GValue would copy them to where nobody wipes
   * them, and inspectors print properties (T-82). */

  /**
   * DevSshAuthentication:authentication-type: (getter get_authentication_type)
   *
   * What is asked; never changes.
   *
   * Since: 1.0
   */
  properties[PROP_AUTHENTICATION_TYPE] =
    g_param_spec_enum ("authentication-type", NULL, NULL,
                       DEVSSH_TYPE_AUTHENTICATION_TYPE, DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, flags);

  /**
   * DevSshAuthentication:user-name: (getter get_user_name)
   *
   * In a server: whom the client wants to be. May be empty. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_USER_NAME] =
    g_param_spec_string ("user-name", NULL, NULL, NULL, flags);

  /**
   * DevSshAuthentication:public-key: (getter get_public_key)
   *
   * The key in question, without a private half. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_PUBLIC_KEY] =
    g_param_spec_object ("public-key", NULL, NULL, DEVSSH_TYPE_KEY_PAIR, flags);

  /**
   * DevSshAuthentication:client-host-name: (getter get_client_host_name)
   *
   * Host-based authentication: the name of the host that vouches for its user. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_CLIENT_HOST_NAME] =
    g_param_spec_string ("client-host-name", NULL, NULL, NULL, flags);

  /**
   * DevSshAuthentication:client-user-name: (getter get_client_user_name)
   *
   * Host-based authentication: who the user is on the client's host. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_CLIENT_USER_NAME] =
    g_param_spec_string ("client-user-name", NULL, NULL, NULL, flags);

  /**
   * DevSshAuthentication:name: (getter get_name)
   *
   * In a client: the title of the server's prompts, safe to show. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] =
    g_param_spec_string ("name", NULL, NULL, NULL, flags);

  /**
   * DevSshAuthentication:instruction: (getter get_instruction)
   *
   * In a client: the text above the server's prompts, safe to show. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_INSTRUCTION] =
    g_param_spec_string ("instruction", NULL, NULL, NULL, flags);

  /**
   * DevSshAuthentication:n-prompts: (getter get_n_prompts)
   *
   * In a client: how many prompts the server has, 0 to 64. Never changes.
   *
   * Since: 1.0
   */
  properties[PROP_N_PROMPTS] =
    g_param_spec_uint ("n-prompts", NULL, NULL, 0, G_MAXUINT, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
devssh_authentication_init (DevSshAuthentication *self)
{
}

DevSshAuthentication *
devssh_authentication_new (DevSshAuthenticationType  type,
                           const char               *user_name)
{
  DevSshAuthentication *self = g_object_new (DEVSSH_TYPE_AUTHENTICATION, NULL);

  self->type = type;
  self->user_name = g_strdup (user_name);
  return self;
}

void
devssh_authentication_set_password (DevSshAuthentication *self,
                                    const char           *password)
{
  devssh_secret_strfree (self->password);
  self->password = devssh_secret_strdup (password);
}

void
devssh_authentication_set_public_key (DevSshAuthentication *self,
                                      DevSshKeyPair        *key)
{
  g_set_object (&self->public_key, key);
}

void
devssh_authentication_set_client (DevSshAuthentication *self,
                                  const char           *host,
                                  const char           *user)
{
  g_free (self->client_host_name);
  self->client_host_name = g_strdup (host);
  g_free (self->client_user_name);
  self->client_user_name = g_strdup (user);
}

void
devssh_authentication_set_request (DevSshAuthentication           *self,
                                   const DevSshInfoRequestMessage *request)
{
  DevSshDialogue *received = &self->received;

  devssh_dialogue_clear (received);
  self->is_prompted = TRUE;
  received->name = devssh_text_for_people (request->name.data, request->name.length);
  received->instruction = devssh_text_for_people (request->instruction.data, request->instruction.length);
  received->prompts = g_new0 (DevSshPrompt, request->n_prompts);
  received->n_prompts = request->n_prompts;
  for (guint i = 0; i < request->n_prompts; i++)
    {
      const DevSshInfoPrompt *prompt = &request->prompts[i];

      received->prompts[i].text = devssh_text_for_people (prompt->prompt.data, prompt->prompt.length);
      received->prompts[i].echo = prompt->echo;
    }
}

void
devssh_authentication_set_responses (DevSshAuthentication            *self,
                                     const DevSshInfoResponseMessage *responses)
{
  g_clear_pointer (&self->responses, devssh_secret_strv_free);
  self->responses = g_new0 (char *, responses->n_responses + 1);
  for (guint i = 0; i < responses->n_responses; i++)
    self->responses[i] = devssh_auth_dup_secret (&responses->responses[i]);
}

DevSshAuthAnswer
devssh_authentication_get_answer (DevSshAuthentication *self)
{
  return self->answer;
}

GObject *
devssh_authentication_get_principal (DevSshAuthentication *self)
{
  if (self->answer != DEVSSH_AUTH_ANSWER_ACCEPT)
    return NULL;

  return self->principal != NULL ? self->principal : G_OBJECT (self);
}

void
devssh_authentication_get_prompts (DevSshAuthentication     *self,
                                   DevSshInfoRequestMessage *request)
{
  const DevSshDialogue *sent = &self->sent;

  *request = (DevSshInfoRequestMessage) { 0 };
  request->name = devssh_auth_text_slice (sent->name);
  request->instruction = devssh_auth_text_slice (sent->instruction);
  request->prompts = g_new0 (DevSshInfoPrompt, sent->n_prompts);
  request->n_prompts = sent->n_prompts;
  for (guint i = 0; i < sent->n_prompts; i++)
    {
      request->prompts[i].prompt = devssh_auth_text_slice (sent->prompts[i].text);
      request->prompts[i].echo = sent->prompts[i].echo;
    }
}

const char * const *
devssh_authentication_get_answers (DevSshAuthentication *self)
{
  return (const char * const *) self->answers;
}

void
devssh_authentication_wipe (DevSshAuthentication *self)
{
  g_clear_pointer (&self->password, devssh_secret_strfree);
  g_clear_pointer (&self->responses, devssh_secret_strv_free);
  g_clear_pointer (&self->answers, devssh_secret_strv_free);
}

/**
 * devssh_authentication_get_authentication_type: (get-property authentication-type)
 * @self: a question
 *
 * Gets what is asked.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
DevSshAuthenticationType
devssh_authentication_get_authentication_type (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE);

  return self->type;
}

/**
 * devssh_authentication_get_user_name: (get-property user-name)
 * @self: a question
 *
 * Gets whom the client wants to be.
 *
 * It is the name as the client sent it: valid UTF-8 without NUL, but perhaps empty, long, or with
 * control characters in it, so look before showing it or making a path of it.
 *
 * Returns: (transfer none) (nullable): the name; %NULL in a client
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_user_name (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->user_name;
}

/**
 * devssh_authentication_get_password:
 * @self: a question
 *
 * Gets the password that the client sent with %DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD.
 *
 * It is wiped when the question is answered. Compare it in constant time, or better, compare digests
 * of a password hash.
 *
 * Returns: (transfer none) (nullable): the password, which may be empty; %NULL if this is no
 *   password request, or once it is answered
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_password (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->password;
}

/**
 * devssh_authentication_get_public_key: (get-property public-key)
 * @self: a question
 *
 * Gets the key in question: the user's (%DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY and its query),
 * that of the client's host (%DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED), or the server's
 * (%DEVSSH_AUTHENTICATION_TYPE_SERVER_PUBLIC_KEY). It has no private half.
 *
 * Compare it with [method@KeyPair.equal].
 *
 * Returns: (transfer none) (nullable): the key
 *
 * Since: 1.0
 */
DevSshKeyPair *
devssh_authentication_get_public_key (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->public_key;
}

/**
 * devssh_authentication_get_client_host_name: (get-property client-host-name)
 * @self: a question
 *
 * Gets the name of the host that vouches for its user, as that host gives it (RFC 4252, section 9).
 * Whether the name and the key belong together is for the handler to find out.
 *
 * Returns: (transfer none) (nullable): the name; %NULL if this is not host-based
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_client_host_name (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->client_host_name;
}

/**
 * devssh_authentication_get_client_user_name: (get-property client-user-name)
 * @self: a question
 *
 * Gets who the user is on the client's host (RFC 4252, section 9). Compare
 * [method@Authentication.get_user_name], who they want to be here.
 *
 * Returns: (transfer none) (nullable): the name; %NULL if this is not host-based
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_client_user_name (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->client_user_name;
}

/**
 * devssh_authentication_get_name: (get-property name)
 * @self: a question
 *
 * Gets the title of the server's prompts (RFC 4256, section 3.2). Control characters are escaped and
 * at most 1 KiB is kept, so it can be shown.
 *
 * Returns: (transfer none) (nullable): the title, often empty; %NULL if this is not a client's
 *   keyboard-interactive question
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_name (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->received.name;
}

/**
 * devssh_authentication_get_instruction: (get-property instruction)
 * @self: a question
 *
 * Gets the text above the server's prompts (RFC 4256, section 3.2). Control characters are escaped and
 * at most 1 KiB is kept, so it can be shown.
 *
 * Returns: (transfer none) (nullable): the text, often empty; %NULL if this is not a client's
 *   keyboard-interactive question
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_instruction (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return self->received.instruction;
}

/**
 * devssh_authentication_get_n_prompts: (get-property n-prompts)
 * @self: a question
 *
 * Gets how many prompts the server has. A server may have none, to show its instruction alone; that
 * still wants an answer, [method@Authentication.respond] with no responses.
 *
 * Returns: the number of prompts, 0 to 64
 *
 * Since: 1.0
 */
guint
devssh_authentication_get_n_prompts (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), 0);

  return self->received.n_prompts;
}

/**
 * devssh_authentication_get_prompt:
 * @self: a question
 * @index: which prompt, less than [method@Authentication.get_n_prompts]
 *
 * Gets one of the server's prompts. Control characters are escaped and at most 1 KiB is kept, so it
 * can be shown.
 *
 * Returns: (transfer none) (nullable): the prompt; %NULL if there is none of this index
 *
 * Since: 1.0
 */
const char *
devssh_authentication_get_prompt (DevSshAuthentication *self,
                                  guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return index < self->received.n_prompts ? self->received.prompts[index].text : NULL;
}

/**
 * devssh_authentication_get_prompt_echo:
 * @self: a question
 * @index: which prompt, less than [method@Authentication.get_n_prompts]
 *
 * Gets whether what the user types after this prompt may be seen.
 *
 * Returns: %TRUE if it may be seen, %FALSE if it is to be hidden or there is none of this index
 *
 * Since: 1.0
 */
gboolean
devssh_authentication_get_prompt_echo (DevSshAuthentication *self,
                                       guint                 index)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), FALSE);

  return index < self->received.n_prompts && self->received.prompts[index].echo;
}

/**
 * devssh_authentication_get_responses:
 * @self: a question
 *
 * Gets what the client answered to the prompts of the last [method@Authentication.prompt], one
 * response for each prompt, in a server.
 *
 * They are wiped when the question is answered.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the responses; %NULL in the first
 *   round of a dialogue, when nothing was asked yet, and once the question is answered
 *
 * Since: 1.0
 */
const char * const *
devssh_authentication_get_responses (DevSshAuthentication *self)
{
  g_return_val_if_fail (DEVSSH_IS_AUTHENTICATION (self), NULL);

  return (const char * const *) self->responses;
}

/**
 * devssh_authentication_accept:
 * @self: a question
 * @principal: (nullable) (transfer none): any object that stands for who it is
 *
 * Answers that they are who they say, and welcome.
 *
 * The session keeps @principal and shows it with every later request. If it is %NULL, the question
 * itself stands in, without its secrets.
 *
 * To a %DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY this says that the key would do; nobody is
 * logged in by it and @principal is not kept. The prompts of a server are not accepted but answered,
 * with [method@Authentication.respond].
 *
 * Since: 1.0
 */
void
devssh_authentication_accept (DevSshAuthentication *self,
                              GObject              *principal)
{
  g_return_if_fail (DEVSSH_IS_AUTHENTICATION (self));
  g_return_if_fail (principal == NULL || G_IS_OBJECT (principal));
  g_return_if_fail (!self->is_prompted);

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->answer = DEVSSH_AUTH_ANSWER_ACCEPT;
  /* Standing for itself needs no reference: it would never let go. */
  if (principal != NULL && principal != G_OBJECT (self))
    self->principal = g_object_ref (principal);
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_authentication_reject:
 * @self: a question
 *
 * Answers no. In a server the client hears which methods it may still try, until it has used up its
 * attempts; in a client a host key so refused ends the session.
 *
 * Since: 1.0
 */
void
devssh_authentication_reject (DevSshAuthentication *self)
{
  g_return_if_fail (DEVSSH_IS_AUTHENTICATION (self));

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->answer = DEVSSH_AUTH_ANSWER_REJECT;
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_authentication_prompt:
 * @self: a question of type %DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, in a server
 * @name: (nullable): a title for the prompts
 * @instruction: (nullable): a text above the prompts
 * @prompts: (array zero-terminated=1) (nullable): what to ask, at most 64 texts, none of them empty
 * @echo: (array length=n_echo) (nullable): for each prompt, whether the answer may be seen while it
 *   is typed; %NULL to hide them all
 * @n_echo: how many values are in @echo: as many as there are prompts, or 0 if @echo is %NULL
 *
 * Answers by asking back (RFC 4256, section 3.2). When the client has answered, a new question comes
 * with its [method@Authentication.get_responses], which can be accepted, rejected, or prompted again.
 *
 * Since: 1.0
 */
void
devssh_authentication_prompt (DevSshAuthentication *self,
                              const char           *name,
                              const char           *instruction,
                              const char * const   *prompts,
                              const gboolean       *echo,
                              gsize                 n_echo)
{
  const guint n_prompts = prompts != NULL ? g_strv_length ((char **) prompts) : 0;

  g_return_if_fail (DEVSSH_IS_AUTHENTICATION (self));
  g_return_if_fail (self->type == DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE && !self->is_prompted);
  g_return_if_fail (n_prompts <= DEVSSH_AUTH_MAX_PROMPTS);
  g_return_if_fail (echo == NULL || n_echo == n_prompts);

  /* RFC 4256, 3.2: "The prompt field(s) MUST NOT be empty strings." */
  for (guint i = 0; i < n_prompts; i++)
    g_return_if_fail (prompts[i][0] != '\0');

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  self->answer = DEVSSH_AUTH_ANSWER_PROMPT;
  self->sent.name = g_strdup (name);
  self->sent.instruction = g_strdup (instruction);
  self->sent.prompts = g_new0 (DevSshPrompt, n_prompts);
  self->sent.n_prompts = n_prompts;
  for (guint i = 0; i < n_prompts; i++)
    {
      self->sent.prompts[i].text = g_strdup (prompts[i]);
      self->sent.prompts[i].echo = echo != NULL && echo[i];
    }
  devssh_question_answered (DEVSSH_QUESTION (self));
}

/**
 * devssh_authentication_respond:
 * @self: a question of type %DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, in a client
 * @responses: (array zero-terminated=1) (nullable): one answer for each prompt; %NULL if there are no
 *   prompts
 *
 * Answers the server's prompts (RFC 4256, section 3.4).
 *
 * How many there are is the server's choice: if there are more or fewer responses than
 * [method@Authentication.get_n_prompts], nothing is sent and the question counts as rejected.
 *
 * Since: 1.0
 */
void
devssh_authentication_respond (DevSshAuthentication *self,
                               const char * const   *responses)
{
  const guint n_responses = responses != NULL ? g_strv_length ((char **) responses) : 0;

  g_return_if_fail (DEVSSH_IS_AUTHENTICATION (self));
  g_return_if_fail (self->is_prompted);

  if (!devssh_question_take (DEVSSH_QUESTION (self)))
    return;

  /* RFC 4256, 3.4: num-responses must be num-prompts. */
  if (n_responses == self->received.n_prompts)
    {
      self->answer = DEVSSH_AUTH_ANSWER_RESPOND;
      self->answers = g_new0 (char *, n_responses + 1);
      for (guint i = 0; i < n_responses; i++)
        self->answers[i] = devssh_secret_strdup (responses[i]);
    }
  else
    {
      self->answer = DEVSSH_AUTH_ANSWER_REJECT;
    }
  devssh_question_answered (DEVSSH_QUESTION (self));
}
