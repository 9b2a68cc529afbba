/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/own.h"
#include "service/hub/budget.h"
#include "service/hub/hub_state.h"

#define CAPTURE_FILES   4    /* that the broker sends for one */
#define CATALOG_FILES   8    /* that discover sends for one, and a new channel */
#define RESERVED_FILES  32   /* that connections never take, at most an eighth of all */
#define PLENTY_OF_FILES 4096 /* more than connections take before the broker answers */

#define CROWD_FROM 2  /* captures; each further one is of a crowd */
#define CROWD_MS   20 /* its latency, from which on a reader paces itself (reader/bell.h) */

uint64_t hub_used_bytes(const struct hub *h)
{
	uint64_t sum = h->send_bytes;

	for (size_t i = 0; i < h->n; i++) {
		assert(h->all[i]);
		sum += h->all[i]->bytes + h->all[i]->idbs.cap_bytes;
	}
	return sum;
}

static void append_endpoints(
	struct capture_conf *conf, const struct conf_endpoint *list, uint16_t n)
{
	uint16_t room = (uint16_t) (CONF_ENDPOINTS_MAX - conf->n_endpoints);

	if (n > room)
		n = room;
	memcpy(conf->endpoints + conf->n_endpoints, list, n * sizeof(*list));
	conf->n_endpoints = (uint16_t) (conf->n_endpoints + n);
}

/* When not all fit, the service's own addresses matter most. */
static void apply_endpoints(const struct hub *h, struct capture_conf *conf, uint64_t inode)
{
	const struct hub_endpoints *e = &h->endpoints;

	conf->n_endpoints = 0;
	if (inode == e->own_inode)
		append_endpoints(conf, e->here, e->n_here);
	append_endpoints(conf, e->everywhere, e->n_everywhere);
	append_endpoints(conf, e->viewers, e->n_viewers);
}

static int keep(struct hub *h, struct capture *c)
{
	size_t cap = h->cap ? h->cap * 2 : 16;
	struct capture **all;

	if (h->n == h->cap) {
		all = reallocarray(h->all, cap, sizeof(struct capture *));
		if (!all)
			return -ENOMEM;
		h->all = all;
		h->cap = cap;
	}
	h->all[h->n++] = c;
	return 0;
}

static int ask_broker(struct hub *h, struct capture *c)
{
	struct msg m = {.op = MSG_CAPTURE_OPEN,
		.id = c->id,
		.u.capture_open = {.ns = c->ns,
			.ring_bytes = c->ring_bytes,
			.stream_bytes = c->stream_bytes,
			.latency_ms = (uint16_t) c->latency_ms}};

	return msg_send(h->broker_fd, &m, NULL, 0);
}

static struct budget budget_of(const struct hub *h)
{
	return (struct budget){
		h->limits.memory_bytes, h->limits.ring_bytes, h->limits.stream_bytes};
}

/* The size of the ring that @c gets next, 0 while there is no room for it. */
static uint32_t next_ring(const struct hub *h, const struct capture *c)
{
	const struct budget b = budget_of(h);
	uint64_t used = hub_used_bytes(h);
	uint32_t larger = budget_larger_ring(&b, used, c->ring_bytes);

	if (larger > 0 || c->ring_wanted == RING_WANTED_LARGER)
		return larger;
	return used + c->ring_bytes <= b.total_bytes ? c->ring_bytes : 0;
}

void hub_make_ring(struct hub *h, struct capture *c)
{
	struct msg m = {.op = MSG_RING_MAKE, .id = c->id};

	if (c->ring_wanted == RING_WANTED_NONE || c->next_ring_bytes > 0 || c->is_stopping ||
		c->state != CAPTURE_RUNNING)
		return;
	m.u.ring_bytes = next_ring(h, c);
	if (m.u.ring_bytes == 0 || msg_send(h->broker_fd, &m, NULL, 0) < 0)
		return;
	c->ring_wanted = RING_WANTED_NONE;
	c->next_ring_bytes = m.u.ring_bytes;
	c->bytes += m.u.ring_bytes;
}

void hub_ring_made(struct hub *h, struct capture *c, const struct msg_status *s)
{
	uint32_t freed = c->ring_bytes;

	if (s->status == 0) {
		capture_use_next_ring(c);
		c->ring_bytes = c->next_ring_bytes;
		h->gone.rings_replaced++;
		log_info("capture gets another ring id=%" PRIu32 " ring=%" PRIu32, c->id,
			c->ring_bytes);
	} else {
		freed = c->next_ring_bytes;
		log_warn("capture keeps its ring id=%" PRIu32 " reason=\"%s\"", c->id, s->text);
	}
	c->bytes -= freed;
	c->next_ring_bytes = 0;
}

