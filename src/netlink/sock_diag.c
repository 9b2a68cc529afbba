/* SPDX-License-Identifier: MIT */
#include "netlink/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/dump.h"

/* The kernel fills the socket while it is read, so this is for a kernel that is very busy. */
#define DUMP_TIMEOUT_MS 1000

struct walk {
	diag_fn fn;
	void *ctx;
};

int diag_parse(const struct nlmsghdr *h, struct diag_socket *ret)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	struct diag_socket s;
	size_t n;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) ||
		(m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
		return -EBADMSG;
	memset(&s, 0, sizeof(s));
	n = m->idiag_family == AF_INET ? 4 : 16;
	s.family = m->idiag_family;
	s.state = m->idiag_state;
	s.local_port = ntohs(m->id.idiag_sport);
	s.remote_port = ntohs(m->id.idiag_dport);
	memcpy(s.local, m->id.idiag_src, n);
	memcpy(s.remote, m->id.idiag_dst, n);
	s.inode = m->idiag_inode;
	*ret = s;
	return 0;
}

static int on_message(void *ctx, const struct nlmsghdr *h)
{
	const struct walk *w = ctx;
	struct diag_socket s;
	int rc;

	if (h->nlmsg_type != TCPDIAG_GETSOCK && h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return 0;
	rc = diag_parse(h, &s);
	return rc < 0 ? rc : w->fn(w->ctx, &s);
}

int diag_dump_tcp(int sock, uint32_t states, diag_fn fn, void *ctx)
{
	/* the older form of the request: the one that has both families in a single walk */
	struct {
		struct nlmsghdr h;
		struct inet_diag_req r;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = TCPDIAG_GETSOCK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = states},
		.r = {.idiag_states = states},
	};
	struct walk w = {fn, ctx};

	return nl_dump(sock, &req.h, DUMP_TIMEOUT_MS, on_message, &w);
}

int diag_dump_udp(int sock, uint8_t family, diag_fn fn, void *ctx)
{
	struct {
		struct nlmsghdr h;
		struct inet_diag_req_v2 r;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = family},
		.r = {.sdiag_family = family,
			.sdiag_protocol = IPPROTO_UDP,
			.idiag_states = UINT32_MAX},
	};
	struct walk w = {fn, ctx};

	return nl_dump(sock, &req.h, DUMP_TIMEOUT_MS, on_message, &w);
}
