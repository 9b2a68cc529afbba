/* SPDX-License-Identifier: MIT */
/* Several sessions in one stream: each is a member, and a source of one merge stage. The stream
 * begins when every member that the request names has something to send; if one of them is refused,
 * so is the group. From then on members end one by one. */
#ifndef CAPTURE_GROUP_H
#define CAPTURE_GROUP_H

#include "service/admit/plan.h"
#include "service/capture/session.h"

struct group;
struct text;

/* Begin the sessions of @plan (borrowed only for this call). The other parameters are as for
 * session_new(). NULL without memory. */
struct group *group_new(const struct session_env *env, const struct plan *plan, uint32_t send_bytes,
	const struct viewer_ops *ops, void *ctx);

/* As session_next(), of the merged stream, with at most one piece; *ret_due_ns is when to call
 * again although nothing is ready, monotonic, INT64_MAX = not. */
int group_next(struct group *g, struct iovec *ret, int64_t *ret_due_ns);

/* The piece was handed to the transport. */
void group_sent(struct group *g);

/* End the stream because of @why. From now on group_next() returns what was taken from the
 * captures, the final statistics, and then -1. It does not wait. */
void group_leave(struct group *g, const char *why);

/* Why it ended or was refused; borrowed. */
const struct refusal *group_why(const struct group *g);

/* Append the labels of the members, with @separator between them. */
void group_labels(const struct group *g, const char *separator, struct text *ret);

void group_free(struct group *g);

#endif
