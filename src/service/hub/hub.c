/* SPDX-License-Identifier: MIT */
#include "service/hub/hub.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "service/hub/hub_state.h"

#define STOP_LIMIT_NS  (3 * 1000000000LL) /* for a reader to deliver what it has */
#define START_LIMIT_NS (20 * 1000000000LL)
#define STUCK_NS       (120 * 1000000000LL) /* a viewer that takes nothing is ended */

struct hub *hub_new(
	int broker_fd, const struct hub_limits *limits, const struct hub_ops *ops, void *ctx)
{
	struct hub *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->broker_fd = broker_fd;
	h->limits = *limits;
	h->ops = ops;
	h->ctx = ctx;
	return h;
}

static struct capture *find(const struct hub *h, uint32_t id)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->all[i]->id == id)
			return h->all[i];
	}
	return NULL;
}

static void add_totals(struct hub_totals *t, const struct capture *c)
{
	t->packets += c->packets;
	t->payload_bytes += c->payload_bytes;
	t->lost_ring += c->lost_ring;
	t->lost_viewer += c->lost_viewer;
	t->filters_refused += c->is_filter_refused;
}

void hub_forget(struct hub *h, struct capture *c)
{
	for (size_t i = 0; i < h->n; i++) {
		if (h->all[i] != c)
			continue;
		h->all[i] = h->all[--h->n];
		break;
	}
	if (c->watch)
		h->ops->unwatch(h->ctx, c->watch);
	add_totals(&h->gone, c);
	capture_free(c);
}

void hub_retire(struct hub *h, struct capture *c)
{
	if (c->seats.n > 0 || c->state == CAPTURE_OPENING)
		return;
	if (c->state != CAPTURE_ENDED && c->end.text[0] == '\0')
		(void) refuse(&c->end, 0, 200, CLOSE_NORMAL, "the last viewer left");
	(void) capture_scan(c); /* for the totals */
	if (c->state != CAPTURE_ENDED)
		c->ended_ns = clock_mono_ns();
	c->state = CAPTURE_ENDED;
	capture_release(c);
	/* a reader that ignores this is killed: see hub_tick() */
	if (!c->has_reader)
		hub_forget(h, c);
}

void hub_free(struct hub *h)
{
	if (!h)
		return;
	while (h->n > 0)
		hub_forget(h, h->all[0]);
	free(h->all);
	free(h);
}

static struct capture *find_same(const struct hub *h, const struct hub_request *req)
{
	for (size_t i = 0; i < h->n; i++) {
		if (capture_matches(h->all[i], &req->ns, req->is_claimed, &req->conf))
			return h->all[i];
	}
	return NULL;
}

bool hub_would_share(const struct hub *h, const struct hub_request *req)
{
	return find_same(h, req) != NULL;
}

/* A capture that is new gets its names; without memory it has none. */
static void take_names(struct capture *c, const struct catalog *cat)
{
	if (cat && c->names.version == 0)
		(void) names_update(&c->names, cat, c->ns.inode);
}

static int add_viewer(
	struct hub *h, struct hub_request *req, struct capture *c, struct viewer **ret)
{
	struct viewer *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	viewer_init(v, req->ops, req->ctx);
	v->shb = TAKE_PTR(req->shb);
	v->shb_len_bytes = req->shb_len_bytes;
	v->follow = TAKE_PTR(req->follow);
	v->wants_names = req->wants_names;
	v->wants_live_statistics = req->wants_live_statistics;
	v->send_bytes = req->send_bytes;
	v->tally.start_ns = clock_wall_ns();
	v->progress_ns = clock_mono_ns();
	v->seat = viewer_seat(v, c, SEAT_NEWEST);
	if (!v->seat) {
		viewer_done(v);
		free(v);
		return -EBADMSG;
	}
	h->n_viewers++;
	*ret = v;
	return 0;
}

static int join(struct hub *h, struct hub_request *req, struct viewer **ret, struct refusal *why)
{
	struct capture *c = find_same(h, req);
	int rc = 0;

	if (h->n_viewers >= h->limits.max_viewers)
		return refuse(why, -EBUSY, 503, CLOSE_TRY_AGAIN_LATER,
			"there are %" PRIu32 " viewers already; raise --max-viewers for more",
			h->n_viewers);
	if (hub_used_bytes(h) > h->limits.memory_bytes)
		return hub_refuse_memory(h, why);
	if (!c)
		rc = hub_start(h, &req->ns, &req->conf, &c, why);
	if (rc < 0)
		return rc;
	assert(c);
	take_names(c, req->catalog);
	rc = add_viewer(h, req, c, ret);
	if (rc < 0) {
		hub_retire(h, c);
		return refuse(why, rc, 503, CLOSE_TRY_AGAIN_LATER, "out of memory");
	}
	log_info("viewer joins id=%" PRIu32 " viewers=%" PRIu32, c->id, c->seats.n);
	/* a running capture has something to send at once */
	(*ret)->ops->wake((*ret)->ctx);
	return 0;
}

