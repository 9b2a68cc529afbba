/* SPDX-License-Identifier: MIT */
/* A compromised reader: a process that has the reader's descriptors and writes into the stream
 * buffer what it likes, against the real hub. It must not make the service grow, spin or crash, and
 * it is killed when it ignores that its last viewer left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "pcapng/write.h"
#include "proto/fdpass.h"
#include "service/hub/hub_state.h"

#define MIB          (1024ULL * 1024)
#define STREAM_BYTES (16 * MIB)
#define GROWTH_KIB   (96 * 1024) /* the stream buffer, descriptions, and room */
#define ATTACK_NS    1500000000LL

/* What the attacker writes, as fast as it can. */
struct attack {
	const char *name;
	void (*next)(struct chunk_writer *w, uint64_t n);
};

static uint8_t zeros[STREAM_INTERFACE_BYTES];

/* Publish a chunk of @info if there is room. */
static void put(struct chunk_writer *w, const struct chunk_info *info)
{
	static const struct chunk_count count = {0, 1};
	uint8_t *p;

	if (chunk_writer_reserve(w, info->payload_len_bytes, &p) < 0)
		return;
	memcpy(p, zeros, info->payload_len_bytes);
	chunk_writer_commit(w, info, &count);
}

static void begin(struct chunk_writer *w)
{
	put(w, &(struct chunk_info){.kind = CHUNK_INTERFACE, .payload_len_bytes = 64});
	put(w, &(struct chunk_info){.kind = CHUNK_READY, .interfaces = 1});
}

static void large_interfaces(struct chunk_writer *w, uint64_t n)
{
	(void) n;
	put(w, &(struct chunk_info){.kind = CHUNK_INTERFACE, .payload_len_bytes = sizeof(zeros)});
}

static void small_interfaces(struct chunk_writer *w, uint64_t n)
{
	(void) n;
	put(w, &(struct chunk_info){.kind = CHUNK_INTERFACE});
}

static void claimed_interfaces(struct chunk_writer *w, uint64_t n)
{
	put(w, &(struct chunk_info){
		       .kind = CHUNK_PACKETS, .interfaces = UINT32_MAX - (uint32_t) n, .lost = 1});
}

static void losses(struct chunk_writer *w, uint64_t n)
{
	put(w, &(struct chunk_info){.kind = CHUNK_PACKETS, .interfaces = 1, .lost = n << 32});
}

static void packets_that_are_none(struct chunk_writer *w, uint64_t n)
{
	put(w, &(struct chunk_info){.kind = CHUNK_PACKETS,
		       .n_counts = 1,
		       .packets = 1,
		       .interfaces = 1,
		       .lost = n,
		       .payload_len_bytes = 64});
}

static void readiness(struct chunk_writer *w, uint64_t n)
{
	(void) n;
	put(w, &(struct chunk_info){.kind = CHUNK_READY, .interfaces = 1});
}

static void wild_heads(struct chunk_writer *w, uint64_t n)
{
	uint64_t head = n * 0x9e3779b97f4a7c15ULL;

	memcpy(w->shared, &head, sizeof(head));
}

static const struct attack attacks[] = {
	{"interfaces, large", large_interfaces},
	{"interfaces, empty", small_interfaces},
	{"interfaces, claimed", claimed_interfaces},
	{"losses without packets", losses},
	{"packets that are none", packets_that_are_none},
	{"readiness again and again", readiness},
	{"wild heads", wild_heads},
};

/* The attacker's process: never reads the control socket, never ends. */
__attribute__((noreturn)) static void attack_for_ever(
	const struct attack *a, void *map, size_t map_bytes, int event_fd)
{
	static const uint64_t one = 1;
	struct chunk_writer w;

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test fails */
	(void) chunk_writer_init(&w, map, map_bytes);
	begin(&w);
	for (uint64_t n = 0;; n++) {
		a->next(&w, n);
		(void) !write(event_fd, &one, sizeof(one));
	}
}

static void ignore(void *ctx)
{
	(void) ctx;
}

static void *watch(void *ctx, int fd, uint32_t id)
{
	(void) fd;
	(void) id;
	return ctx;
}

static void unwatch(void *ctx, void *handle)
{
	(void) ctx;
	(void) handle;
}

static const struct hub_ops hub_ops = {.watch = watch, .unwatch = unwatch, .refresh = ignore};
static const struct viewer_ops viewer_ops = {.wake = ignore, .stuck = ignore};

static uint64_t resident_kib(void)
{
	AUTO_FREE char *line = NULL;
	FILE *f = fopen("/proc/self/status", "re");
	size_t cap = 0;
	uint64_t kib = 0;

	assert_non_null(f);
	while (getline(&line, &cap, f) > 0) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtoull(line + 6, NULL, 10);
	}
	(void) fclose(f);
	return kib;
}

