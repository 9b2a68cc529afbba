/* SPDX-License-Identifier: MIT */
/* What the kernel tells about processes on a socket that the broker has made (broker/op_events.c):
 * the process events connector, linux/cn_proc.h. Threads other than the first are not told of. */
#ifndef DISCOVER_PROC_EVENTS_H
#define DISCOVER_PROC_EVENTS_H

#include <stddef.h>
#include <stdint.h>

enum proc_event_kind {
	PROC_EVENTS_READY = 1, /* the kernel has begun to tell; pid is 0 */
	PROC_BEGAN,
	PROC_CHANGED, /* it executed a program, or changed its name */
	PROC_ENDED,   /* its first thread did: it is a zombie, or gone */
};

typedef void proc_event_fn(void *ctx, enum proc_event_kind kind, int32_t pid);

/* Call @fn for what the datagram @p of @len_bytes tells; kinds that do not matter are passed over.
 * Returns 0, or -EBADMSG for what the kernel would not have sent, or if it refuses to tell. */
int proc_events_parse(const uint8_t *p, size_t len_bytes, proc_event_fn *fn, void *ctx);

/* Read everything that waits on @sock, but for not more than PROC_EVENTS_BURST datagrams.
 * Datagrams that do not come from the kernel are dropped. Returns 0 when nothing is left, 1 when
 * there may be more, -ENOBUFS when events were lost, or another negative errno when the socket is
 * of no use any more. */
#define PROC_EVENTS_BURST 65536
int proc_events_read(int sock, proc_event_fn *fn, void *ctx);

#endif
