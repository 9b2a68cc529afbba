/* SPDX-License-Identifier: MIT */
/* The stream of one request, the same for WebSocket and plain HTTP: the session of one target as it
 * is, or a group of sessions in one section, with the limits of the request. */
#ifndef CAPTURE_STREAM_H
#define CAPTURE_STREAM_H

#include "service/capture/session.h"

#define STREAM_NAME_MAX 64 /* bytes of a name for files, NUL included */

struct stream;

/* Begin with the words of a request (borrowed only for this call). @send_bytes is what the kernel
 * may keep for the viewer's socket. @ops->wake(@ctx) is called, from the event loop, whenever
 * stream_next() has something new to say. Never fails but for memory (NULL): a refusal shows in
 * stream_next(). */
struct stream *stream_new(const struct session_env *env, const struct request_words *words,
	uint32_t send_bytes, const struct viewer_ops *ops, void *ctx);

/* As session_next() and session_sent(). */
int stream_next(struct stream *s, struct iovec *ret, int cap);
void stream_sent(struct stream *s, int n);

/* The client ends the stream itself. From now on stream_next() returns what was taken from captures
 * already, final statistics, and then -1. It does not wait. */
void stream_leave(struct stream *s);

/* Why it ended or was refused; borrowed. */
const struct refusal *stream_why(const struct stream *s);

/* Write the names of the targets into @ret, for file names, cut to fit; "" if there is none. */
void stream_name(const struct stream *s, char ret[STREAM_NAME_MAX]);

void stream_free(struct stream *s);

#endif
