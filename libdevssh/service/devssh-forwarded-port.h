/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One port that is forwarded, in either direction. */
#pragma once

#include <libdevssh/connection/devssh-channel.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_FORWARDED_PORT (devssh_forwarded_port_get_type ())

DEVSSH_AVAILABLE_IN_1_0
G_DECLARE_DERIVABLE_TYPE (DevSshForwardedPort, devssh_forwarded_port, DEVSSH, FORWARDED_PORT, GObject)

struct _DevSshForwardedPortClass
{
  GObjectClass parent_class;

  void (*close) (DevSshForwardedPort *self);

  /*< private >*/
  gpointer _reserved[8];
};

/* NULL: none */
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_forwarded_port_get_local_host     (DevSshForwardedPort *self);
/* 0: none */
DEVSSH_AVAILABLE_IN_1_0
guint       devssh_forwarded_port_get_local_port     (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
const char *devssh_forwarded_port_get_remote_host    (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
guint       devssh_forwarded_port_get_remote_port    (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean    devssh_forwarded_port_get_is_remote      (DevSshForwardedPort *self);   /* connections come in here and go to the remote side */
DEVSSH_AVAILABLE_IN_1_0
gboolean    devssh_forwarded_port_get_is_closed      (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
GListModel *devssh_forwarded_port_get_channels       (DevSshForwardedPort *self);   /* live ones; items DevSshChannel */
/* To the peer and from it, through all channels there have been */
DEVSSH_AVAILABLE_IN_1_0
guint64     devssh_forwarded_port_get_bytes_sent     (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
guint64     devssh_forwarded_port_get_bytes_received (DevSshForwardedPort *self);
/* What the peer's yes carried; NULL: it was not asked, or has said nothing */
DEVSSH_AVAILABLE_IN_1_0
GBytes     *devssh_forwarded_port_get_reply          (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
gboolean    devssh_forwarded_port_equal              (DevSshForwardedPort *self,
                                                      DevSshForwardedPort *other);
/* "L->R" local to remote, "L<-R" remote to local */
DEVSSH_AVAILABLE_IN_1_0
char       *devssh_forwarded_port_to_string          (DevSshForwardedPort *self);
DEVSSH_AVAILABLE_IN_1_0
void        devssh_forwarded_port_close              (DevSshForwardedPort *self);
/* For the service that made the port. */
DEVSSH_AVAILABLE_IN_1_0
void        devssh_forwarded_port_add_channel        (DevSshForwardedPort *self,
                                                      DevSshChannel       *channel);
DEVSSH_AVAILABLE_IN_1_0
void        devssh_forwarded_port_set_local          (DevSshForwardedPort *self,
                                                      const char          *local_host,
                                                      guint                local_port);
/* Signals: closed (); stream-opened (GIOStream) */

G_END_DECLS
