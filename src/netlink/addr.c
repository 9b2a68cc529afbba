/* SPDX-License-Identifier: MIT */
#include "netlink/addr.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* What the attributes say before it is decided which address is the own one. */
struct seen {
	const uint8_t *local, *address;
};

static void put_attr(
	int type, const struct nl_attrs *a, size_t addr_len, struct seen *s, struct addr *r)
{
	struct ifa_cacheinfo info;

	if (type == IFA_LOCAL && a->len_bytes == addr_len)
		s->local = a->p;
	else if (type == IFA_ADDRESS && a->len_bytes == addr_len)
		s->address = a->p;
	else if (type == IFA_CACHEINFO && a->len_bytes >= sizeof(info)) {
		memcpy(&info, a->p, sizeof(info));
		r->preferred_s = info.ifa_prefered;
		r->valid_s = info.ifa_valid;
	}
}

int addr_parse(const struct nlmsghdr *h, struct addr *ret, bool *ret_gone)
{
	const struct ifaddrmsg *info = NLMSG_DATA(h);
	struct addr r = {.preferred_s = ADDR_FOREVER, .valid_s = ADDR_FOREVER};
	struct seen s = {NULL, NULL};
	struct nl_attrs all;
	struct nl_attrs a;
	int type;
	size_t len;

	if (h->nlmsg_type != RTM_NEWADDR && h->nlmsg_type != RTM_DELADDR)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	if (info->ifa_family != AF_INET && info->ifa_family != AF_INET6)
		return 0;
	len = info->ifa_family == AF_INET ? 4 : 16;
	all = nl_attrs_of(h, sizeof(*info));
	while ((type = nl_attr_next(&all, &a)) >= 0)
		put_attr(type, &a, len, &s, &r);
	if (!s.local && !s.address)
		return -EBADMSG;
	r.ifindex = info->ifa_index;
	r.family = info->ifa_family;
	r.scope = info->ifa_scope;
	r.prefixlen = info->ifa_prefixlen;
	memcpy(r.bytes, s.local ? s.local : s.address, len);
	/* the prefix then belongs to the other end */
	if (len == 4 && s.local && s.address && memcmp(s.local, s.address, len) != 0)
		r.prefixlen = 32;
	*ret = r;
	*ret_gone = h->nlmsg_type == RTM_DELADDR;
	return 1;
}

int addr_ask(int sock, int timeout_ms, nl_fn fn, void *ctx)
{
	const struct {
		struct nlmsghdr h;
		struct ifaddrmsg info;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETADDR,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 2},
		.info = {.ifa_family = AF_UNSPEC},
	};

	return nl_dump(sock, &req.h, timeout_ms, fn, ctx);
}
