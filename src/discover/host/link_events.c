/* SPDX-License-Identifier: MIT */
#include "discover/host/link_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* The kernel's largest message about a link; what is cut is unclear. */
#define DATAGRAM_MAX 32768

/* Take the one message of a datagram apart. Returns false when it does not matter. */
static bool parse(const struct nlmsghdr *h, struct link_event *ret)
{
	struct nl_attrs attrs;
	struct link link;
	struct addr addr;
	int rc = link_parse(h, &link, &ret->is_gone, &attrs);

	if (rc == 1) {
		ret->kind = LINK_EVENT_LINK;
		ret->link = netns_link_of(&link, &attrs);
	} else if (rc == 0) {
		rc = addr_parse(h, &addr, &ret->is_gone);
		ret->kind = LINK_EVENT_ADDR;
		if (rc == 1)
			ret->addr = netns_addr_of(&addr);
	}
	if (rc < 0)
		ret->kind = LINK_EVENT_UNCLEAR;
	/* other families tell about ports of bridges and the like */
	return rc != 0;
}

static bool take_apart(const uint8_t *p, size_t len_bytes, bool is_cut, struct link_event *ret)
{
	const struct nlmsghdr *h = (const void *) p;

	if (len_bytes < sizeof(*h))
		return false;
	ret->kind = LINK_EVENT_UNCLEAR;
	return is_cut || h->nlmsg_len > len_bytes || h->nlmsg_len < sizeof(*h) || parse(h, ret);
}

static int32_t nsid_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		int nsid;

		if (c->cmsg_level != SOL_NETLINK || c->cmsg_type != NETLINK_LISTEN_ALL_NSID ||
			c->cmsg_len != CMSG_LEN(sizeof(nsid)))
			continue;
		memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
		return nsid;
	}
	return LINK_EVENTS_OWN;
}

int link_events_read(int sock, link_event_fn *fn, void *ctx)
{
	for (int i = 0; i < LINK_EVENTS_BURST; i++) {
		struct sockaddr_nl from = {.nl_family = AF_UNSPEC};
		uint8_t buf[DATAGRAM_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
		uint8_t control[256] __attribute__((aligned(8)));
		struct link_event ev = {.kind = LINK_EVENT_UNCLEAR};
		struct iovec iov = {buf, sizeof(buf)};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (m.msg_namelen == sizeof(from) && from.nl_pid == 0 &&
			take_apart(buf, (size_t) n, m.msg_flags & MSG_TRUNC, &ev))
			fn(ctx, nsid_of(&m), &ev);
	}
	return 1;
}
