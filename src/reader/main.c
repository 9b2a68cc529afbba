/* SPDX-License-Identifier: MIT */
/* packetflix-reader: copies packets from one kernel ring into one stream buffer. It is born with
 * all its descriptors (proto/reader_fds.h), and this file is the story of how it loses every right.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/log.h"
#include "base/own.h"
#include "netlink/link.h"
#include "proto/bounds.h"
#include "proto/reader_fds.h"
#include "reader/bell.h"
#include "reader/capture.h"
#include "reader/chunking.h"
#include "sandbox/roles.h"

#define LINKS_TIMEOUT_MS 5000

struct arguments {
	size_t ring_bytes;
	uint32_t latency_ms;
	struct sandbox_ids ids;
};

static int parse(int argc, char **argv, struct arguments *ret, struct err *e)
{
	char *end1 = NULL, *end2 = NULL;
	unsigned long ring, latency;

	if (argc != 4)
		return err_set(e, -EINVAL, "is started by packetflix, not by hand");
	errno = 0;
	ring = strtoul(argv[1], &end1, 10);
	latency = strtoul(argv[2], &end2, 10);
	if (errno || *end1 || *end2 || latency == 0 || latency > BOUND_LATENCY_MAX_MS)
		return err_set(e, -EINVAL, "bad arguments");
	*ret = (struct arguments){.ring_bytes = ring, .latency_ms = (uint32_t) latency};
	if (sandbox_ids_parse(argv[3], &ret->ids) < 0)
		return err_set(e, -EINVAL, "bad arguments");
	return 0;
}

static bool is_socket(int fd, int family, int type)
{
	int f = -1, t = -1;
	socklen_t len = sizeof(f);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &f, &len) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &t, &len) == 0 && f == family && t == type;
}

/* Ask each descriptor what it is before anything relies on it. */
static int check_descriptors(struct err *e)
{
	if (!is_socket(READER_FD_PACKET, AF_PACKET, SOCK_RAW) ||
		!is_socket(READER_FD_BELL, AF_PACKET, SOCK_RAW) ||
		!is_socket(READER_FD_SPARE1, AF_PACKET, SOCK_RAW) ||
		!is_socket(READER_FD_SPARE2, AF_PACKET, SOCK_RAW) ||
		!is_socket(READER_FD_NETLINK, AF_NETLINK, SOCK_RAW) ||
		!is_socket(READER_FD_CONTROL, AF_UNIX, SOCK_SEQPACKET))
		return err_set(e, -ENOTSOCK, "was given other descriptors than it needs");
	return 0;
}

static int map_stream(struct chunk_writer *w, struct err *e)
{
	struct stat st;
	void *map;
	int seals = fcntl(READER_FD_STREAM, F_GET_SEALS);

	if (fstat(READER_FD_STREAM, &st) < 0 || st.st_size <= 0)
		return err_set(e, -EBADF, "was given no stream buffer");
	if (seals < 0 || (seals & (F_SEAL_SHRINK | F_SEAL_GROW)) != (F_SEAL_SHRINK | F_SEAL_GROW))
		return err_set(e, -EPERM, "the size of the stream buffer is not sealed");
	map = mmap(
		NULL, (size_t) st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, READER_FD_STREAM, 0);
	if (map == MAP_FAILED)
		return err_sys(e, -errno, "cannot map the stream buffer");
	if (chunk_writer_init(w, map, (size_t) st.st_size) < 0)
		return err_set(e, -EINVAL, "the stream buffer has an impossible size");
	return 0;
}

static int keep_link(void *ctx, const struct link *link, bool gone)
{
	struct capture *c = ctx;

	if (gone)
		interfaces_remove(&c->ifs, link->ifindex);
	else
		(void) interfaces_update(
			&c->ifs, link); /* those that do not fit share an interface */
	return 0;
}

/* The last time anything is sent: the question for the list of links. Events that come while the
 * answer is read are part of it. */
static int list_links(struct capture *c, struct err *e)
{
	int rc = link_subscribe(READER_FD_NETLINK);

	if (rc == 0)
		rc = link_dump(READER_FD_NETLINK, LINKS_TIMEOUT_MS, keep_link, c);
	return rc < 0 ? err_sys(e, rc, "cannot list the network interfaces") : 0;
}

static int make_ring(const struct arguments *a, struct capture *c, struct err *e)
{
	c->is_paced = a->latency_ms >= PACE_FROM_MS && ring_can_settle();
	if (c->is_paced)
		bell_init(READER_FD_BELL);
	return ring_init(&c->ring, READER_FD_PACKET, a->ring_bytes,
		c->is_paced ? PACKET_RING_SLOW_MS : a->latency_ms, e);
}

static int prepare(const struct arguments *a, struct capture *c, struct err *e)
{
	struct seccomp_reader_fds fds = {.packet = READER_FD_PACKET,
		.bell = READER_FD_BELL,
		.spare = {READER_FD_SPARE1, READER_FD_SPARE2},
		.event = READER_FD_EVENT};
	const struct role_place place = {READER_FD_ROOT, READER_FD_END, a->ids};
	int rc = role_enter_reader(&place, e);

	if (rc == 0)
		rc = check_descriptors(e);
	if (rc == 0)
		rc = map_stream(&c->out, e);
	if (rc == 0)
		rc = list_links(c, e);
	if (rc == 0)
		rc = make_ring(a, c, e);
	if (rc == 0)
		rc = seccomp_reader(&fds, e);
	return rc;
}

int main(int argc, char **argv)
{
	struct capture c = {
		.fds = {.packet = READER_FD_PACKET,
			.netlink = READER_FD_NETLINK,
			.bell = READER_FD_BELL,
			.spare = {READER_FD_SPARE1, READER_FD_SPARE2},
			.event = READER_FD_EVENT,
			.space = READER_FD_SPACE,
			.control = READER_FD_CONTROL},
	};
	struct arguments a = {0};
	struct utsname uts;
	char os[sizeof(uts.sysname) + sizeof(uts.release) + 2] = "Linux";
	struct err e = ERR_NONE;
	int rc;

	log_init("reader", false);
	if (uname(&uts) == 0)
		(void) snprintf(os, sizeof(os), "%s %s", uts.sysname, uts.release);
	c.os = os;
	rc = parse(argc, argv, &a, &e);
	c.latency_ms = a.latency_ms;
	if (rc == 0)
		rc = prepare(&a, &c, &e);
	if (rc < 0) {
		log_error("%s", e.text);
		if (c.out.shared)
			(void) chunking_tell(&c, CHUNK_END, rc, e.text);
		return EXIT_FAILURE;
	}
	rc = capture_run(&c);
	capture_done(&c);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
