/* SPDX-License-Identifier: MIT */
#include "netlink/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

static size_t address_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static void put_hop(const uint8_t *p, size_t len_bytes, uint8_t family, struct route *r)
{
	if ((family != AF_INET && family != AF_INET6) || len_bytes != address_len(family))
		return;
	r->hop_family = family;
	memcpy(r->hop, p, len_bytes);
}

static void put_attr(int type, const struct nl_attrs *a, struct route *r)
{
	uint16_t family;

	switch (type) {
	case RTA_DST:
		if (a->len_bytes == address_len(r->family))
			memcpy(r->dst, a->p, a->len_bytes);
		break;
	case RTA_OIF:
		r->ifindex = nl_attr_u32(a);
		break;
	case RTA_PRIORITY:
		r->priority = nl_attr_u32(a);
		break;
	case RTA_TABLE:
		r->table = nl_attr_u32(a);
		break;
	case RTA_GATEWAY:
		put_hop(a->p, a->len_bytes, r->family, r);
		break;
	case RTA_VIA: /* struct rtvia: a next hop of another family */
		family = nl_attr_u16(a);
		if (a->len_bytes > sizeof(family) && family <= UINT8_MAX)
			put_hop(a->p + sizeof(family), a->len_bytes - sizeof(family),
				(uint8_t) family, r);
		break;
	default:
		break;
	}
}

int route_parse(const struct nlmsghdr *h, struct route *ret)
{
	const struct rtmsg *info = NLMSG_DATA(h);
	struct route r = {0};
	struct nl_attrs all;
	struct nl_attrs a;
	int type;

	if (h->nlmsg_type != RTM_NEWROUTE)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	if ((info->rtm_family != AF_INET && info->rtm_family != AF_INET6) ||
		(info->rtm_flags & RTM_F_CLONED))
		return 0;
	r.family = info->rtm_family;
	r.type = info->rtm_type;
	r.dst_prefixlen = info->rtm_dst_len;
	r.table = info->rtm_table;
	all = nl_attrs_of(h, sizeof(*info));
	while ((type = nl_attr_next(&all, &a)) >= 0)
		put_attr(type, &a, &r);
	*ret = r;
	return 1;
}

int route_ask(int sock, uint8_t family, int timeout_ms, nl_fn fn, void *ctx)
{
	const struct {
		struct nlmsghdr h;
		struct rtmsg info;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETROUTE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 3},
		.info = {.rtm_family = family},
	};

	return nl_dump(sock, &req.h, timeout_ms, fn, ctx);
}
