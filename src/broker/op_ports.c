/* SPDX-License-Identifier: MIT */
/* Operation: what tells of the ports of a network namespace, for discover: a NETLINK_SOCK_DIAG
 * socket inside it, and a copy of the rules in its tables named "nat".
 *
 * Why serving it is safe: a sock_diag socket lists sockets to anybody; to destroy one the kernel
 * wants CAP_NET_ADMIN of whoever sends, which discover lacks (measured) but where op_netlink.c
 * says. Rules the kernel shows only to a sender with that right, so discover gets no nftables
 * socket: the broker sends two fixed requests, in which not a byte comes from the peer, and hands
 * over the kernel's answer as it is, in sealed memory. Of that answer it looks at lengths and types
 * of messages alone, to find the end. Bytes and time are bounded. The namespace is named by inode
 * and the process that leads to it by pid and start time, both checked again here. */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"

#define RULES_MAX_BYTES (4 * 1048576)
#define RULES_MAX_NS    20000000 /* of work */
#define RECV_BYTES      65536

struct sockets {
	int diag, nft; /* owned, -1 = none */
};

/* Ask for all rules of the table "nat" of @family. */
static int ask(int sock, uint8_t family)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
		struct nlattr table;
		char name[4];
	} req = {
		.h = {.nlmsg_len = sizeof(req),
			.nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
			.nlmsg_seq = family},
		.g = {.nfgen_family = family, .version = NFNETLINK_V0},
		.table = {.nla_len = sizeof(req.table) + sizeof(req.name),
			.nla_type = NFTA_RULE_TABLE},
		.name = "nat",
	};

	return send(sock, &req, sizeof(req), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* The bytes of @buf in front of the message that ends a dump; *ret_end tells if there is one. */
static size_t before_end(const uint8_t *buf, size_t len, bool *ret_end)
{
	size_t at = 0;

	while (len - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *) (buf + at);
		size_t step = NLMSG_ALIGN((size_t) h->nlmsg_len);

		*ret_end = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR ||
			   h->nlmsg_len < sizeof(*h) || step > len - at;
		if (*ret_end)
			return at;
		at += step;
	}
	return at;
}

/* Time this process has worked: a limit in it does not depend on what else the machine does. */
static int64_t worked_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A copy in the making. */
struct copy {
	int memfd; /* owned */
	size_t len_bytes;
	int64_t end_ns; /* worked_ns() at which it is cut */
};

/* Append one answer. Returns 1 when it is complete, 0 when it had to be cut, or a negative errno.
 */
static int copy_answer(int sock, struct copy *c)
{
	uint8_t buf[RECV_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool end = false;

	while (!end && worked_ns() < c->end_ns) {
		/* the kernel fills the socket while it is read: there is nothing to wait for */
		ssize_t n = recv(sock, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		size_t len;

		if (n < 0)
			return -errno;
		if (n > (ssize_t) sizeof(buf))
			return -EMSGSIZE;
		len = before_end(buf, (size_t) n, &end);
		if (len > RULES_MAX_BYTES - c->len_bytes)
			return 0;
		if (len > 0 && write(c->memfd, buf, len) != (ssize_t) len)
			return -EIO;
		c->len_bytes += len;
	}
	return end;
}

/* Copy the rules of both families. Returns a sealed memfd, or a negative errno: -ENOENT if there
 * are no rules. */
static int copy_rules(int sock)
{
	AUTO_CLOSE int fd = memfd_create("packetflix-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
	struct copy c = {.memfd = fd, .end_ns = worked_ns() + RULES_MAX_NS};
	int rc = fd < 0 ? -errno : 1;

	for (size_t i = 0; i < ARRAY_LEN(families) && rc > 0; i++) {
		rc = ask(sock, families[i]);
		if (rc == 0)
			rc = copy_answer(sock, &c);
	}
	if (rc < 0)
		return rc;
	if (c.len_bytes == 0)
		return -ENOENT;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int make_sockets(
	const struct broker *b, const struct ns_ref *ref, struct sockets *ret, struct err *e)
{
	static const struct netns_socket diag = {AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG};
	static const struct netns_socket nft = {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER};
	struct netns ns = {-1, -1};
	int rc = netns_pin(b->procfd, ref, &ns, e);

	if (rc == 0)
		rc = ret->diag = netns_socket(&ns, b->own_ns_fd, &diag, e);
	/* without it there are no rules to be had */
	if (rc >= 0)
		ret->nft = netns_socket(&ns, b->own_ns_fd, &nft, NULL);
	netns_done(&ns);
	return rc < 0 ? rc : 0;
}

void op_ports_open(struct broker *b, uint32_t id, const struct ns_ref *ref)
{
	struct msg answer = {.op = MSG_PORTS_OPENED, .id = id};
	struct sockets s = {-1, -1};
	struct err e = {0, ""};
	int rc = make_sockets(b, ref, &s, &e);
	AUTO_CLOSE int rules = rc == 0 && s.nft >= 0 ? copy_rules(s.nft) : -1;
	int fds[2] = {s.diag, rules};

	answer.u.status.status = rc;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	/* as in op_netlink.c: a full queue is discover's own loss */
	(void) msg_send(b->discover.channel, &answer, fds, rc < 0 ? 0 : rules < 0 ? 1 : 2);
	close_p(&s.diag);
	close_p(&s.nft);
}
