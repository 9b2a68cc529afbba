/* SPDX-License-Identifier: MIT */
#include "support/hub_model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "pcapng/write.h"
#include "proto/fdpass.h"
#include "support/hub_watcher.h"

#define MIB           (1024ULL * 1024)
#define SCRIPTS       32 /* captures in one round */
#define WATCHERS      6
#define OWN_MAX       8 /* interfaces of one capture */
#define FOLLOW_WAIT_S 60

struct model {
	const struct model_draw *draw;
	struct hub *hub;
	int broker[2];
	struct script scripts[SCRIPTS];
	size_t n;
	struct watcher watchers[WATCHERS];
	int64_t now_ns;
	/* the catalog: containers "a" and "b", each in a namespace; the newest inode given */
	struct catalog_target targets[2];
	struct catalog_netns netns[2];
	uint64_t inode;
};

/* The linker puts this in place of log_line(): a million steps have much to log. */
void __wrap_log_line(enum log_level level, const char *fmt, ...);
void __wrap_log_line(enum log_level level, const char *fmt, ...)
{
	(void) level;
	(void) fmt;
}

static uint32_t draw(struct model *m, uint32_t below)
{
	return m->draw->below(m->draw->ctx, below);
}

/* True in @percent of 100 draws. */
static bool chance(struct model *m, uint32_t percent)
{
	return draw(m, 100) < percent;
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

static struct capture *capture_of(const struct model *m, uint32_t id)
{
	for (size_t i = 0; i < m->hub->n; i++) {
		if (m->hub->all[i]->id == id)
			return m->hub->all[i];
	}
	return NULL;
}

static struct script *script_of(struct model *m, uint32_t id)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->scripts[i].id == id)
			return &m->scripts[i];
	}
	return NULL;
}

/* --- the broker --- */

/* Take the hub's messages: every capture that is to be opened becomes a script. */
static void read_broker(struct model *m)
{
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg msg;

		if (msg_recv(m->broker[1], &msg, &fds) <= 0)
			return;
		if (msg.op != MSG_CAPTURE_OPEN)
			continue;
		MODEL_CHECK(m->n < SCRIPTS);
		m->scripts[m->n++] = (struct script){
			.id = msg.id, .event_fd = -1, .space_fd = -1, .control_fd = -1};
	}
}

static void answer_open(struct model *m, struct script *s)
{
	struct capture *c = capture_of(m, s->id);
	struct msg msg = {.op = MSG_CAPTURE_OPENED, .id = s->id};
	AUTO_FDSET struct fdset fds = FDSET_NONE;
	int pair[2];

	s->is_open = true;
	s->map_bytes = STREAM_HEADER_BYTES + c->stream_bytes;
	fds.fd[0] = memfd_create("stream", MFD_CLOEXEC);
	MODEL_CHECK(fds.fd[0] >= 0 && ftruncate(fds.fd[0], (off_t) s->map_bytes) == 0);
	s->map = mmap(NULL, s->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds.fd[0], 0);
	MODEL_CHECK(s->map != MAP_FAILED);
	MODEL_CHECK(chunk_writer_init(&s->w, s->map, s->map_bytes) == 0);
	s->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->space_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	MODEL_CHECK(fdpass_pair(pair) == 0);
	fds.fd[1] = dup(s->event_fd);
	fds.fd[2] = dup(s->space_fd);
	fds.fd[3] = pair[0];
	s->control_fd = pair[1];
	fds.n = 4;
	s->first = s->interfaces = c->conf.first_interface;
	MODEL_CHECK(hub_message(m->hub, &msg, &fds) == 0);
}

/* The capture cannot be opened, or its reader ended. */
static void send_status(struct model *m, uint32_t id, enum msg_op op, int status)
{
	struct msg msg = {.op = op, .id = id};
	AUTO_FDSET struct fdset fds = FDSET_NONE;

	msg.u.status.status = status;
	MODEL_CHECK(hub_message(m->hub, &msg, &fds) == 0);
}

/* --- the readers --- */

static struct record *new_record(struct script *s)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 256;
		s->records = reallocarray(s->records, s->cap, sizeof(*s->records));
		MODEL_CHECK(s->records);
	}
	s->records[s->n] = (struct record){.first = s->number - s->lost, .base = s->first};
	return &s->records[s->n++];
}

/* Reserve as the reader does, the flag for sleeping included. */
static bool reserve(struct script *s, size_t bytes, uint8_t **ret)
{
	int rc = chunk_writer_reserve(&s->w, bytes, ret);

	if (rc == -EAGAIN && !chunk_writer_must_wait(&s->w, bytes))
		rc = chunk_writer_reserve(&s->w, bytes, ret);
	MODEL_CHECK(rc == 0 || rc == -EAGAIN);
	return rc == 0;
}

