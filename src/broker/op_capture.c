/* SPDX-License-Identifier: MIT */
/* Operation: a capture, for the service.
 *
 * Why serving it is safe: the service gets a memory buffer, two counters and the sending end of a
 * socket; never the packet socket, never the namespace. These go to a reader that cannot send and
 * is told what to capture by the service directly, so no filter program and no interface name is
 * read here. A larger ring for a running capture is made here, on the socket its reader has as a
 * spare, because what a reader may make it could make without end. The request names a namespace by
 * inode and the process that leads to it by pid and start time, both checked again. Sizes are
 * bounded per capture and all together, the number of captures is bounded. The broker keeps a
 * process descriptor of the target and the reader's pid. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/broker.h"
#include "broker/netns.h"
#include "broker/spawn.h"
#include "broker/watch.h"
#include "proto/bounds.h"
#include "proto/capture_conf.h"
#include "proto/fdpass.h"
#include "proto/packet_ring.h"
#include "proto/reader_fds.h"
#include "stream/chunk.h"

#define LINK_EVENTS_BYTES (4 * 1048576) /* a burst of link changes must fit */

/* Everything a new capture is made of; all owned. */
struct parts {
	struct netns ns;
	int packet, netlink, bell, spares[READER_SPARES], stream, event, space;
	int control_reader, control_service;
};

static void parts_done(struct parts *p)
{
	int *fds[] = {&p->packet, &p->netlink, &p->bell, &p->spares[0], &p->spares[1], &p->stream,
		&p->event, &p->space, &p->control_reader, &p->control_service};

	netns_done(&p->ns);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close_p(fds[i]);
}

static int check_sizes(const struct msg_capture_open *m, struct err *e)
{
	if (m->ring_bytes < BOUND_RING_MIN_BYTES || m->ring_bytes > BOUND_RING_MAX_BYTES)
		return err_set(e, -EINVAL, "impossible ring size %" PRIu32, m->ring_bytes);
	if (m->stream_bytes < STREAM_MIN_BYTES || m->stream_bytes > STREAM_MAX_BYTES ||
		m->stream_bytes % STREAM_GRAIN_BYTES != 0)
		return err_set(e, -EINVAL, "impossible stream size %" PRIu32, m->stream_bytes);
	if (m->latency_ms == 0 || m->latency_ms > BOUND_LATENCY_MAX_MS)
		return err_set(e, -EINVAL, "impossible latency %u", m->latency_ms);
	return 0;
}

static int check_room(struct broker *b, uint32_t id, uint64_t bytes, struct err *e)
{
	int rc = captures_admit(&b->captures, id, b->epoch, bytes);

	if (rc == -EBUSY)
		return err_set(e, rc, "there are %" PRIu32 " captures already",
			b->captures.limits.max_captures);
	if (rc == -ENOMEM)
		return err_set(e, rc, "the memory for captures (%" PRIu64 " MiB) is in use",
			b->captures.limits.memory_bytes >> 20);
	return rc < 0 ? err_set(e, rc, "capture %" PRIu32 " exists already", id) : 0;
}