int hub_join(struct hub *h, struct hub_request *req, struct viewer **ret, struct refusal *why)
{
	int rc;

	/* a capture that starts finds its share of what is left beside */
	h->send_bytes += req->send_bytes;
	rc = join(h, req, ret, why);
	if (rc < 0)
		h->send_bytes -= req->send_bytes;
	capture_conf_done(&req->conf);
	free(TAKE_PTR(req->shb));
	follow_free(TAKE_PTR(req->follow));
	return rc;
}

void hub_unseat(struct hub *h, struct seat *s)
{
	struct capture *c = s->capture;

	capture_unseat(s);
	if (c->seats.n == 0)
		hub_retire(h, c);
	else
		capture_reclaim(c);
}

void hub_leave(struct hub *h, struct viewer *v)
{
	h->n_viewers--;
	h->send_bytes -= v->send_bytes;
	log_info("viewer leaves id=%" PRIu32 " viewers=%" PRIu32, v->seat->capture->id,
		v->seat->capture->seats.n - 1);
	if (v->successor)
		hub_unseat(h, v->successor);
	hub_unseat(h, v->seat);
	viewer_done(v);
	free(v);
}

int hub_next(struct hub *h, struct viewer *v, uint64_t now_ns, struct piece *ret)
{
	int rc = viewer_next(v, now_ns, ret);

	while (rc == VIEWER_MOVE) {
		struct seat *left = viewer_move(v);

		log_info("viewer goes on from=%" PRIu32 " id=%" PRIu32, left->capture->id,
			v->seat->capture->id);
		hub_unseat(h, left);
		rc = viewer_next(v, now_ns, ret);
	}
	return rc;
}

void hub_sent(struct hub *h, struct viewer *v)
{
	(void) h;
	capture_reclaim(v->seat->capture);
}

static bool has_followers(const struct capture *c)
{
	for (const struct seat *s = c->seats.first; s; s = s->next) {
		if (s->viewer->follow)
			return true;
	}
	return false;
}

void hub_event(struct hub *h, uint32_t id)
{
	struct capture *c = find(h, id);
	bool was_ended, was_refused;
	uint64_t n;

	if (!c)
		return;
	was_refused = c->is_filter_refused;
	(void) !read(c->event_fd, &n, sizeof(n));
	was_ended = c->state == CAPTURE_ENDED;
	(void) capture_scan(c);
	if (!was_ended && capture_may_go_on(c) && has_followers(c))
		h->ops->refresh(h->ctx); /* their target may be back already */
	if (c->is_filter_refused && !was_refused)
		log_warn("kernel has no room for the filter (net.core.optmem_max), "
			 "the reader filters id=%" PRIu32,
			c->id);
	capture_reclaim(c);
	hub_make_ring(h, c);
}

static void end_capture(struct capture *c, int http, int code, const char *text)
{
	struct refusal why;

	(void) refuse(&why, 0, http, code, "%s", text);
	capture_set_ended(c, &why);
}

/* The broker could not open the capture. */
static void on_refused(struct hub *h, struct capture *c, const struct msg_status *s)
{
	if (s->status == -ESRCH || s->status == -EXDEV) {
		c->is_stale = true;
		end_capture(
			c, 404, CLOSE_POLICY, "could not locate network namespace for container");
		h->ops->refresh(h->ctx);
		return;
	}
	log_warn("capture refused id=%" PRIu32 " reason=\"%s\"", c->id, s->text);
	/* a shortage of captures, memory, processes or descriptors, which can end */
	if (s->status == -EBUSY || s->status == -ENOMEM || s->status == -EAGAIN ||
		s->status == -EMFILE || s->status == -ENFILE)
		end_capture(c, 503, CLOSE_TRY_AGAIN_LATER, s->text);
	else
		end_capture(c, 500, CLOSE_INTERNAL, "cannot lock target network stack");
}

/* End the reader of @c at once: its stream is of no use. */
static void kill_reader(struct hub *h, const struct capture *c)
{
	struct msg kill = {.op = MSG_CAPTURE_KILL, .id = c->id};

	(void) msg_send(h->broker_fd, &kill, NULL, 0);
}

static void on_opened(struct hub *h, struct capture *c, const struct msg *m, struct fdset *fds)
{
	struct err e = ERR_NONE;

	if (m->u.status.status < 0) {
		on_refused(h, c, &m->u.status);
		hub_retire(h, c);
		return;
	}
	c->has_reader = true;
	if (capture_attach(c, fds, &e) < 0) {
		log_error("%s id=%" PRIu32, e.text, c->id);
		end_capture(c, 500, CLOSE_INTERNAL, "cannot start capture process");
	} else {
		c->watch = h->ops->watch(h->ctx, c->event_fd, c->id);
		if (!c->watch)
			end_capture(c, 503, CLOSE_TRY_AGAIN_LATER, "cannot start capture process");
	}
	if (c->state == CAPTURE_ENDED)
		kill_reader(h, c);
	hub_retire(h, c);
}