struct scene {
	struct hub *hub;
	int broker[2];
	struct viewer *viewers[2]; /* one that takes everything, one that takes nothing */
	uint32_t id;
	pid_t pid;
	int event_fd;
};

static void open_capture(struct scene *s, const struct attack *a)
{
	struct msg m = {.op = MSG_CAPTURE_OPENED, .id = s->id};
	AUTO_FDSET struct fdset fds = FDSET_NONE;
	size_t map_bytes = STREAM_HEADER_BYTES + STREAM_BYTES;
	int control[2];
	void *map;

	assert_int_equal(fdpass_pair(control), 0);
	fds.fd[0] = memfd_create("stream", MFD_CLOEXEC);
	assert_int_equal(ftruncate(fds.fd[0], (off_t) map_bytes), 0);
	map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds.fd[0], 0);
	assert_true(map != MAP_FAILED);
	s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds.fd[1] = dup(s->event_fd);
	fds.fd[2] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	fds.fd[3] = control[0];
	fds.n = 4;
	s->pid = fork();
	assert_true(s->pid >= 0);
	if (s->pid == 0)
		attack_for_ever(a, map, map_bytes, s->event_fd);
	(void) close(control[1]);
	(void) munmap(map, map_bytes);
	assert_int_equal(hub_message(s->hub, &m, &fds), 0);
}

static void join(struct scene *s, size_t i)
{
	struct hub_request req = {.ns = {.inode = 10, .kind = NS_REF_PROC, .pid = 1},
		.conf = {.snaplen = 65535, .filter = strdup("")},
		.ops = &viewer_ops};
	struct refusal why;

	assert_int_equal(hub_join(s->hub, &req, &s->viewers[i], &why), 0);
	s->id = s->viewers[i]->seat->capture->id;
}

static void setup(struct scene *s, const struct attack *a)
{
	static const struct hub_limits limits = {.memory_bytes = 1024 * MIB,
		.ring_bytes = MIB,
		.stream_bytes = STREAM_BYTES,
		.latency_ms = 5,
		.max_captures = 4,
		.max_viewers = 4};

	memset(s, 0, sizeof(*s));
	assert_int_equal(fdpass_pair(s->broker), 0);
	s->hub = hub_new(s->broker[0], &limits, &hub_ops, s);
	join(s, 0);
	join(s, 1);
	open_capture(s, a);
}

/* Serve the capture for a while. An error of viewer 0 ends it, as the service does. */
static void serve(struct scene *s)
{
	int64_t end_ns = clock_mono_ns() + ATTACK_NS;

	while (clock_mono_ns() < end_ns && s->viewers[0]) {
		struct pollfd p = {.fd = s->event_fd, .events = POLLIN};
		int state = VIEWER_PIECE;

		(void) poll(&p, 1, 10);
		hub_event(s->hub, s->id);
		for (int i = 0; i < 50 && state == VIEWER_PIECE; i++) {
			struct piece piece;

			state = hub_next(s->hub, s->viewers[0], 1000, &piece);
			if (state != VIEWER_PIECE)
				break;
			viewer_sent(s->viewers[0], clock_mono_ns());
			hub_sent(s->hub, s->viewers[0]);
		}
		if (state < 0 || state == VIEWER_END)
			hub_leave(s->hub, TAKE_PTR(s->viewers[0]));
	}
}

static bool was_killed(struct scene *s)
{
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;

		if (msg_recv(s->broker[1], &m, &fds) <= 0)
			return false;
		if (m.op == MSG_CAPTURE_KILL && m.id == s->id)
			return true;
	}
}

static void teardown(struct scene *s)
{
	const struct msg ended = {.op = MSG_CAPTURE_ENDED, .id = s->id, .u.status.status = -1};
	AUTO_FDSET struct fdset fds = FDSET_NONE;

	(void) kill(s->pid, SIGKILL);
	(void) waitpid(s->pid, NULL, 0);
	assert_int_equal(hub_message(s->hub, &ended, &fds), 0);
	assert_int_equal(s->hub->n, 0);
	hub_free(s->hub);
	(void) close(s->broker[0]);
	(void) close(s->broker[1]);
	(void) close(s->event_fd);
}

static void nothing_a_reader_writes_makes_the_service_grow(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
		uint64_t before = resident_kib(), most;
		struct scene s;

		print_message("%s\n", attacks[i].name);
		setup(&s, &attacks[i]);
		serve(&s);
		most = resident_kib();
		for (size_t v = 0; v < ARRAY_LEN(s.viewers); v++) {
			if (s.viewers[v])
				hub_leave(s.hub, s.viewers[v]);
		}
		assert_int_equal(s.hub->n, 1);
		hub_tick(s.hub, clock_mono_ns() + 4000000000LL);
		assert_true(was_killed(&s));
		teardown(&s);
		assert_true(most < before + GROWTH_KIB);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_a_reader_writes_makes_the_service_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
