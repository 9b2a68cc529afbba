/* SPDX-License-Identifier: MIT */
#include "netlink/nsid.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

int nsid_parse(const struct nlmsghdr *h, int32_t *ret_nsid)
{
	struct nl_attrs all;
	struct nl_attrs a;
	int type;

	if (h->nlmsg_type != RTM_NEWNSID)
		return 0;
	if (h->nlmsg_len < NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct rtgenmsg))))
		return -EBADMSG;
	all = nl_attrs_of(h, NLMSG_ALIGN(sizeof(struct rtgenmsg)));
	while ((type = nl_attr_next(&all, &a)) >= 0) {
		if (type != NETNSA_NSID || a.len_bytes != sizeof(int32_t))
			continue;
		*ret_nsid = (int32_t) nl_attr_u32(&a);
		return 1;
	}
	return -EBADMSG;
}

static int on_message(void *ctx, const struct nlmsghdr *h)
{
	return nsid_parse(h, ctx);
}

int nsid_ask(int sock, int ns_fd, int timeout_ms, int32_t *ret_nsid)
{
	const struct {
		struct nlmsghdr h;
		struct rtgenmsg info __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlattr attr __attribute__((aligned(NLMSG_ALIGNTO)));
		uint32_t fd;
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = RTM_GETNSID,
			.nlmsg_flags = NLM_F_REQUEST,
			.nlmsg_seq = 4},
		.info = {.rtgen_family = AF_UNSPEC},
		.attr = {.nla_len = NLA_HDRLEN + sizeof(uint32_t), .nla_type = NETNSA_FD},
		.fd = (uint32_t) ns_fd,
	};
	int32_t nsid = NSID_NONE;
	int rc = nl_dump(sock, &req.h, timeout_ms, on_message, &nsid);

	if (rc < 0)
		return rc;
	*ret_nsid = nsid;
	return 0;
}