static void on_reader_ended(struct hub *h, struct capture *c, const struct msg_status *s)
{
	char reason[ERR_TEXT_MAX];

	c->has_reader = false;
	(void) capture_scan(c);
	if (s->status < 0)
		h->gone.readers_crashed++;
	if (c->state != CAPTURE_ENDED)
		end_capture(c, 500, CLOSE_INTERNAL, "capture process failed");
	log_info("capture ends id=%" PRIu32 " packets=%" PRIu64 " lost_ring=%" PRIu64
		 " lost_viewer=%" PRIu64 " reason=\"%s\"",
		c->id, c->packets, c->lost_ring, c->lost_viewer,
		log_quote(c->end.text, reason, sizeof(reason)));
	hub_retire(h, c);
}

int hub_message(struct hub *h, const struct msg *m, struct fdset *fds)
{
	struct capture *c = find(h, m->id);

	switch ((enum msg_op) m->op) {
	case MSG_CAPTURE_OPENED:
		if (c && c->state == CAPTURE_OPENING)
			on_opened(h, c, m, fds);
		return 0;
	case MSG_RING_MADE:
		if (c && c->next_ring_bytes > 0)
			hub_ring_made(h, c, &m->u.status);
		return 0;
	case MSG_CAPTURE_ENDED:
		if (c)
			on_reader_ended(h, c, &m->u.status);
		return 0;
	case MSG_TARGET_EXITED:
		if (c) {
			c->is_unwatched = true;
			h->ops->refresh(h->ctx);
		}
		return 0;
	default:
		return -EPROTO;
	}
}

void hub_catalog(struct hub *h, const struct catalog *cat)
{
	struct refusal why = {.http_status = 200, .close_code = CLOSE_NORMAL};

	(void) snprintf(why.text, sizeof(why.text),
		"the target has ended: its network namespace has no process any more");
	for (size_t i = 0; i < h->n; i++) {
		struct capture *c = h->all[i];

		/* only when its process has ended: a scan may miss what is being started */
		if (!c->is_unwatched || c->is_stopping || catalog_find_netns(cat, c->ns.inode))
			continue;
		c->is_target_gone = true;
		capture_stop(c, &why, clock_mono_ns());
	}
}

void hub_names(struct hub *h, const struct catalog *cat)
{
	for (size_t i = 0; i < h->n; i++) {
		struct capture *c = h->all[i];

		if (c->state != CAPTURE_ENDED && names_update(&c->names, cat, c->ns.inode) > 0)
			capture_wake(c);
	}
}

/* Once a second. Returns whether any of the viewers waits for its target to come back. */
static bool tick_viewers(struct capture *c, int64_t now_ns)
{
	struct seat *next;
	bool waits = false;

	for (struct seat *s = c->seats.first; s; s = next) {
		struct viewer *v = s->viewer;

		next = s->next;
		if (s != v->seat)
			continue;
		waits |= successors_tick(v, now_ns);
		if (viewer_has_more(v) && now_ns - v->progress_ns > STUCK_NS)
			v->ops->stuck(v->ctx);
		if (viewer_tick(v))
			v->ops->wake(v->ctx);
	}
	return waits;
}

/* Does the reader of @c neither start nor end in time? */
static bool is_overdue(const struct capture *c, int64_t now_ns)
{
	if (!c->has_reader)
		return false;
	if (c->state == CAPTURE_ENDED)
		return now_ns - c->ended_ns > STOP_LIMIT_NS;
	if (c->is_stopping)
		return now_ns - c->stop_ns > STOP_LIMIT_NS;
	return c->state == CAPTURE_STARTING && now_ns - c->stop_ns > START_LIMIT_NS;
}

void hub_tick(struct hub *h, int64_t now_ns)
{
	bool is_news_wanted = false;

	successors_drop_failed(h);
	for (size_t i = 0; i < h->n; i++) {
		struct capture *c = h->all[i];

		is_news_wanted |= c->is_unwatched && !c->is_stopping;
		if (is_overdue(c, now_ns))
			kill_reader(h, c);
		/* the budget may have room by now */
		hub_make_ring(h, c);
		is_news_wanted |= tick_viewers(c, now_ns);
	}
	if (is_news_wanted)
		h->ops->refresh(h->ctx);
}

void hub_stop_all(struct hub *h, const struct refusal *why)
{
	for (size_t i = 0; i < h->n; i++)
		capture_stop(h->all[i], why, clock_mono_ns());
}

const struct refusal *hub_end(const struct viewer *v, bool *ret_stale)
{
	*ret_stale = v->seat->capture->is_stale;
	return &v->seat->capture->end;
}

void hub_totals(const struct hub *h, struct hub_totals *ret)
{
	*ret = h->gone;
	for (size_t i = 0; i < h->n; i++) {
		add_totals(ret, h->all[i]);
		ret->captures += h->all[i]->state != CAPTURE_ENDED;
	}
	ret->memory_bytes = hub_used_bytes(h);
	ret->viewers = h->n_viewers;
}
