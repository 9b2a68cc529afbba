/* SPDX-License-Identifier: MIT */
/* Operation: a netlink socket that tells discover of changes, so that it need not look all the
 * time.
 *
 * Why serving it is safe: of the two sockets each is complete when it is handed over, bound and
 * subscribed, in the network namespace of the host; the request chooses between them and holds
 * nothing else. The one for processes tells numbers of processes that began, executed a program,
 * changed their name or ended, which discover may read in /proc anyway; a filter in the kernel
 * leaves out threads and all other kinds of events. The one for links tells what discover may list
 * anyway, in the namespaces to which that one has given an id (rtnetlink(7)). What is sent
 * through either carries the rights of the sender, and discover has neither CAP_NET_ADMIN nor
 * CAP_NET_BROADCAST anywhere. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"

/* A burst of some thousand events waits for its reader. */
#define RECEIVE_BYTES (4 << 20)

/* Where in a datagram things are, and the filter machine's instructions; it reads big-endian
 * numbers. */
#define AT_WHAT     (NLMSG_HDRLEN + sizeof(struct cn_msg) + offsetof(struct proc_event, what))
#define AT_DATA     (NLMSG_HDRLEN + sizeof(struct cn_msg) + offsetof(struct proc_event, event_data))
#define LOAD(at)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define IF(v, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (v), (t), (f))
#define PASS        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX)
#define DROP        BPF_STMT(BPF_RET | BPF_K, 0)

/* Programs, names, ends and beginnings of processes, not of their other threads: thread and process
 * number are the same, or child's thread and child's process number. */
static int filter_processes(int sock)
{
	struct sock_filter code[] = {
		LOAD(AT_WHAT),
		IF(htonl(PROC_EVENT_NONE), 12, 0),
		IF(htonl(PROC_EVENT_FORK), 3, 0),
		IF(htonl(PROC_EVENT_EXEC), 6, 0),
		IF(htonl(PROC_EVENT_COMM), 5, 0),
		IF(htonl(PROC_EVENT_EXIT), 4, 9),
		/* of a fork */
		LOAD(AT_DATA + offsetof(struct fork_proc_event, child_pid)),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(AT_DATA + offsetof(struct fork_proc_event, child_tgid)),
		BPF_JUMP(BPF_JMP | BPF_JA, 3, 0, 0),
		/* of the others, whose members begin alike */
		LOAD(AT_DATA + offsetof(struct exec_proc_event, process_pid)),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(AT_DATA + offsetof(struct exec_proc_event, process_tgid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
		PASS,
		DROP,
	};
	const struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	return setsockopt(sock, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0
		       ? -errno
		       : 0;
}

/* From now on the kernel sends. It confirms with an event of kind "none", where it obeys: not to
 * those in PID namespaces other than its first. */
static int ask_for_processes(int sock)
{
	const uint32_t op = PROC_CN_MCAST_LISTEN;
	const struct cn_msg c = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(op)};
	uint8_t m[NLMSG_LENGTH(sizeof(c) + sizeof(op))];
	const struct nlmsghdr h = {.nlmsg_len = sizeof(m), .nlmsg_type = NLMSG_DONE};

	memcpy(m, &h, sizeof(h));
	memcpy(m + NLMSG_HDRLEN, &c, sizeof(c));
	memcpy(m + NLMSG_HDRLEN + sizeof(c), &op, sizeof(op));
	return send(sock, m, sizeof(m), 0) < 0 ? -errno : 0;
}

static int subscribe(int sock, uint32_t groups)
{
	const struct sockaddr_nl to = {.nl_family = AF_NETLINK, .nl_groups = groups};
	const int size = RECEIVE_BYTES;

	/* without CAP_NET_ADMIN the buffer is as large as net.core.rmem_max allows */
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0 &&
		(errno != EPERM ||
			setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) < 0))
		return -errno;
	return bind(sock, (const struct sockaddr *) &to, sizeof(to)) < 0 ? -errno : 0;
}

/* The network namespace of the host: that of process 1, or of the first kernel thread, which is
 * process 2 in the initial PID namespace. Some hosts protect process 1 even from root. Returns a
 * descriptor or a negative errno. */
static int open_host_netns(int procfd)
{
	int fd = openat(procfd, "1/ns/net", O_RDONLY | O_CLOEXEC);
	char exe[8];

	/* only kernel threads have no executable */
	if (fd < 0 && readlinkat(procfd, "2/exe", exe, sizeof(exe)) < 0 && errno == ENOENT)
		fd = openat(procfd, "2/ns/net", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Make a socket in the network namespace of the host, or in the own one where that cannot be
 * opened. The kernel reports process events in its initial network namespace alone, and events of
 * links in the namespaces that the socket's has ids for: a container engine gives the initial one
 * such ids, but not the namespace of a container or pod that packetflix runs in. */
static int make_socket(const struct broker *b, int type, int protocol)
{
	const struct netns_socket wanted = {AF_NETLINK, type, protocol};
	AUTO_CLOSE int first = open_host_netns(b->procfd);
	const struct netns ns = {.ns_fd = first < 0 ? b->own_ns_fd : first, .pidfd = -1};

	return netns_socket(&ns, b->own_ns_fd, &wanted, NULL);
}

static int open_processes(const struct broker *b)
{
	AUTO_CLOSE int sock = make_socket(b, SOCK_DGRAM, NETLINK_CONNECTOR);
	int rc;

	if (sock < 0)
		return sock;
	rc = filter_processes(sock);
	if (rc == 0)
		rc = subscribe(sock, CN_IDX_PROC);
	if (rc == 0)
		rc = ask_for_processes(sock);
	return rc < 0 ? rc : TAKE_FD(sock);
}

static int open_links(const struct broker *b)
{
	AUTO_CLOSE int sock = make_socket(b, SOCK_RAW, NETLINK_ROUTE);
	const int on = 1;
	int rc;

	if (sock < 0)
		return sock;
	if (setsockopt(sock, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) < 0)
		return -errno;
	rc = subscribe(sock, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
	return rc < 0 ? rc : TAKE_FD(sock);
}

void op_events_open(struct broker *b, uint32_t id, const struct msg_events_open *m)
{
	struct msg answer = {.op = MSG_EVENTS_OPENED, .id = id};
	AUTO_CLOSE int sock = m->source == EVENTS_PROCESSES ? open_processes(b) : open_links(b);

	if (sock < 0) {
		struct err e = ERR_NONE;

		answer.u.status.status = err_sys(&e, sock, "no events");
		(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
			MSG_TEXT_BYTES - 1, e.text);
	}
	/* a full queue means that discover does not read: it looks by itself then */
	(void) msg_send(b->discover.channel, &answer, &sock, sock < 0 ? 0 : 1);
}
