/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one public umbrella: programs include <libdevssh/devssh.h> and nothing else. */
#pragma once

#define DEVSSH_INSIDE

#include <libdevssh/base/devssh-types.h>
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/base/devssh-question.h>
#include <libdevssh/base/devssh-trace.h>
#include <libdevssh/wire/devssh-numbers.h>
#include <libdevssh/wire/devssh-reader.h>
#include <libdevssh/wire/devssh-writer.h>
#include <libdevssh/crypto/devssh-key-pair.h>
#include <libdevssh/keys/devssh-key-file.h>
#include <libdevssh/keys/devssh-key-format.h>
#include <libdevssh/keys/devssh-known-hosts-entry.h>
#include <libdevssh/keys/devssh-known-hosts.h>
#include <libdevssh/transport/devssh-version.h>
#include <libdevssh/transport/devssh-metrics.h>
#include <libdevssh/auth/devssh-authentication.h>
#include <libdevssh/connection/devssh-channel.h>
#include <libdevssh/connection/devssh-channel-opening.h>
#include <libdevssh/connection/devssh-channel-request.h>
#include <libdevssh/connection/devssh-session-request.h>
#include <libdevssh/service/devssh-activation.h>
#include <libdevssh/service/devssh-service.h>
#include <libdevssh/service/devssh-plugin.h>
#include <libdevssh/service/devssh-command-runner.h>
#include <libdevssh/service/devssh-port-forward-message.h>
#include <libdevssh/service/devssh-service-info.h>
#include <libdevssh/service/devssh-plugin-info.h>
#include <libdevssh/service/devssh-plugin-registry.h>
#include <libdevssh/service/devssh-port-forwarder.h>
#include <libdevssh/session/devssh-session-config.h>
#include <libdevssh/session/devssh-credential-request.h>
#include <libdevssh/session/devssh-client-credentials.h>
#include <libdevssh/session/devssh-server-credentials.h>
#include <libdevssh/session/devssh-session.h>
#include <libdevssh/session/devssh-session-forwarding.h>
#include <libdevssh/session/devssh-client-session.h>
#include <libdevssh/session/devssh-reconnectable-sessions.h>
#include <libdevssh/session/devssh-server-session.h>
#include <libdevssh/session/devssh-host-key-question.h>
#include <libdevssh/session/devssh-host-key-verifier.h>
#include <libdevssh/session/devssh-session-contour.h>
#include <libdevssh/session/devssh-splice.h>
#include <libdevssh/session/devssh-pipe.h>
#include <libdevssh/stream/devssh-channel-stream.h>
#include <libdevssh/stream/devssh-multi-channel-stream.h>
#include <libdevssh/stream/devssh-secure-stream.h>
#include <libdevssh/net/devssh-client.h>
#include <libdevssh/net/devssh-port-forwarder-factories.h>
#include <libdevssh/net/devssh-server.h>

#undef DEVSSH_INSIDE