int hub_refuse_memory(const struct hub *h, struct refusal *why)
{
	return refuse(why, -ENOMEM, 503, CLOSE_TRY_AGAIN_LATER,
		"no memory for another capture or viewer: %" PRIu64 " of %" PRIu64
		" MiB are in use; end a capture or raise --memory",
		hub_used_bytes(h) >> 20, h->limits.memory_bytes >> 20);
}

/* Are there descriptors for another capture, beside those for captures that open and for catalogs?
 * Until they come, new connections can take all but the last ones (service/http/server.h). */
static bool has_files(const struct hub *h)
{
	int lowest = fcntl(h->broker_fd, F_DUPFD_CLOEXEC, 0);
	rlim_t first, need = CAPTURE_FILES, reserve;
	struct rlimit l;

	close_p(&lowest);
	if (lowest < 0 || getrlimit(RLIMIT_NOFILE, &l) < 0)
		return false;
	for (size_t i = 0; i < h->n; i++)
		need += h->all[i]->state == CAPTURE_OPENING ? CAPTURE_FILES : 0;
	first = (rlim_t) lowest;
	if (first + need + PLENTY_OF_FILES <= l.rlim_cur)
		return true;
	/* connections can take all below; captures that run may have some of these */
	reserve = l.rlim_cur / 8 < RESERVED_FILES ? l.rlim_cur / 8 : RESERVED_FILES;
	first = l.rlim_cur - reserve;
	return files_open(first, l.rlim_cur) + need + CATALOG_FILES <= reserve;
}

int hub_start(struct hub *h, const struct ns_ref *ns, struct capture_conf *conf,
	struct capture **ret, struct refusal *why)
{
	/* less costs a fast kernel timer, packets or not: that is for the first ones */
	uint32_t crowd_ms = h->n < CROWD_FROM ? 0 : CROWD_MS;
	const struct budget b = budget_of(h);
	struct budget_share share;
	struct capture *c;
	char filter[512];

	if (h->n >= h->limits.max_captures)
		return refuse(why, -EBUSY, 503, CLOSE_TRY_AGAIN_LATER,
			"there are %zu captures already; raise --max-captures for more", h->n);
	if (!has_files(h))
		return refuse(why, -EMFILE, 503, CLOSE_TRY_AGAIN_LATER,
			"no file descriptors for another capture; raise the limit of open files");
	if (budget_next(&b, hub_used_bytes(h), &share) < 0)
		return hub_refuse_memory(h, why);
	conf->may_grow = crowd_ms > 0 && share.ring_bytes > BUDGET_FIRST_RING_BYTES;
	if (conf->may_grow)
		share.ring_bytes = BUDGET_FIRST_RING_BYTES;
	apply_endpoints(h, conf, ns->inode);
	c = capture_new(++h->last_id, ns, conf);
	if (!c || keep(h, c) < 0) {
		capture_free(c);
		return refuse(why, -ENOMEM, 503, CLOSE_TRY_AGAIN_LATER, "out of memory");
	}
	c->ring_bytes = share.ring_bytes;
	c->stream_bytes = share.stream_bytes;
	c->bytes = (uint64_t) share.ring_bytes + share.stream_bytes;
	c->latency_ms = h->limits.latency_ms > crowd_ms ? h->limits.latency_ms : crowd_ms;
	c->stop_ns = clock_mono_ns();
	if (ask_broker(h, c) < 0) {
		hub_forget(h, c);
		return refuse(
			why, -EBUSY, 503, CLOSE_TRY_AGAIN_LATER, "cannot start capture process");
	}
	h->gone.captures_started++;
	(void) log_quote(c->conf.filter, filter, sizeof(filter));
	log_info("capture starts id=%" PRIu32 " netns=%" PRIu64 " interfaces=%u ring=%" PRIu32
		 " stream=%" PRIu32 " filter=\"%s\"",
		c->id, ns->inode, c->conf.n_names, share.ring_bytes, share.stream_bytes, filter);
	*ret = c;
	return 0;
}

void hub_set_endpoints(struct hub *h, const struct hub_endpoints *ep)
{
	h->endpoints = *ep;
	for (size_t i = 0; i < h->n; i++) {
		struct capture *c = h->all[i];
		struct capture_conf *conf = &c->conf;

		apply_endpoints(h, conf, c->ns.inode);
		capture_exclude(c);
	}
}