static int make_sockets(struct broker *b, struct parts *p, struct err *e)
{
	/* protocol 0: not one packet arrives before the reader binds it */
	static const struct netns_socket packet = {AF_PACKET, SOCK_RAW, 0};
	static const struct netns_socket route = {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE};
	int size = LINK_EVENTS_BYTES;

	p->packet = netns_socket(&p->ns, b->own_ns_fd, &packet, e);
	if (p->packet < 0)
		return p->packet;
	p->netlink = netns_socket(&p->ns, b->own_ns_fd, &route, e);
	if (p->netlink < 0)
		return p->netlink;
	p->bell = netns_socket(&p->ns, b->own_ns_fd, &packet, e);
	if (p->bell < 0)
		return p->bell;
	for (size_t i = 0; i < READER_SPARES; i++) {
		p->spares[i] = netns_socket(&p->ns, b->own_ns_fd, &packet, e);
		if (p->spares[i] < 0)
			return p->spares[i];
	}
	/* without CAP_NET_ADMIN the usual size has to do */
	(void) setsockopt(p->netlink, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return 0;
}

static int make_stream(struct parts *p, uint32_t bytes, struct err *e)
{
	p->stream = memfd_create("packetflix-stream", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->stream < 0 || ftruncate(p->stream, (off_t) STREAM_HEADER_BYTES + bytes) < 0 ||
		fcntl(p->stream, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_sys(e, -errno, "cannot make a stream buffer");
	p->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->space = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->event < 0 || p->space < 0)
		return err_sys(e, -errno, "cannot make an event descriptor");
	return 0;
}

/* One direction only: what the service says to the reader. */
static int make_control(struct parts *p, struct err *e)
{
	int pair[2] = {-1, -1}, size = 2 * CONF_MAX_BYTES;
	int rc = fdpass_pair(pair);

	if (rc < 0)
		return err_sys(e, rc, "cannot make a control socket");
	p->control_reader = pair[0];
	p->control_service = pair[1];
	(void) setsockopt(pair[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	if (shutdown(pair[0], SHUT_WR) < 0 || shutdown(pair[1], SHUT_RD) < 0)
		return err_sys(e, -errno, "cannot make a control socket");
	return 0;
}

static pid_t start_reader(
	struct broker *b, const struct parts *p, const struct msg_capture_open *m, struct err *e)
{
	char ring[16], latency[16], user[SANDBOX_IDS_MAX];
	char name[] = "packetflix-reader";
	char *argv[] = {name, ring, latency, user, NULL};
	/* the order of enum reader_fd */
	const int fds[] = {p->packet, p->netlink, p->bell, p->spares[0], p->spares[1], p->stream,
		p->event, p->space, p->control_reader, b->empty_root_fd};
	struct spawn s = {
		.program = name,
		.argv = argv,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		/* to give up its root directory and its user */
		.caps = 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
			1ULL << CAP_SETPCAP,
	};

	_Static_assert(ARRAY_LEN(fds) == READER_FD_END - READER_FD_PACKET, "all of them");
	_Static_assert(READER_FD_PACKET == SPAWN_FIRST_FD, "in their places");
	sandbox_ids_format(&b->users.reader, user);
	(void) snprintf(ring, sizeof(ring), "%" PRIu32, m->ring_bytes);
	(void) snprintf(latency, sizeof(latency), "%u", m->latency_ms);
	return spawn_program(&s, e);
}

static int open_capture(struct broker *b, uint32_t id, const struct msg_capture_open *m,
	struct parts *p, struct err *e)
{
	struct running_capture r = {.id = id,
		.epoch = b->epoch,
		.target_pidfd = -1,
		.bytes = (uint64_t) m->ring_bytes + m->stream_bytes,
		.ring_bytes = m->ring_bytes,
		.spare_sockets = {-1, -1}};
	struct running_capture *kept;
	int rc = check_sizes(m, e);

	if (rc == 0)
		rc = check_room(b, id, r.bytes, e);
	if (rc == 0)
		rc = netns_pin(b->procfd, &m->ns, &p->ns, e);
	if (rc == 0)
		rc = make_sockets(b, p, e);
	if (rc == 0)
		rc = make_stream(p, m->stream_bytes, e);
	if (rc == 0)
		rc = make_control(p, e);
	if (rc < 0)
		return rc;
	r.reader = start_reader(b, p, m, e);
	if (r.reader < 0)
		return r.reader;
	r.target_pidfd = TAKE_FD(p->ns.pidfd);
	for (size_t i = 0; i < READER_SPARES; i++)
		r.spare_sockets[i] = TAKE_FD(p->spares[i]);
	kept = captures_add(&b->captures, &r);
	if (!kept) {
		(void) kill(r.reader, SIGKILL);
		close_p(&r.target_pidfd);
		for (size_t i = 0; i < READER_SPARES; i++)
			close_p(&r.spare_sockets[i]);
		return err_set(e, -ENOMEM, "out of memory for another capture");
	}
	/* not fatal: without it the end of the target is only seen by discovery */
	if (broker_watch(b, kept->target_pidfd, watch_tag(WATCH_TARGET, kept->serial)) < 0)
		log_warn("the end of the target cannot be watched id=%" PRIu32, id);
	return 0;
}

void op_capture_open(struct broker *b, uint32_t id, const struct msg_capture_open *m)
{
	struct parts p = {.ns = {-1, -1},
		.packet = -1,
		.netlink = -1,
		.bell = -1,
		.spares = {-1, -1},
		.stream = -1,
		.event = -1,
		.space = -1,
		.control_reader = -1,
		.control_service = -1};
	struct msg answer = {.op = MSG_CAPTURE_OPENED, .id = id};
	struct err e = {0, ""};
	int rc = open_capture(b, id, m, &p, &e), fds[4];

	fds[0] = p.stream;
	fds[1] = p.event;
	fds[2] = p.space;
	fds[3] = p.control_service;
	answer.u.status.status = rc;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	if (msg_send(b->service.channel, &answer, fds, rc < 0 ? 0 : ARRAY_LEN(fds)) < 0 &&
		rc == 0) {
		log_warn("service does not take its captures id=%" PRIu32, id);
		op_capture_kill(b, id);
	}
	parts_done(&p);
}

/* NULL if there is none, or no capture. */
static int *next_spare(struct running_capture *r)
{
	for (size_t i = 0; r && i < READER_SPARES; i++) {
		if (r->spare_sockets[i] >= 0)
			return &r->spare_sockets[i];
	}
	return NULL;
}

static int make_ring(
	struct broker *b, struct running_capture *r, uint32_t ring_bytes, struct err *e)
{
	AUTO_CLOSE int spare = -1;
	int *next = next_spare(r);
	struct packet_ring_size size;
	int rc;

	if (!next)
		return err_set(e, -ENOENT, "there is no spare socket for another ring");
	if (ring_bytes > BOUND_RING_MAX_BYTES || packet_ring_divide(ring_bytes, &size) < 0)
		return err_set(e, -EINVAL, "impossible ring size %" PRIu32, ring_bytes);
	rc = captures_grow(&b->captures, r, ring_bytes);
	if (rc < 0)
		return err_sys(e, rc, "cannot make a ring of %" PRIu32 " bytes", ring_bytes);
	spare = TAKE_FD(*next);
	return packet_ring_make(spare, &size, PACKET_RING_SLOW_MS, e);
}

void op_capture_ring(struct broker *b, uint32_t id, uint32_t ring_bytes)
{
	struct msg answer = {.op = MSG_RING_MADE, .id = id};
	struct err e = ERR_NONE;
	int rc = make_ring(b, captures_find(&b->captures, id, b->epoch), ring_bytes, &e);

	answer.u.status.status = rc;
	(void) snprintf(answer.u.status.text, sizeof(answer.u.status.text), "%.*s",
		MSG_TEXT_BYTES - 1, rc < 0 ? e.text : "");
	/* without the answer the capture keeps its ring */
	(void) msg_send(b->service.channel, &answer, NULL, 0);
}

void op_capture_kill(struct broker *b, uint32_t id)
{
	struct running_capture *r = captures_find(&b->captures, id, b->epoch);

	/* it stays in the list until it is reaped: its pid cannot come to mean another process */
	if (r && r->reader > 0)
		(void) kill(r->reader, SIGKILL);
}