/* A chunk that holds no packets. Returns false when there is no room. */
static bool put(struct script *s, enum chunk_kind kind, const void *bytes, size_t len_bytes)
{
	struct chunk_info info = {.kind = kind,
		.interfaces = s->interfaces,
		.payload_len_bytes = (uint32_t) len_bytes};
	uint8_t *p;

	if (!reserve(s, len_bytes, &p))
		return false;
	if (len_bytes)
		memcpy(p, bytes, len_bytes);
	chunk_writer_commit(&s->w, &info, NULL);
	s->interfaces += kind == CHUNK_INTERFACE;
	s->is_ready |= kind == CHUNK_READY;
	s->is_ended |= kind == CHUNK_END;
	new_record(s)->next = s->w.head;
	s->records[s->n - 1].end = s->records[s->n - 1].first;
	return true;
}

static void put_interface(struct script *s)
{
	const struct pcapng_idb idb = {.linktype = 1, .snaplen = 262144, .name = "eth0"};
	uint8_t block[256];
	ssize_t n = pcapng_put_idb(&idb, block, sizeof(block));

	if (s->interfaces - s->first < OWN_MAX && s->interfaces < MODEL_INTERFACES)
		(void) put(s, CHUNK_INTERFACE, block, (size_t) n);
}

/* The kernel drops packets, which a later chunk reports. */
static void lose(struct script *s, uint32_t packets)
{
	s->number += packets;
	s->lost += packets;
}

static size_t put_packet(
	struct script *s, uint8_t *p, uint32_t interface, uint32_t caplen, uint64_t lost)
{
	const struct pcapng_epb epb = {
		.interface = interface, .caplen = caplen, .len = caplen, .dropcount = lost};

	memcpy(p + PCAPNG_EPB_DATA_AT, &s->number, sizeof(s->number));
	s->number++;
	pcapng_frame_epb(&epb, p);
	return pcapng_epb_bytes(&epb);
}

static void put_packets(struct model *m, struct script *s, uint32_t packets)
{
	static const uint32_t sizes[] = {8, 64, 1400, 9000, 62000};
	uint32_t caplen = sizes[draw(m, ARRAY_LEN(sizes))], own = s->interfaces - s->first;
	struct chunk_info info = {
		.kind = CHUNK_PACKETS, .interfaces = s->interfaces, .packets = packets};
	struct chunk_count counts[8];
	struct record *r;
	uint8_t *p;

	if (own == 0)
		return;
	if (caplen > 60000 / (packets + 1))
		packets = packets > 0;
	info.packets = packets;
	if (!reserve(s, packets * (caplen + 48) + 16, &p)) {
		lose(s, packets);
		return;
	}
	r = new_record(s);
	info.lost = r->lost = s->lost;
	s->lost = 0;
	info.lost_interface = r->lost_interface = s->first + draw(m, own);
	for (uint32_t i = 0; i < packets; i++) {
		uint32_t at = i == 0 ? info.lost_interface - s->first : draw(m, own);

		info.payload_len_bytes += (uint32_t) put_packet(s, p + info.payload_len_bytes,
			s->first + at, caplen, i == 0 ? info.lost : 0);
		r->packets[at]++;
	}
	for (uint32_t i = 0; i < own; i++) {
		if (r->packets[i])
			counts[info.n_counts++] = (struct chunk_count){s->first + i, r->packets[i]};
	}
	chunk_writer_commit(&s->w, &info, counts);
	r->next = s->w.head;
	r->end = s->number;
}

/* --- the clients --- */

/* Note what the hub did to the seats of @w: a successor was given, or failed. */
static void observe(struct model *m, struct watcher *w)
{
	const struct viewer *v = w->v;
	struct segment *now = &w->segments[w->n - 1];
	const struct capture *successor = v->successor ? v->successor->capture : NULL;

	if (successor == w->successor)
		return;
	w->successor = successor;
	if (successor) {
		struct script *s = script_of(m, successor->id);

		/* everything that was not released yet is for this viewer */
		MODEL_CHECK(v->successor->pos == successor->in.released);
		if (v->seat->leave_at != UINT64_MAX)
			now->to = script_record(now->script, v->seat->leave_at);
		watcher_begin(w, s, script_record(s, v->successor->pos));
		return;
	}
	/* back where it was; what it did not watch meanwhile is no loss */
	w->n--;
	now = &w->segments[w->n - 1];
	if (script_record(now->script, v->seat->pos) <= now->to) {
		now->to = SIZE_MAX;
	} else {
		watcher_begin(w, now->script, script_record(now->script, v->seat->pos));
		watcher_move(w);
	}
}

