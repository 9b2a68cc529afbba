/* SPDX-License-Identifier: MIT */
#include "service/hub/viewer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng/edit.h"
#include "service/hub/follow.h"

void viewer_init(struct viewer *v, const struct viewer_ops *ops, void *ctx)
{
	v->ops = ops;
	v->ctx = ctx;
}

struct seat *viewer_seat(struct viewer *v, struct capture *c, enum seat_start start)
{
	struct seat *s = v->seats[0].capture ? &v->seats[1] : &v->seats[0];

	if (s->capture)
		return NULL;
	*s = (struct seat){.viewer = v, .ops = v->ops, .ctx = v->ctx, .tally = &v->tally};
	return capture_seat(c, s, start) < 0 ? NULL : s;
}

void viewer_done(struct viewer *v)
{
	free(v->shb);
	free(v->own);
	tally_done(&v->tally);
	follow_free(v->follow);
	v->follow = NULL;
	v->shb = v->own = NULL;
}

/* Make room for an own piece of at most @bytes. Returns where it starts, NULL without memory. */
static uint8_t *own_begin(struct viewer *v, size_t bytes)
{
	v->own = malloc(CHUNK_HEADROOM_BYTES + bytes + CHUNK_TAILROOM_BYTES);
	v->own_len_bytes = 0;
	return v->own ? v->own + CHUNK_HEADROOM_BYTES : NULL;
}

/* The interfaces that may be told: from the successor's first one on, numbers are the successor's.
 */
static uint32_t idbs_to_tell(const struct viewer *v)
{
	const struct capture *successor = v->successor ? v->successor->capture : NULL;
	uint32_t n = v->seat->capture->idbs.n;

	return successor && successor->conf.first_interface < n ? successor->conf.first_interface
								: n;
}

static bool has_new_idbs(const struct viewer *v)
{
	return idbs_to_tell(v) > v->tally.known;
}

/* Section header (once) and interfaces not sent so far, as many as one piece may hold: there is one
 * of both. */
static int make_idbs(struct viewer *v)
{
	const struct idb_list *l = &v->seat->capture->idbs;
	uint32_t n = v->tally.known + idb_list_fit(l, v->tally.known, idbs_to_tell(v));
	size_t idbs_len, shb_len = v->shb ? v->shb_len_bytes : 0;
	const uint8_t *idbs = idb_list_range(l, v->tally.known, n, &idbs_len);
	uint8_t *p;

	p = own_begin(v, shb_len + idbs_len);
	if (!p || tally_know(&v->tally, n) < 0)
		return -ENOMEM;
	if (shb_len)
		memcpy(p, v->shb, shb_len);
	if (idbs_len)
		memcpy(p + shb_len, idbs, idbs_len);
	v->own_len_bytes = shb_len + idbs_len;
	free(v->shb);
	v->shb = NULL;
	return VIEWER_PIECE;
}

static int make_stats(struct viewer *v, bool all, uint64_t now_ns)
{
	size_t cap = (size_t) v->tally.known * TALLY_ISB_BYTES;
	uint8_t *p = own_begin(v, cap);

	if (!p || (all && seat_settle(v->seat) < 0))
		return -ENOMEM;
	v->own_len_bytes = tally_put(&v->tally, all, now_ns, p, cap);
	v->stats_due = false;
	return VIEWER_PIECE;
}

/* The names of addresses that are news to this viewer. */
static int make_names(struct viewer *v)
{
	const struct names *names = &v->seat->capture->names;
	size_t cap = names_bytes(names, v->names_told);
	uint8_t *p = own_begin(v, cap);
	ssize_t n = p ? names_put(names, v->names_told, p, cap) : -ENOMEM;

	if (n < 0)
		return (int) n;
	v->own_len_bytes = (size_t) n;
	v->names_told = names->version;
	return VIEWER_PIECE;
}

/* A copy of the chunk at hand whose first packet reports how many were lost before it. It is edited
 * only once it is out of the memory that the reader can write. */
static int make_gap_chunk(struct viewer *v)
{
	const struct chunk *c = &v->chunk;
	size_t len = c->info.payload_len_bytes, cap = len + PCAPNG_DROPCOUNT_BYTES;
	uint8_t *p = own_begin(v, cap);
	ssize_t n;

	if (!p)
		return -ENOMEM;
	memcpy(p, c->payload, len);
	n = pcapng_add_epb_dropcount(p, len, cap, v->seat->gap);
	if (n < 0)
		return -EBADMSG;
	v->own_len_bytes = (size_t) n;
	/* the copy is the viewer's own and will go out: the stream has done its part */
	v->seat->gap = 0;
	return seat_pass(v->seat, c, true) < 0 ? -ENOMEM : VIEWER_PIECE;
}

/* May the target come back in another namespace? Not for a viewer that has seen nothing yet: that
 * one looks for its target itself. */
static bool may_go_on(const struct viewer *v)
{
	return v->follow && !v->has_waited_enough && !v->shb && capture_may_go_on(v->seat->capture);
}

/* End with one statistics block for each interface, in one piece. */
static int finish_with_stats(struct viewer *v, uint64_t now_ns)
{
	if (v->is_final || v->tally.n == 0)
		return VIEWER_END;
	v->is_final = true;
	return make_stats(v, true, now_ns);
}

/* The end of the capture's stream was reached: go on with its successor, or wait for one, or end
 * with statistics of everything. */
