/* SPDX-License-Identifier: MIT */
#include "broker/netns_id.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"

struct request {
	struct nlmsghdr h;
	struct rtgenmsg g;
	uint8_t pad[3];
	struct rtattr fd_attr;
	int32_t fd;
	struct rtattr id_attr; /* RTM_NEWNSID alone */
	int32_t id;
};

/* Ask, and receive the answer into @ret of @cap_bytes. Returns its length or a negative errno. */
static ssize_t talk(int sock, const struct request *r, void *ret, size_t cap_bytes)
{
	ssize_t n;

	if (send(sock, r, r->h.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(sock, ret, cap_bytes, 0);
	return n < 0 ? -errno : n;
}

static struct request request(uint16_t type, int ns_fd)
{
	return (struct request){.h = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST},
		.fd_attr = {.rta_len = RTA_LENGTH(sizeof(int32_t)), .rta_type = NETNSA_FD},
		.fd = ns_fd,
		.id_attr = {.rta_len = RTA_LENGTH(sizeof(int32_t)), .rta_type = NETNSA_NSID},
		.id = NETNSA_NSID_NOT_ASSIGNED};
}

static int32_t get_id(int sock, int ns_fd)
{
	struct request r = request(RTM_GETNSID, ns_fd);
	union {
		struct nlmsghdr h;
		uint8_t bytes[256];
	} answer = {.bytes = {0}};
	struct rtattr a;
	size_t at = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(struct rtgenmsg)));
	int32_t id;
	ssize_t n;

	r.h.nlmsg_len = offsetof(struct request, id_attr);
	n = talk(sock, &r, &answer, sizeof(answer));
	if (n < (ssize_t) (at + RTA_LENGTH(sizeof(id))) || answer.h.nlmsg_type != RTM_NEWNSID)
		return -1;
	memcpy(&a, answer.bytes + at, sizeof(a));
	if (a.rta_type != NETNSA_NSID || a.rta_len != RTA_LENGTH(sizeof(id)))
		return -1;
	memcpy(&id, answer.bytes + at + RTA_LENGTH(0), sizeof(id));
	return id < 0 ? -1 : id;
}

int32_t netns_id(int ns_fd)
{
	AUTO_CLOSE int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct request r = request(RTM_NEWNSID, ns_fd);
	uint8_t answer[256];
	int32_t id;

	if (sock < 0)
		return -1;
	id = get_id(sock, ns_fd);
	if (id >= 0)
		return id;
	r.h.nlmsg_flags |= NLM_F_ACK;
	r.h.nlmsg_len = sizeof(r);
	if (talk(sock, &r, answer, sizeof(answer)) < 0)
		return -1;
	return get_id(sock, ns_fd);
}
