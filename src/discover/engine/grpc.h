/* SPDX-License-Identifier: MIT */
/* gRPC calls to an engine over its unix socket, any number at once, without waiting. */
#ifndef DISCOVER_GRPC_H
#define DISCOVER_GRPC_H

#include "discover/engine/grpc_session.h"
#include "loop/loop.h"

/* Bytes a second that the other side may send while only calls without a time limit are under way:
 * who announces more than that is not listened to. */
#define GRPC_UNASKED_MAX (1 << 20)

struct grpc; /* one connection */

/* Connect to the socket of which @socket_fd is an O_PATH descriptor; it is not needed afterwards.
 * Returns NULL when nobody listens, too many wait there already, or there is no memory. */
struct grpc *grpc_open(struct loop *loop, int socket_fd);

/* Close the connection; calls are forgotten. NULL is fine. Allowed in a @done_fn. */
void grpc_close(struct grpc *g);

/* Begin a call. On a broken connection it ends with -EIO. Its functions are never called from
 * inside grpc_start() or grpc_cancel(). Returns NULL without memory. */
struct grpc_call *grpc_start(struct grpc *g, const struct grpc_ask *ask);

/* Forget a call without its @done_fn. NULL is fine. */
void grpc_cancel(struct grpc *g, struct grpc_call *c);

/* True when the connection has ended. */
bool grpc_is_broken(const struct grpc *g);

#endif
