/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service "command": options, and one entry for each channel that has asked for something. */
#pragma once

#include <libdevssh/devssh.h>

G_BEGIN_DECLS

#define DEVSSH_TYPE_COMMAND_SERVICE (devssh_command_service_get_type ())
G_DECLARE_FINAL_TYPE (DevSshCommandService, devssh_command_service, DEVSSH, COMMAND_SERVICE, DevSshService)

struct _DevSshCommandService
{
  DevSshService   parent_instance;

  char          **allowed_environment;
  char          **base_environment;      /* NULL: the least */
  char           *shell;
  char           *working_directory;     /* NULL: home */
  gboolean        allow_pty;
  guint           hangup_grace;          /* seconds */
  GHashTable     *subsystems;            /* (element-type utf8 GStrv) */

  GHashTable     *commands;              /* (element-type DevSshChannel DevSshCommand): until the channel closes */
};

/* ---- devssh-command-service.c ---- */
G_GNUC_PRINTF (2, 3)
void     devssh_command_service_trace   (DevSshCommandService *self,
                                         const char           *format,
                                         ...);

/* ---- devssh-command-requests.c ---- */

/* As the class's vfunc. */
gboolean devssh_command_channel_request (DevSshCommandService *service,
                                         DevSshChannelRequest *request);
/* The session ends: what runs is hung up. */
void     devssh_command_end_all         (DevSshCommandService *service);

G_END_DECLS
