/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of the public types, so that a lower floor can speak of an upper one by name. */
#pragma once

#include <gio/gio.h>
#include <libdevssh/base/devssh-version-macros.h>

G_BEGIN_DECLS

typedef struct _DevSshQuestion          DevSshQuestion;
typedef struct _DevSshReader            DevSshReader;
typedef struct _DevSshWriter            DevSshWriter;
typedef struct _DevSshKeyPair           DevSshKeyPair;
typedef struct _DevSshVersion           DevSshVersion;
typedef struct _DevSshSessionMetrics    DevSshSessionMetrics;
typedef struct _DevSshAuthentication    DevSshAuthentication;
typedef struct _DevSshChannel           DevSshChannel;
typedef struct _DevSshChannelOpening    DevSshChannelOpening;
typedef struct _DevSshChannelRequest    DevSshChannelRequest;
typedef struct _DevSshSessionRequest    DevSshSessionRequest;
typedef struct _DevSshActivation        DevSshActivation;
typedef struct _DevSshService           DevSshService;
typedef struct _DevSshServiceInfo       DevSshServiceInfo;
typedef struct _DevSshPluginInfo        DevSshPluginInfo;
typedef struct _DevSshPluginRegistry    DevSshPluginRegistry;
typedef struct _DevSshPortForwarder     DevSshPortForwarder;
typedef struct _DevSshSessionConfig     DevSshSessionConfig;
typedef struct _DevSshClientCredentials DevSshClientCredentials;
typedef struct _DevSshServerCredentials DevSshServerCredentials;
typedef struct _DevSshSession           DevSshSession;
typedef struct _DevSshSessionContour    DevSshSessionContour;
typedef struct _DevSshClientSession     DevSshClientSession;
typedef struct _DevSshServerSession     DevSshServerSession;
typedef struct _DevSshReconnectableSessions DevSshReconnectableSessions;
typedef struct _DevSshChannelStream     DevSshChannelStream;
typedef struct _DevSshMultiChannelStream DevSshMultiChannelStream;
typedef struct _DevSshSecureStream      DevSshSecureStream;
typedef struct _DevSshClient            DevSshClient;
typedef struct _DevSshServer            DevSshServer;

G_END_DECLS
