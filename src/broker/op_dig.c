/* SPDX-License-Identifier: MIT */
/* Operation: digging in a container's network namespace, for the service.
 *
 * Why serving it is safe: the service gets one end of a socket, never a socket of the namespace.
 * Those go to a process that can do nothing else: DIG_RESOLVERS TCP sockets, whose only peer,
 * 127.0.0.11:53, is chosen here and cannot be changed there, and a socket for ICMP echo of each
 * family. Where the namespace allows it to our group (net.ipv4.ping_group_range, as Docker sets
 * it), these are "ping" sockets, with which the kernel sends echo requests and nothing else; else
 * raw ones, which hear echo replies alone, but could send other ICMP messages, of the container's
 * own address. So whoever takes the service over can look up names at the container's resolver and
 * ping from its namespace, for names and addresses of the neighbours that discover told of, or any
 * other. Not a byte of a name is read here. The namespace is named by inode and the process that
 * leads to it by pid and start time, both checked again. The number of digs is bounded; one is
 * killed when the service says so, or ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/capability.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"
#include "broker/spawn.h"
#include "proto/dig.h"
#include "proto/fdpass.h"

#define RESOLVER_ADDRESS 0x7f00000b /* 127.0.0.11: where Docker's resolver answers */
#define RESOLVER_PORT    53
#define NAMES_BYTES      (2 * DIG_NAMES_MAX * DIG_NAME_MAX) /* all names wait in the socket */

/* Everything a dig is born with, in its places; all owned but the last, the empty root. */
struct parts {
	int fds[DIG_FD_END - DIG_FD_RESOLVER];
	int control_service;
};

static int *part(struct parts *p, enum dig_fd fd)
{
	return &p->fds[fd - DIG_FD_RESOLVER];
}

static void parts_init(struct parts *p)
{
	for (size_t i = 0; i < ARRAY_LEN(p->fds); i++)
		p->fds[i] = -1;
	p->control_service = -1;
}

static void parts_done(struct parts *p)
{
	*part(p, DIG_FD_ROOT) = -1; /* the broker's */
	for (size_t i = 0; i < ARRAY_LEN(p->fds); i++)
		close_p(&p->fds[i]);
	close_p(&p->control_service);
}

/* A connection may still be refused later: dig finds out. */
static int make_resolver(const struct broker *b, const struct netns *ns, int *ret, struct err *e)
{
	static const struct netns_socket tcp = {AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0};
	const struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(RESOLVER_PORT),
		.sin_addr.s_addr = htonl(RESOLVER_ADDRESS)};
	int rc = netns_socket(ns, b->own_ns_fd, &tcp, e);

	if (rc < 0)
		return rc;
	*ret = rc;
	/* the socket stays in its namespace, wherever we are */
	if (connect(*ret, (const struct sockaddr *) &to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return err_sys(e, -errno, "cannot connect to the resolver");
	return 0;
}

/* Let a raw socket hear echo replies alone. */
static int filter_icmp(int sock, int family)
{
	struct icmp_filter f4 = {~(1U << ICMP_ECHOREPLY)};
	struct icmp6_filter f6;

	if (family == AF_INET)
		return setsockopt(sock, SOL_RAW, ICMP_FILTER, &f4, sizeof(f4));
	ICMP6_FILTER_SETBLOCKALL(&f6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &f6);
	return setsockopt(sock, IPPROTO_ICMPV6, ICMP6_FILTER, &f6, sizeof(f6));
}

static int make_icmp(const struct broker *b, const struct netns *ns, int family, struct err *e)
{
	int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	const struct netns_socket ping = {family, SOCK_DGRAM | SOCK_NONBLOCK, protocol};
	const struct netns_socket raw = {family, SOCK_RAW | SOCK_NONBLOCK, protocol};
	AUTO_CLOSE int sock = netns_socket(ns, b->own_ns_fd, &ping, NULL);

	if (sock >= 0)
		return TAKE_FD(sock);
	sock = netns_socket(ns, b->own_ns_fd, &raw, e);
	if (sock < 0)
		return sock;
	if (filter_icmp(sock, family) < 0)
		return err_sys(e, -errno, "cannot filter an ICMP socket");
	return TAKE_FD(sock);
}

static int make_sockets(
	const struct broker *b, const struct netns *ns, struct parts *p, struct err *e)
{
	int rc = 0, six;

	for (int i = 0; i < DIG_RESOLVERS && rc == 0; i++)
		rc = make_resolver(b, ns, &p->fds[i], e);
	if (rc < 0)
		return rc;
	rc = make_icmp(b, ns, AF_INET, e);
	if (rc < 0)
		return rc;
	*part(p, DIG_FD_ICMP) = rc;
	six = make_icmp(b, ns, AF_INET6, NULL);
	*part(p, DIG_FD_ICMP6) = six < 0 ? fcntl(rc, F_DUPFD_CLOEXEC, 0) : six;
	return *part(p, DIG_FD_ICMP6) < 0 ? err_sys(e, -errno, "cannot make a socket") : 0;
}

static int make_control(struct parts *p, struct err *e)
{
	int pair[2] = {-1, -1}, size = NAMES_BYTES;
	int rc = fdpass_pair(pair);

	if (rc < 0)
		return err_sys(e, rc, "cannot make a control socket");
	*part(p, DIG_FD_CONTROL) = pair[0];
	p->control_service = pair[1];
	/* without CAP_NET_ADMIN the usual size has to do */
	(void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return 0;
}

static pid_t start_dig(const struct broker *b, const struct parts *p, struct err *e)
{
	char name[] = "packetflix-dig";
	char user[SANDBOX_IDS_MAX];
	char *argv[] = {name, user, NULL};
	struct spawn s = {
		.program = name,
		.argv = argv,
		.fds = p->fds,
		.n_fds = ARRAY_LEN(p->fds),
		/* to give up its root directory and its user */
		.caps = 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
			1ULL << CAP_SETPCAP,
	};

	_Static_assert(DIG_FD_RESOLVER == SPAWN_FIRST_FD, "in their places");
	sandbox_ids_format(&b->users.dig, user);
	return spawn_program(&s, e);
}

static int open_dig(
	struct broker *b, uint32_t id, const struct ns_ref *ref, struct parts *p, struct err *e)
{
	struct netns ns = {-1, -1};
	int rc = workers_admit(&b->digs, id);
	pid_t pid;

	if (rc < 0)
		return err_sys(e, rc, "there are %zu digs already", b->digs.n);
	rc = netns_pin(b->procfd, ref, &ns, e);
	if (rc == 0)
		rc = make_sockets(b, &ns, p, e);
	netns_done(&ns);
	if (rc == 0)
		rc = make_control(p, e);
	if (rc < 0)
		return rc;
	*part(p, DIG_FD_ROOT) = b->empty_root_fd;
	pid = start_dig(b, p, e);
	if (pid < 0)
		return pid;
	workers_add(&b->digs, id, pid);
	return 0;
}

void op_dig_open(struct broker *b, uint32_t id, const struct ns_ref *ref)
{
	struct msg answer = {.op = MSG_DIG_OPENED, .id = id};
	struct err e = {0, ""};
	struct parts p;
	int rc;

	parts_init(&p);
	rc = open_dig(b, id, ref, &p, &e);
	answer.u.status.status = rc;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	if (msg_send(b->service.channel, &answer, &p.control_service, rc < 0 ? 0 : 1) < 0 &&
		rc == 0)
		workers_kill(&b->digs, id);
	parts_done(&p);
}
