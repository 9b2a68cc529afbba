/* SPDX-License-Identifier: MIT */
#include "discover/host/link_events.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* Only the beginning of a message matters here. */
#define DATAGRAM_MAX (NLMSG_HDRLEN + sizeof(struct ifinfomsg))

static bool matters(const uint8_t *p, size_t len_bytes)
{
	struct nlmsghdr h;
	struct ifinfomsg i;

	if (len_bytes < DATAGRAM_MAX)
		return false;
	memcpy(&h, p, sizeof(h));
	if (h.nlmsg_type == RTM_NEWADDR || h.nlmsg_type == RTM_DELADDR)
		return true;
	memcpy(&i, p + NLMSG_HDRLEN, sizeof(i));
	/* other families tell about ports of bridges and the like */
	return (h.nlmsg_type == RTM_NEWLINK || h.nlmsg_type == RTM_DELLINK) &&
	       i.ifi_family == AF_UNSPEC;
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
		uint8_t buf[DATAGRAM_MAX], control[256] __attribute__((aligned(8)));
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
		if (m.msg_namelen == sizeof(from) && from.nl_pid == 0 && matters(buf, (size_t) n))
			fn(ctx, nsid_of(&m));
	}
	return 1;
}
