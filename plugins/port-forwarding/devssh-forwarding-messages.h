/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What RFC 4254, 7 puts behind the generic fields of its requests and channels. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

/* "tcpip-forward" and "cancel-tcpip-forward" */
typedef struct
{
  GBytes *address;      /* as it came: OpenSSH finds its forward again by these bytes */
  guint   port;
} DevSshForwardingRequest;

/* "forwarded-tcpip" and "direct-tcpip" */
typedef struct
{
  GBytes *host;
  guint   port;
  GBytes *originator;
  guint   originator_port;
} DevSshForwardingOpen;

gboolean  devssh_forwarding_request_decode (DevSshForwardingRequest  *self,
                                            GBytes                   *payload,
                                            GError                  **error);
GBytes   *devssh_forwarding_request_encode (const DevSshForwardingRequest *self);
void      devssh_forwarding_request_clear  (DevSshForwardingRequest  *self);
gboolean  devssh_forwarding_open_decode    (DevSshForwardingOpen     *self,
                                            GBytes                   *type_data,
                                            GError                  **error);
GBytes   *devssh_forwarding_open_encode    (const DevSshForwardingOpen *self);
void      devssh_forwarding_open_clear     (DevSshForwardingOpen     *self);
/* port stays as it is if the reply has none. */
gboolean  devssh_forwarding_reply_decode   (GBytes                   *reply,
                                            guint                    *port,
                                            GError                  **error);
GBytes   *devssh_forwarding_reply_encode   (guint                     port);
/* A host or address that may be shown and looked up; NULL and an error if it is none. */
char     *devssh_forwarding_dup_host       (GBytes                   *bytes,
                                            GError                  **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshForwardingRequest, devssh_forwarding_request_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshForwardingOpen, devssh_forwarding_open_clear)

G_END_DECLS
