/* SPDX-License-Identifier: MIT */
/* The capture of one target, from the words of the request to the end of its stream: wait for a
 * catalog that can decide, resolve, compile, join, stream. This is the one place where admission,
 * catalog and hub meet. */
#ifndef CAPTURE_SESSION_H
#define CAPTURE_SESSION_H

#include <stdbool.h>

#include "service/admit/request.h"
#include "service/capture/shb.h"
#include "service/catalog/catalog_client.h"
#include "service/compile/compiler.h"
#include "service/hub/hub.h"

struct iovec;
struct proxy_env;
struct session;

/* What sessions need around them; borrowed for the life of each session. */
struct session_env {
	struct loop *loop;
	struct shb_machine machine;
	struct catalog_client *catalog;
	struct compilers *compilers;
	struct hub *hub;
	/* names are resolved by its other discovery service; NULL: by ours */
	struct proxy_env *proxying;
	uint64_t *n_refused; /* counts captures that were refused; NULL = not counted */
	uint64_t *n_late;    /* counts packets out of order in streams of several targets */
	size_t max_targets;  /* of one stream */
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

/* The viewer ends the capture itself, because of @why. From now on session_next() returns the final
 * statistics of what was sent, if anything was, and then -1. It does not wait. */
void session_leave(struct session *s, const char *why);

/* Why it ended or was refused; borrowed. */
const struct refusal *session_why(const struct session *s);

/* What the client asked for; borrowed. Once session_next() has returned a piece, its target is as
 * the catalog lists it. An empty one when the request was refused. */
const struct request *session_request(const struct session *s);

/* The capture that is watched; NULL before joining one and after the end. Borrowed until the event
 * loop goes on. */
const struct capture *session_capture(const struct session *s);

/* Why the capture has ended, when the newest piece of session_next() has its final statistics, and
 * session_leave() was not called; else NULL. Borrowed. */
const char *session_final_words(const struct session *s);

void session_free(struct session *s);

#endif
