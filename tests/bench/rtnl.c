/* SPDX-License-Identifier: MIT */
#include "rtnl.h"

#include <err.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr h;
	struct ifinfomsg i;
	char attributes[512];
};

int rtnl_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		err(1, "rtnetlink socket");
	return fd;
}

static struct request request(uint16_t type, uint16_t flags)
{
	return (struct request){
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			.nlmsg_type = type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags},
	};
}

static void *end_of(struct request *r)
{
	return (char *) r + NLMSG_ALIGN(r->h.nlmsg_len);
}

static struct rtattr *put(struct request *r, uint16_t type, const void *value, size_t len)
{
	struct rtattr *a = end_of(r);

	a->rta_type = type;
	a->rta_len = (uint16_t) RTA_LENGTH(len);
	if (len > 0)
		memcpy(RTA_DATA(a), value, len);
	r->h.nlmsg_len = NLMSG_ALIGN(r->h.nlmsg_len) + (uint32_t) RTA_ALIGN(a->rta_len);
	return a;
}

static void close_nest(struct request *r, struct rtattr *a)
{
	a->rta_len = (uint16_t) ((char *) end_of(r) - (char *) a);
}

static void talk(int sock, struct request *r, const char *what)
{
	union {
		struct nlmsghdr h;
		char buf[8192];
	} answer;
	const struct nlmsgerr *e = NLMSG_DATA(&answer.h);

	if (send(sock, r, r->h.nlmsg_len, 0) < 0 || recv(sock, &answer, sizeof(answer), 0) < 0)
		err(1, "rtnetlink");
	if (answer.h.nlmsg_type != NLMSG_ERROR || e->error != 0) {
		errno = -e->error;
		err(1, "link %s", what);
	}
}

uint32_t rtnl_add_bridge(int sock, const char *name)
{
	struct request r = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct rtattr *info;

	r.i.ifi_flags = r.i.ifi_change = IFF_UP;
	(void) put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	(void) put(&r, IFLA_INFO_KIND, "bridge", strlen("bridge"));
	close_nest(&r, info);
	talk(sock, &r, name);
	return if_nametoindex(name);
}

void rtnl_add_veth(int sock, const char *name, uint32_t bridge, const char *peer, pid_t pid)
{
	struct request r = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct rtattr *info, *data, *other;
	uint32_t id = (uint32_t) pid;

	r.i.ifi_flags = r.i.ifi_change = IFF_UP;
	(void) put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (bridge)
		(void) put(&r, IFLA_MASTER, &bridge, sizeof(bridge));
	info = put(&r, IFLA_LINKINFO, NULL, 0);
	(void) put(&r, IFLA_INFO_KIND, "veth", strlen("veth"));
	data = put(&r, IFLA_INFO_DATA, NULL, 0);
	other = put(&r, VETH_INFO_PEER, NULL, 0);
	memset(end_of(&r), 0, sizeof(struct ifinfomsg));
	r.h.nlmsg_len += (uint32_t) sizeof(struct ifinfomsg);
	(void) put(&r, IFLA_IFNAME, peer, strlen(peer) + 1);
	(void) put(&r, IFLA_NET_NS_PID, &id, sizeof(id));
	close_nest(&r, other);
	close_nest(&r, data);
	close_nest(&r, info);
	talk(sock, &r, name);
}

void rtnl_set_up(int sock, const char *name, int is_up)
{
	struct request r = request(RTM_NEWLINK, 0);

	r.i.ifi_flags = is_up ? IFF_UP : 0;
	r.i.ifi_change = IFF_UP;
	(void) put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	talk(sock, &r, name);
}
