/* SPDX-License-Identifier: MIT */
/* A client that watches a capture, over a WebSocket (/capture) or plain HTTP (/capture.pcapng): its
 * session's pieces go out straight from the stream buffer. */
#ifndef CAPTURE_VIEW_H
#define CAPTURE_VIEW_H

#include "service/capture/endpoints.h"
#include "service/capture/session.h"

#define VIEW_SEND_BYTES 524288 /* asked for, of the kernel's buffer of a viewer's socket */

struct conn;

/* What viewers need around them; borrowed for the life of each. */
struct view_env {
	struct session_env session;
	struct endpoints *endpoints;
};

/* Answer the request on @c. */
void view_websocket(struct conn *c, struct view_env *env);
void view_download(struct conn *c, struct view_env *env);

#endif
