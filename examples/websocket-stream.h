/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket as a GIOStream. */
#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

#define WEBSOCKET_TYPE_STREAM (websocket_stream_get_type ())
G_DECLARE_FINAL_TYPE (WebsocketStream, websocket_stream, WEBSOCKET, STREAM, GIOStream)

GIOStream *websocket_stream_new (SoupWebsocketConnection *connection);

G_END_DECLS