static void observe_all(struct model *m)
{
	read_broker(m);
	for (size_t i = 0; i < WATCHERS; i++) {
		if (m->watchers[i].v)
			observe(m, &m->watchers[i]);
	}
}

static void leave(struct model *m, struct watcher *w)
{
	hub_leave(m->hub, w->v);
	*w = (struct watcher){0};
}

static void send_piece(struct model *m, struct watcher *w, const struct piece *p)
{
	struct iovec ahead[4];
	int n = viewer_ahead(w->v, ahead, (int) draw(m, 5));

	watcher_read(w, p->bytes, p->len_bytes);
	for (int i = 0; i < n; i++)
		watcher_read(w, ahead[i].iov_base, ahead[i].iov_len);
	viewer_sent(w->v, m->now_ns);
	viewer_sent_ahead(w->v, n);
	hub_sent(m->hub, w->v);
}

/* Take at most @pieces. Returns the last state. */
static int take(struct model *m, struct watcher *w, uint32_t pieces)
{
	int state = VIEWER_PIECE;

	while (pieces-- > 0 && state == VIEWER_PIECE) {
		const struct seat *seat = w->v->seat;
		struct piece p;

		state = hub_next(m->hub, w->v, 1000, &p);
		MODEL_CHECK(state >= 0);
		if (seat != w->v->seat) {
			w->successor = NULL;
			watcher_move(w);
		}
		if (state == VIEWER_PIECE)
			send_piece(m, w, &p);
	}
	if (state == VIEWER_END && w->v->seat->capture->has_started)
		watcher_check(w);
	return state;
}

static struct catalog catalog_of(struct model *m)
{
	return (struct catalog){
		.n_netns = 2, .n_targets = 2, .netns = m->netns, .targets = m->targets};
}

static void join(struct model *m, struct watcher *w)
{
	const struct catalog cat = catalog_of(m);
	uint32_t which = draw(m, 2);
	struct hub_request req = {.ns = m->netns[which].ref, .ops = &viewer_ops};
	struct refusal why;
	struct script *s;

	if (m->n == SCRIPTS)
		return;
	req.conf.snaplen = 262144;
	req.conf.filter = strdup("");
	req.wants_live_statistics = chance(m, 50);
	if (chance(m, 70))
		req.follow = follow_new(&cat, m->targets[which].name, "", req.ns.inode,
			FOLLOW_WAIT_S * 1000000000LL);
	if (hub_join(m->hub, &req, &w->v, &why) < 0)
		return;
	read_broker(m);
	s = script_of(m, w->v->seat->capture->id);
	w->is_live = req.wants_live_statistics;
	w->speed = chance(m, 30) ? 2 : 20 + draw(m, 80);
	/* of a capture that has not begun it gets everything */
	watcher_begin(w, s, s->n);
}

/* --- steps --- */

static struct script *any_script(struct model *m)
{
	struct script *s = m->n ? &m->scripts[draw(m, (uint32_t) m->n)] : NULL;

	return s && !s->is_ended && capture_of(m, s->id) ? s : NULL;
}

static void step_reader(struct model *m)
{
	struct script *s = any_script(m);
	const struct capture *c = s ? capture_of(m, s->id) : NULL;

	if (!s)
		return;
	if (!s->is_open) {
		if (chance(m, 10))
			send_status(m, s->id, MSG_CAPTURE_OPENED, -EBUSY), s->is_ended = true;
		else
			answer_open(m, s);
	} else if (!s->is_ready && chance(m, 60)) {
		put_interface(s);
	} else if (!s->is_ready) {
		(void) put(s, CHUNK_READY, NULL, 0);
	} else if (c->is_stopping && chance(m, 10)) {
		if (put(s, CHUNK_END, NULL, 0)) {
			hub_event(m->hub, s->id);
			send_status(m, s->id, MSG_CAPTURE_ENDED, 0);
		}
	} else if (chance(m, 4)) {
		put_interface(s);
	} else {
		if (chance(m, 5))
			lose(s, 1 + draw(m, 9));
		put_packets(m, s, chance(m, 5) ? 0 : 1 + draw(m, 12));
	}
	if (chance(m, 60))
		hub_event(m->hub, s->id);
}

static void step_client(struct model *m)
{
	struct watcher *w = &m->watchers[draw(m, WATCHERS)];

	if (!w->v) {
		if (chance(m, 5))
			join(m, w);
	} else if (draw(m, 2000) == 0) {
		leave(m, w);
	} else if (chance(m, w->speed) && take(m, w, 1 + draw(m, 20)) == VIEWER_END) {
		leave(m, w);
	}
}

