/* SPDX-License-Identifier: MIT */
#include "netlink/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SOL_NETLINK_LEVEL 270 /* SOL_NETLINK, which older libc headers lack */

struct walk {
	link_fn fn;
	void *ctx;
};

static void put_info(const struct nl_attrs *info, struct link *l)
{
	struct nl_attrs all = *info;
	struct nl_attrs a;
	int type;

	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (type == IFLA_INFO_KIND)
			nl_attr_text(&a, l->kind, sizeof(l->kind));
	}
}

static void put_attr(int type, const struct nl_attrs *a, struct link *l)
{
	switch (type) {
	case IFLA_IFNAME:
		nl_attr_text(a, l->name, sizeof(l->name));
		break;
	case IFLA_IFALIAS:
		nl_attr_text(a, l->alias, sizeof(l->alias));
		break;
	case IFLA_OPERSTATE:
		l->operstate = nl_attr_u8(a);
		break;
	case IFLA_ADDRESS:
		l->addr_len =
			(uint8_t) (a->len_bytes > LINK_ADDR_MAX ? LINK_ADDR_MAX : a->len_bytes);
		memcpy(l->addr, a->p, l->addr_len);
		break;
	case IFLA_LINKINFO:
		put_info(a, l);
		break;
	default:
		break;
	}
}

int link_parse(
	const struct nlmsghdr *h, struct link *ret, bool *ret_gone, struct nl_attrs *ret_attrs)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	struct link l;
	struct nl_attrs all;
	struct nl_attrs a;
	int type;

	if (h->nlmsg_type != RTM_NEWLINK && h->nlmsg_type != RTM_DELLINK)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return -EBADMSG;
	/* bridge port events (AF_BRIDGE) describe the port, not the link */
	if (info->ifi_family != AF_UNSPEC)
		return 0;
	memset(&l, 0, sizeof(l));
	l.ifindex = (uint32_t) info->ifi_index;
	l.arphrd = info->ifi_type;
	l.flags = info->ifi_flags;
	all = *ret_attrs = nl_attrs_of(h, sizeof(*info));
	while ((type = nl_attr_next(&all, &a)) >= 0)
		put_attr(type, &a, &l);
	*ret = l;
	*ret_gone = h->nlmsg_type == RTM_DELLINK;
	return 1;
}

static void add_altnames(const struct nl_attrs *list, char *ret, size_t cap_bytes)
{
	struct nl_attrs all = *list, a;
	int type;

	while ((type = nl_attr_next(&all, &a)) >= 0) {
		char name[LINK_ALTNAME_MAX];
		size_t len = strlen(ret), name_len;

		if (type != IFLA_ALT_IFNAME)
			continue;
		nl_attr_text(&a, name, sizeof(name));
		name_len = strlen(name);
		if (name_len > 0 && len + name_len + 2 <= cap_bytes)
			(void) snprintf(ret + len, cap_bytes - len, "%s ", name);
	}
}

void link_list_altnames(const struct nl_attrs *attrs, char *ret, size_t cap_bytes)
{
	struct nl_attrs all = *attrs, a;
	int type;

	ret[0] = '\0';
	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (type == IFLA_PROP_LIST)
			add_altnames(&a, ret, cap_bytes);
	}
}

static int on_message(void *ctx, const struct nlmsghdr *h)
{
	const struct walk *w = ctx;
	struct link l;
	struct nl_attrs attrs;
	bool gone;
	int rc = link_parse(h, &l, &gone, &attrs);

	return rc == 1 ? w->fn(w->ctx, &l, gone) : rc;
}

int link_receive(int sock, link_fn fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};

	return nl_receive(sock, on_message, &w);
}

int link_ask(int sock, int timeout_ms, nl_fn fn, void *ctx)
{
	const struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
		struct rtattr mask_attr;
		uint32_t mask;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = 1},
		.info = {.ifi_family = AF_UNSPEC},
		.mask_attr = {.rta_len = RTA_LENGTH(sizeof(req.mask)), .rta_type = IFLA_EXT_MASK},
		/* those of virtual functions: asking their driver takes time */
		.mask = RTEXT_FILTER_SKIP_STATS,
	};

	return nl_dump(sock, &req.h, timeout_ms, fn, ctx);
}

int link_dump(int sock, int timeout_ms, link_fn fn, void *ctx)
{
	struct walk w = {.fn = fn, .ctx = ctx};

	return link_ask(sock, timeout_ms, on_message, &w);
}

int link_subscribe(int sock)
{
	int group = RTNLGRP_LINK;

	return setsockopt(sock, SOL_NETLINK_LEVEL, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) <
			       0
		       ? -errno
		       : 0;
}
