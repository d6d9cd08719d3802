/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payloads of forwarding, whatever type they are said to have; the first byte says which is read. */
#include "fuzz.h"

#include <libdevssh/service/devssh-port-forward-message.h>

static const char * const types[] = {
  NULL,                                        /* a success */
  DEVSSH_REQUEST_TCPIP_FORWARD, DEVSSH_REQUEST_CANCEL_TCPIP_FORWARD,
  DEVSSH_CHANNEL_TYPE_FORWARDED_TCPIP, DEVSSH_CHANNEL_TYPE_DIRECT_TCPIP,
  DEVSSH_REQUEST_STREAMLOCAL_FORWARD, DEVSSH_REQUEST_CANCEL_STREAMLOCAL_FORWARD,
  DEVSSH_CHANNEL_TYPE_FORWARDED_STREAMLOCAL, DEVSSH_CHANNEL_TYPE_DIRECT_STREAMLOCAL,
};

static DevSshPortForwardMessage *
parse (const char  *type,
       GBytes      *payload,
       GError     **error)
{
  return type != NULL ? devssh_port_forward_message_parse (type, payload, error)
                      : devssh_port_forward_message_parse_success (payload, error);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data,
                        size_t         size)
{
  FuzzInput input = { data, size };
  const char *type = types[fuzz_byte (&input) % G_N_ELEMENTS (types)];
  g_autoptr(GBytes) payload = g_bytes_new (input.data, input.length);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshPortForwardMessage) message = parse (type, payload, &error);
  g_autoptr(DevSshPortForwardMessage) again = NULL;
  g_autoptr(GBytes) first = NULL;
  g_autoptr(GBytes) second = NULL;

  g_assert_true ((message == NULL) == (error != NULL));
  if (message == NULL)
    return 0;

  g_assert_cmpuint (devssh_port_forward_message_get_port (message), <=, G_MAXUINT16);

  /* What it makes is taken again and comes out the same. */
  first = devssh_port_forward_message_to_bytes (message);
  again = parse (type, first, &error);
  g_assert_no_error (error);
  second = devssh_port_forward_message_to_bytes (again);
  g_assert_true (g_bytes_equal (first, second));
  g_assert_cmpstr (devssh_port_forward_message_get_host (message), ==, devssh_port_forward_message_get_host (again));

  return 0;
}
