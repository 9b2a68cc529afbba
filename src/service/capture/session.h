/* SPDX-License-Identifier: MIT */
/* One request for a capture, from its words to the end of its stream, the same for WebSocket and
 * plain HTTP: wait for a catalog that can decide, resolve, compile, join, stream. This is the one
 * place where admission, catalog and hub meet. */
#ifndef CAPTURE_SESSION_H
#define CAPTURE_SESSION_H

#include <stdbool.h>

#include "service/admit/request.h"
#include "service/capture/shb.h"
#include "service/catalog/catalog_client.h"
#include "service/hub/hub.h"

struct iovec;
struct proxy_env;
struct session;

/* What sessions need around them; borrowed for the life of each session. */
struct session_env {
	struct shb_machine machine;
	struct catalog_client *catalog;
	struct hub *hub;
	/* names are resolved by its other discovery service; NULL: by ours */
	struct proxy_env *proxying;
	uint64_t *n_refused; /* counts captures that were refused; NULL = not counted */
};

/* Begin with the words of a request (borrowed only for this call). @send_bytes is what the kernel
 * may keep for the viewer's socket. @ops->wake(@ctx) is called, from the event loop, whenever
 * session_next() has something new to say. Never fails but for memory (NULL): a refusal shows in
 * session_next(). */
struct session *session_new(const struct session_env *env, const struct request_words *words,
	uint32_t send_bytes, const struct viewer_ops *ops, void *ctx);

/* Put up to @cap pieces that come next into @ret, each with whole blocks; they stay in place until
 * the event loop goes on. Returns how many, 0 when there is none now, or -1 at the end, with
 * session_why(). */
int session_next(struct session *s, struct iovec *ret, int cap);

/* The first @n of these pieces were handed to the transport. */
void session_sent(struct session *s, int n);

/* The client ends the capture itself. From now on session_next() returns the final statistics of
 * what was sent, if anything was, and then -1. It does not wait. */
void session_leave(struct session *s);

/* Why it ended or was refused; borrowed. */
const struct refusal *session_why(const struct session *s);

/* A short name of the target for file names; borrowed, "" if there is none. */
const char *session_target(const struct session *s);

void session_free(struct session *s);

#endif
