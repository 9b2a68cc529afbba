/* SPDX-License-Identifier: MIT */
#include "netlink/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define SOL_NETLINK_LEVEL 270 /* SOL_NETLINK, which older libc headers lack */
#define RECV_BYTES        65536

struct walk {
	link_fn fn;
	void *ctx;
};

/* Attributes are walked with the kernel's own macros (linux/rtnetlink.h), which check every length.
 */

static void copy_text(char *dst, size_t cap, const struct rtattr *a)
{
	size_t n = RTA_PAYLOAD(a);
	const char *s = RTA_DATA(a);

	n = strnlen(s, n);
	if (n >= cap)
		n = cap - 1;
	memcpy(dst, s, n);
	dst[n] = '\0';
}

static void put_info(const struct rtattr *info, struct link *l)
{
	int left = (int) RTA_PAYLOAD(info);

	for (const struct rtattr *a = RTA_DATA(info); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == IFLA_INFO_KIND)
			copy_text(l->kind, sizeof(l->kind), a);
	}
}

static void put_attr(const struct rtattr *a, struct link *l)
{
	size_t len = RTA_PAYLOAD(a);

	switch (a->rta_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		copy_text(l->name, sizeof(l->name), a);
		break;
	case IFLA_IFALIAS:
		copy_text(l->alias, sizeof(l->alias), a);
		break;
	case IFLA_OPERSTATE:
		if (len >= 1)
			l->operstate = *(const uint8_t *) RTA_DATA(a);
		break;
	case IFLA_ADDRESS:
		l->addr_len = (uint8_t) (len > LINK_ADDR_MAX ? LINK_ADDR_MAX : len);
		memcpy(l->addr, RTA_DATA(a), l->addr_len);
		break;
	case IFLA_LINKINFO:
		put_info(a, l);
		break;
	default:
		break;
	}
}

static int on_message(const struct nlmsghdr *h, const struct walk *w)
{
	const struct ifinfomsg *info;
	struct link l;
	int left;

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	info = NLMSG_DATA(h);
	/* bridge port events (AF_BRIDGE) describe the port, not the link */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	memset(&l, 0, sizeof(l));
	l.ifindex = (uint32_t) info->ifi_index;
	l.arphrd = info->ifi_type;
	l.flags = info->ifi_flags;
	left = (int) IFLA_PAYLOAD(h);
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left); a = RTA_NEXT(a, left))
		put_attr(a, &l);
	return w->fn(w->ctx, &l, h->nlmsg_type == RTM_DELLINK);
}

/* The messages of a dump that are not links. Returns 1 when @h was one of them, 0 if not, or the
 * negative errno the kernel answered with. */
static int on_control(const struct nlmsghdr *h, uint32_t seq, bool *ret_done)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);

	if (h->nlmsg_seq != seq)
		return 0;
	if (h->nlmsg_type == NLMSG_DONE) {
		*ret_done = true;
		return 1;
	}
	if (h->nlmsg_type != NLMSG_ERROR)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
		return -EBADMSG;
	return e->error < 0 ? e->error : 1;
}

/* One datagram of the kernel: a run of messages. */
static int on_datagram(
	const uint8_t *buf, size_t len, uint32_t seq, const struct walk *w, bool *ret_done)
{
	size_t at = 0;

	while (len - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *) (buf + at);
		int rc;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len - at)
			return -EBADMSG;
		rc = on_control(h, seq, ret_done);
		if (rc == 0)
			rc = on_message(h, w);
		if (rc < 0)
			return rc;
		at += NLMSG_ALIGN(h->nlmsg_len) < len - at ? NLMSG_ALIGN(h->nlmsg_len) : len - at;
	}
	return at == len ? 0 : -EBADMSG;
}

int link_dump_request(int sock, uint32_t seq)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = seq},
		.info = {.ifi_family = AF_UNSPEC},
	};

	return send(sock, &req, sizeof(req), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int link_receive(int sock, uint32_t seq, link_fn fn, void *ctx, bool *ret_done)
{
	uint8_t buf[RECV_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct walk w = {.fn = fn, .ctx = ctx};

	for (;;) {
		struct sockaddr_nl from;
		struct iovec iov = {.iov_base = buf, .iov_len = sizeof(buf)};
		struct msghdr mh = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1};
		ssize_t n = recvmsg(sock, &mh, MSG_DONTWAIT);
		int rc;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (mh.msg_flags & MSG_TRUNC)
			return -ENOBUFS;
		if (from.nl_pid != 0)
			continue; /* not from the kernel */
		rc = on_datagram(buf, (size_t) n, seq, &w, ret_done);
		if (rc < 0)
			return rc;
	}
}

int link_dump(int sock, int timeout_ms, link_fn fn, void *ctx)
{
	static const uint32_t seq = 1;
	int64_t end_ns = clock_mono_ns() + (int64_t) timeout_ms * 1000000;
	bool done = false;
	int rc = link_dump_request(sock, seq);

	while (rc == 0) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		int64_t left_ns = end_ns - clock_mono_ns();

		rc = link_receive(sock, seq, fn, ctx, &done);
		if (rc < 0 || done)
			break;
		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int) (left_ns / 1000000) + 1) < 0 && errno != EINTR)
			return -errno;
	}
	return rc;
}

int link_subscribe(int sock)
{
	int group = RTNLGRP_LINK;

	return setsockopt(sock, SOL_NETLINK_LEVEL, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
			       0
		       ? -errno
		       : 0;
}