/* Containers restart: one of them, or both, in one new namespace or in one of their own. */
static void step_restart(struct model *m)
{
	uint32_t which = draw(m, 2);

	if (m->n + 8 > SCRIPTS)
		return;
	if (chance(m, 60)) { /* joins the other one */
		m->targets[which].netns_inode = m->targets[!which].netns_inode;
		m->netns[which] = m->netns[!which];
	} else {
		m->targets[which].netns_inode = ++m->inode;
		m->netns[which].ref.inode = m->inode;
	}
	m->targets[which].pid++;
}

/* Captures whose namespace is in the catalog no longer are stopped, and followers go on. */
static void step_catalog(struct model *m)
{
	const struct catalog cat = catalog_of(m);

	for (size_t i = 0; i < m->n; i++) {
		if (capture_of(m, m->scripts[i].id) && m->scripts[i].is_open &&
			!m->scripts[i].is_ended)
			send_status(m, m->scripts[i].id, MSG_TARGET_EXITED, 0);
	}
	hub_catalog(m->hub, &cat);
	hub_tick(m->hub, ++m->now_ns);
	observe_all(m);
	if (m->n + 8 <= SCRIPTS)
		hub_follow(m->hub, &cat);
}

static void step(struct model *m)
{
	uint32_t what = draw(m, 1000);

	if (what < 450)
		step_reader(m);
	else if (what < 990)
		step_client(m);
	else if (what < 993)
		step_restart(m);
	else if (what < 997)
		step_catalog(m);
	else
		hub_tick(m->hub, ++m->now_ns);
	observe_all(m);
}

/* --- rounds --- */

static void begin_round(struct model *m)
{
	const struct hub_limits limits = {.memory_bytes = 4096 * MIB,
		.ring_bytes = MIB,
		.stream_bytes = (1 + draw(m, 3)) * MIB,
		.latency_ms = 5,
		.max_captures = SCRIPTS,
		.max_viewers = WATCHERS};

	MODEL_CHECK(fdpass_pair(m->broker) == 0);
	m->hub = hub_new(m->broker[0], &limits, &hub_ops, m);
	MODEL_CHECK(m->hub);
	m->inode = 10;
	m->now_ns = 1;
	for (uint32_t i = 0; i < 2; i++) {
		m->netns[i] = (struct catalog_netns){.ref.inode = 10, .ref.kind = NS_REF_PROC};
		m->targets[i] = (struct catalog_target){i ? "b" : "a", "docker", "", 10, 7, 1};
	}
}

/* Write the end of every stream, take what is left, and check. */
static void end_round(struct model *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct script *s = &m->scripts[i];

		if (s->is_ended || !capture_of(m, s->id))
			continue;
		s->is_ended = true;
		if (!s->is_open) {
			send_status(m, s->id, MSG_CAPTURE_OPENED, -EBUSY);
			continue;
		}
		if (s->is_ready && s->lost > 0)
			put_packets(m, s, 0);
		hub_event(m->hub, s->id);
		while (s->lost == 0 && !put(s, CHUNK_END, NULL, 0)) {
			for (size_t j = 0; j < WATCHERS; j++) {
				if (m->watchers[j].v)
					(void) take(m, &m->watchers[j], 1);
			}
		}
		hub_event(m->hub, s->id);
		send_status(m, s->id, MSG_CAPTURE_ENDED, s->is_ready ? 0 : -EIO);
	}
	for (size_t i = 0; i < WATCHERS; i++) {
		struct watcher *w = &m->watchers[i];

		if (!w->v)
			continue;
		while (take(m, w, 1000) != VIEWER_END) {
			m->now_ns += FOLLOW_WAIT_S * 2000000000LL;
			hub_tick(m->hub, m->now_ns);
			observe_all(m);
		}
		leave(m, w);
	}
}

void hub_model_round(const struct model_draw *draw_from, uint32_t steps)
{
	struct model *m = calloc(1, sizeof(*m));

	MODEL_CHECK(m);
	m->draw = draw_from;
	begin_round(m);
	while (steps-- > 0)
		step(m);
	end_round(m);
	hub_free(m->hub);
	for (size_t i = 0; i < m->n; i++) {
		struct script *s = &m->scripts[i];

		if (s->map)
			(void) munmap(s->map, s->map_bytes);
		close_p(&s->event_fd);
		close_p(&s->space_fd);
		close_p(&s->control_fd);
		free(s->records);
	}
	close_p(&m->broker[0]);
	close_p(&m->broker[1]);
	free(m);
}