static int finish(struct viewer *v, uint64_t now_ns)
{
	if (v->successor)
		return v->successor->capture->has_started ? VIEWER_MOVE : VIEWER_WAIT;
	if (may_go_on(v))
		return VIEWER_WAIT;
	return finish_with_stats(v, now_ns);
}

/* Look at the chunk at the viewer's position. Returns VIEWER_PIECE when there is something to send
 * (either @own or the chunk itself), VIEWER_WAIT, VIEWER_END, or a negative errno. */
static int next_chunk(struct viewer *v, uint64_t now_ns)
{
	struct seat *at = v->seat;
	struct capture *c = at->capture;

	for (;;) {
		int rc;

		if (seat_has_left(at))
			return finish(v, now_ns);
		rc = chunk_reader_next(&c->in, at->pos, &v->chunk);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return c->state == CAPTURE_ENDED ? finish(v, now_ns) : VIEWER_WAIT;
		if (v->chunk.info.kind == CHUNK_END)
			return c->state == CAPTURE_ENDED ? finish(v, now_ns) : VIEWER_WAIT;
		if (v->chunk.info.kind != CHUNK_PACKETS) {
			(void) seat_pass(at, &v->chunk, true);
			continue;
		}
		if (v->tally.known < v->chunk.info.interfaces) {
			/* this chunk may be newer than the last look of the capture */
			if (capture_scan(c) < 0 || idbs_to_tell(v) < v->chunk.info.interfaces)
				return -EBADMSG;
			return make_idbs(v);
		}
		if (v->chunk.info.packets == 0) {
			at->gap += v->chunk.info.lost;
			(void) seat_pass(at, &v->chunk, true);
			continue;
		}
		return at->gap ? make_gap_chunk(v) : VIEWER_PIECE;
	}
}

/* Decide what the next piece is; afterwards it is @own, or the payload of @chunk. */
static int choose(struct viewer *v, uint64_t now_ns)
{
	const struct capture *c = v->seat->capture;

	if (v->own)
		return VIEWER_PIECE;
	if (v->is_leaving)
		return finish_with_stats(v, now_ns);
	if (!c->has_started)
		return c->state == CAPTURE_ENDED ? finish(v, now_ns) : VIEWER_WAIT;
	if (v->shb || has_new_idbs(v))
		return make_idbs(v);
	if (v->wants_names && v->names_told != c->names.version) {
		/* what was new may be gone again */
		if (names_bytes(&c->names, v->names_told) > 0)
			return make_names(v);
		v->names_told = c->names.version;
	}
	if (v->stats_due && v->tally.changed)
		return make_stats(v, false, now_ns);
	return next_chunk(v, now_ns);
}

int viewer_next(struct viewer *v, uint64_t now_ns, struct piece *ret)
{
	int rc = choose(v, now_ns);

	if (rc != VIEWER_PIECE)
		return rc;
	if (v->own)
		*ret = (struct piece){v->own + CHUNK_HEADROOM_BYTES, v->own_len_bytes};
	else
		*ret = (struct piece){v->chunk.payload, v->chunk.info.payload_len_bytes};
	return rc;
}

void viewer_sent(struct viewer *v, int64_t now_ns)
{
	v->progress_ns = now_ns;
	if (v->own) {
		free(v->own);
		v->own = NULL;
		return;
	}
	(void) seat_pass(v->seat, &v->chunk, true);
}

void viewer_leave(struct viewer *v)
{
	v->is_leaving = true;
}

/* Returns whether the chunk at @pos has packets and can be sent with nothing before it. */
static bool is_plain_chunk(const struct viewer *v, uint64_t pos, struct chunk *ret)
{
	if (pos >= v->seat->leave_at || chunk_reader_next(&v->seat->capture->in, pos, ret) != 1)
		return false;
	return ret->info.kind == CHUNK_PACKETS && ret->info.packets > 0 &&
	       ret->info.interfaces <= v->tally.known;
}

int viewer_ahead(const struct viewer *v, struct iovec *ret, int cap)
{
	uint64_t pos = v->chunk.next;
	struct chunk c;
	int n = 0;

	if (v->own || v->stats_due)
		return 0;
	while (n < cap && is_plain_chunk(v, pos, &c)) {
		ret[n++] = (struct iovec){c.payload, c.info.payload_len_bytes};
		pos = c.next;
	}
	return n;
}

void viewer_sent_ahead(struct viewer *v, int n)
{
	for (; n > 0 && is_plain_chunk(v, v->seat->pos, &v->chunk); n--)
		(void) seat_pass(v->seat, &v->chunk, true);
}

bool viewer_tick(struct viewer *v)
{
	if (!v->wants_live_statistics)
		return false;
	/* a loss in the kernel is not kept back if nothing follows it */
	if (!viewer_has_more(v))
		(void) seat_settle(v->seat);
	v->stats_due = v->tally.changed;
	return v->stats_due;
}

bool viewer_has_more(const struct viewer *v)
{
	return v->own || v->seat->pos < v->seat->capture->scan_pos;
}

bool viewer_waits(const struct viewer *v)
{
	return !v->successor && may_go_on(v);
}

struct seat *viewer_move(struct viewer *v)
{
	struct seat *left = v->seat;

	(void) seat_settle(left);
	v->seat = v->successor;
	v->successor = NULL;
	v->seat->gap += left->gap;
	v->names_told = 0;
	v->waits_since_ns = 0;
	return left;
}
