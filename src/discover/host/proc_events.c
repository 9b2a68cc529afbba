/* SPDX-License-Identifier: MIT */
#include "discover/host/proc_events.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#define DATAGRAM_MAX 1024 /* one event is about a hundred bytes */

static void tell(proc_event_fn *fn, void *ctx, enum proc_event_kind kind, int32_t pid)
{
	if (pid > 0)
		fn(ctx, kind, pid);
}

static int take_event(const struct proc_event *e, proc_event_fn *fn, void *ctx)
{
	switch ((uint32_t) e->what) {
	case PROC_EVENT_NONE:
		if (e->event_data.ack.err != 0)
			return -EBADMSG;
		fn(ctx, PROC_EVENTS_READY, 0);
		return 0;
	case PROC_EVENT_FORK:
		if (e->event_data.fork.child_pid == e->event_data.fork.child_tgid)
			tell(fn, ctx, PROC_BEGAN, e->event_data.fork.child_tgid);
		return 0;
	case PROC_EVENT_EXEC:
		tell(fn, ctx, PROC_CHANGED, e->event_data.exec.process_tgid);
		return 0;
	case PROC_EVENT_COMM:
		if (e->event_data.comm.process_pid == e->event_data.comm.process_tgid)
			tell(fn, ctx, PROC_CHANGED, e->event_data.comm.process_tgid);
		return 0;
	case PROC_EVENT_EXIT:
		if (e->event_data.exit.process_pid == e->event_data.exit.process_tgid)
			tell(fn, ctx, PROC_ENDED, e->event_data.exit.process_tgid);
		return 0;
	default:
		return 0;
	}
}

int proc_events_parse(const uint8_t *p, size_t len_bytes, proc_event_fn *fn, void *ctx)
{
	struct proc_event e;
	struct nlmsghdr h;
	struct cn_msg c;
	size_t n;

	if (len_bytes < NLMSG_HDRLEN + sizeof(c))
		return -EBADMSG;
	memcpy(&h, p, sizeof(h));
	memcpy(&c, p + NLMSG_HDRLEN, sizeof(c));
	if (h.nlmsg_len > len_bytes || h.nlmsg_len < NLMSG_HDRLEN + sizeof(c) + c.len)
		return -EBADMSG;
	if (c.id.idx != CN_IDX_PROC || c.id.val != CN_VAL_PROC)
		return 0;
	/* kernels differ in how much of the union they send */
	n = c.len < sizeof(e) ? c.len : sizeof(e);
	if (n < offsetof(struct proc_event, event_data))
		return -EBADMSG;
	memset(&e, 0, sizeof(e));
	memcpy(&e, p + NLMSG_HDRLEN + sizeof(c), n);
	return take_event(&e, fn, ctx);
}

int proc_events_read(int sock, proc_event_fn *fn, void *ctx)
{
	for (int i = 0; i < PROC_EVENTS_BURST; i++) {
		struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
		socklen_t from_len = sizeof(from);
		uint8_t buf[DATAGRAM_MAX];
		ssize_t n = recvfrom(
			sock, buf, sizeof(buf), MSG_DONTWAIT, (struct sockaddr *) &from, &from_len);
		int rc;

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (from_len != sizeof(from) || from.nl_pid != 0)
			continue;
		rc = proc_events_parse(buf, (size_t) n, fn, ctx);
		if (rc < 0)
			return rc;
	}
	return 1;
}
