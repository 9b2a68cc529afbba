/* SPDX-License-Identifier: MIT */
#include "service/merge/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "pcapng/edit.h"
#include "service/merge/heap.h"
#include "service/merge/source.h"
#include "stream/chunk.h"

#define PIECE_BYTES CHUNK_PAYLOAD_BYTES /* usual limit of a piece; one block may be larger */

struct merge {
	struct merge_source **sources; /* owned */
	size_t n_sources, cap_sources;
	struct merge_source *ready_first, *ready_last; /* to poll */
	struct merge_source *oldest, *newest;          /* those that hold packets, by arrival */
	struct heap held;                              /* the same, by their next packet */
	int64_t window_ns;
	bool is_sealed, is_draining, is_cut;
	bool is_out_of_memory; /* for a piece */

	uint8_t *shb; /* owned, NULL once it was handed out */
	size_t shb_len_bytes;
	uint32_t n_interfaces; /* of the merged stream */
	uint64_t newest_ts_ns; /* of the packets handed out */
	struct merge_limits limits;
	struct merge_counters counters;

	uint8_t *out; /* owned: head-room, the piece, tail-room */
	size_t out_len_bytes, out_cap_bytes;
	bool is_handed_out; /* the piece was returned and merge_sent() not called */
};

struct merge *merge_new(
	uint8_t *shb, size_t shb_len_bytes, int64_t window_ns, const struct merge_limits *limits)
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m) {
		free(shb);
		return NULL;
	}
	m->shb = shb;
	m->shb_len_bytes = shb_len_bytes;
	m->window_ns = window_ns < MERGE_WINDOW_MAX_NS ? window_ns : MERGE_WINDOW_MAX_NS;
	m->limits = *limits;
	return m;
}

static void free_source(struct merge_source *s)
{
	source_done(s);
	free(s);
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_sources; i++)
		free_source(m->sources[i]);
	free(m->sources);
	heap_done(&m->held);
	free(m->shb);
	free(m->out);
	free(m);
}

static int keep_source(struct merge *m, struct merge_source *s)
{
	size_t cap = m->cap_sources ? 2 * m->cap_sources : 8;
	struct merge_source **v;

	if (m->n_sources == m->cap_sources) {
		v = reallocarray(m->sources, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		m->sources = v;
		m->cap_sources = cap;
	}
	if (heap_reserve(&m->held, m->cap_sources) < 0)
		return -ENOMEM;
	m->sources[m->n_sources++] = s;
	return 0;
}

int merge_add(struct merge *m, const struct merge_source_ops *ops, void *ctx,
	const struct merge_label *label, struct merge_source **ret)
{
	struct merge_source *s;

	if (m->n_sources >= MERGE_SOURCES_MAX)
		return -E2BIG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->merge = m;
	s->ops = ops;
	s->ctx = ctx;
	if (merge_label_copy(label, &s->label) < 0 || keep_source(m, s) < 0) {
		free_source(s);
		return -ENOMEM;
	}
	merge_ready(s);
	*ret = s;
	return 0;
}

void merge_seal(struct merge *m)
{
	m->is_sealed = true;
}

void merge_drain(struct merge *m)
{
	m->is_draining = true;
}

void merge_ready(struct merge_source *s)
{
	struct merge *m = s->merge;

	/* a source that holds packets is polled again when it has handed them out */
	if (s->is_ready || s->is_held)
		return;
	s->is_ready = true;
	s->next_ready = NULL;
	if (m->ready_last)
		m->ready_last->next_ready = s;
	else
		m->ready_first = s;
	m->ready_last = s;
}

/* The first source of the queue leaves it. */
static void pop_ready(struct merge *m)
{
	struct merge_source *s = m->ready_first;

	m->ready_first = s->next_ready;
	if (!m->ready_first)
		m->ready_last = NULL;
	s->is_ready = false;
}

/* Take @s out of the queue, wherever it stands. */
static void forget_ready(struct merge *m, struct merge_source *s)
{
	struct merge_source **at = &m->ready_first, *before = NULL;

	if (!s->is_ready)
		return;
	for (; *at != s; at = &(*at)->next_ready)
		before = *at;
	*at = s->next_ready;
	if (m->ready_last == s)
		m->ready_last = before;
	s->is_ready = false;
}

/* @s, which holds no packets, is forgotten. */
static void end_source(struct merge *m, struct merge_source *s, int status)
{
	const struct merge_source_ops *ops = s->ops;
	void *ctx = s->ctx;

	forget_ready(m, s);
	for (size_t i = 0; i < m->n_sources; i++) {
		if (m->sources[i] == s) {
			m->sources[i] = m->sources[--m->n_sources];
			break;
		}
	}
	free_source(s);
	ops->ended(ctx, status);
}

/* @s has a run of packets. */
static void hold(struct merge *m, struct merge_source *s)
{
	s->is_held = true;
	s->older = m->newest;
	s->newer = NULL;
	if (m->newest)
		m->newest->newer = s;
	else
		m->oldest = s;
	m->newest = s;
	heap_push(&m->held, s->run[0].ts_ns, s);
}

/* The source at the root of the heap has handed out or dropped its run: it is to be polled. */
static void release_root(struct merge *m, struct merge_source *s)
{
	heap_pop(&m->held);
	s->is_held = false;
	*(s->older ? &s->older->newer : &m->oldest) = s->newer;
	*(s->newer ? &s->newer->older : &m->newest) = s->older;
	merge_ready(s);
}

/* Room for @len_bytes more in the piece. Returns where, or NULL with -EAGAIN in *ret_rc when the
 * piece has to be sent first, or -ENOMEM. */
static uint8_t *room(struct merge *m, size_t len_bytes, int *ret_rc)
{
	size_t cap = len_bytes > PIECE_BYTES ? len_bytes : PIECE_BYTES;

	*ret_rc = -EAGAIN;
	if (m->out_len_bytes > 0 && m->out_len_bytes + len_bytes > PIECE_BYTES)
		return NULL;
	if (m->out_len_bytes == 0 && cap > m->out_cap_bytes) {
		free(m->out);
		m->out_cap_bytes = 0;
		m->out = malloc(CHUNK_HEADROOM_BYTES + cap + CHUNK_TAILROOM_BYTES);
		if (!m->out) {
			m->is_out_of_memory = true;
			*ret_rc = -ENOMEM;
			return NULL;
		}
		m->out_cap_bytes = cap;
	}
	return m->out + CHUNK_HEADROOM_BYTES + m->out_len_bytes;
}

/* The @len_bytes at room() are part of the piece now. */
static void append(struct merge *m, size_t len_bytes)
{
	m->out_len_bytes += len_bytes;
	m->counters.bytes += len_bytes;
}

static int put_bytes(struct merge *m, const uint8_t *p, size_t len_bytes)
{
	int rc;
	uint8_t *to = room(m, len_bytes, &rc);

	if (!to)
		return rc;
	memcpy(to, p, len_bytes);
	append(m, len_bytes);
	return 0;
}

static int put_idb(struct merge *m, struct merge_source *s, const uint8_t *block, size_t len_bytes)
{
	const struct pcapng_label label = {s->label.prefix, s->label.description, s->label.comment};
	size_t cap = len_bytes + PCAPNG_LABEL_BYTES;
	int rc;
	uint8_t *to = room(m, cap, &rc);
	ssize_t n;

	if (!to)
		return rc;
	n = pcapng_label_idb(block, len_bytes, &label, to, cap);
	if (n < 0)
		return -EBADMSG;
	rc = source_add_interface(s, m->n_interfaces);
	if (rc < 0)
		return rc;
	m->n_interfaces++;
	append(m, (size_t) n);
	return 0;
}

static int put_isb(struct merge *m, const struct merge_source *s, uint8_t *block, size_t len_bytes)
{
	uint32_t interface = pcapng_interface(block);
	size_t cap = len_bytes + PCAPNG_LABEL_TEXT_MAX + 8;
	int rc;
	uint8_t *to = room(m, cap, &rc);
	ssize_t n = (ssize_t) len_bytes;

	if (!to)
		return rc;
	if (interface >= s->n_interfaces ||
		pcapng_isb_uncount(block, len_bytes, s->interfaces[interface].dropped) < 0)
		return -EBADMSG;
	if (s->comment[0])
		n = pcapng_comment_isb(block, len_bytes, s->comment, to, cap);
	else
		memcpy(to, block, len_bytes);
	if (n < 0)
		return -EBADMSG;
	pcapng_set_interface(to, s->interfaces[interface].id);
	append(m, (size_t) n);
	return 0;
}

/* Hand out a block of @s that is no packet. Returns 0, -EAGAIN when the piece has to be sent first,
 * -ENOMEM, or -EBADMSG. */
static int put_block(
	struct merge *m, struct merge_source *s, uint32_t type, uint8_t *block, size_t len_bytes)
{
	switch (type) {
	case PCAPNG_BLOCK_SHB:
		return 0; /* the merged stream has its own */
	case PCAPNG_BLOCK_IDB:
		return put_idb(m, s, block, len_bytes);
	case PCAPNG_BLOCK_ISB:
		return put_isb(m, s, block, len_bytes);
	default:
		return put_bytes(m, block, len_bytes);
	}
}

/* What became of a source in a step of feed(). */
enum step {
	STEP_ON,    /* there may be more */
	STEP_HOLDS, /* it holds packets */
	STEP_IDLE,  /* it has nothing now */
	STEP_FULL,  /* the piece has to be sent first */
	STEP_ENDED, /* with a status */
};

static enum step take(struct merge_source *s, int64_t now_ns, int *ret_status)
{
	int rc = source_take(s, now_ns, ret_status);

	if (rc < 0)
		return STEP_ENDED;
	return rc == 0 ? STEP_IDLE : STEP_ON;
}

static enum step step(struct merge *m, struct merge_source *s, int64_t now_ns, int *ret_status)
{
	size_t at = 0, len_bytes = 0;
	uint32_t type = 0;
	int rc = source_look(s, &at, &len_bytes, &type);

	if (rc == SOURCE_EMPTY)
		return take(s, now_ns, ret_status);
	if (rc == SOURCE_PACKETS && !m->is_cut)
		return STEP_HOLDS;
	if (rc == SOURCE_PACKETS)
		source_drop_run(s);
	if (rc == SOURCE_BLOCK)
		rc = put_block(m, s, type, s->piece + at, len_bytes);
	if (rc == -EAGAIN) {
		s->at = at; /* look at the block once more */
		return STEP_FULL;
	}
	*ret_status = rc < 0 ? rc : 0;
	return rc < 0 ? STEP_ENDED : STEP_ON;
}

/* Poll @s, which is in no queue, until it holds packets, has nothing more, or ends. Returns false
 * when the piece has to be sent first. */
static bool feed(struct merge *m, struct merge_source *s, int64_t now_ns)
{
	enum step next;
	int status = 0;

	do
		next = step(m, s, now_ns, &status);
	while (next == STEP_ON);
	if (next == STEP_HOLDS)
		hold(m, s);
	if (next == STEP_FULL)
		merge_ready(s);
	if (next == STEP_ENDED)
		end_source(m, s, status);
	return next != STEP_FULL;
}

/* Poll every source that may have something new. Returns false when the piece has to be sent
 * first. */
static bool feed_ready(struct merge *m, int64_t now_ns)
{
	while (m->ready_first) {
		struct merge_source *s = m->ready_first;

		pop_ready(m);
		if (!feed(m, s, now_ns))
			return false;
	}
	return true;
}

/* A limit was reached: nothing that is held will be handed out. */
static void cut(struct merge *m)
{
	m->is_cut = true;
	while (m->held.n > 0) {
		struct merge_source *s = m->held.v[0].item;

		source_drop_run(s);
		release_root(m, s);
	}
}

/* Does a packet of @len_bytes exceed a limit? */
static bool is_over(const struct merge *m, size_t len_bytes)
{
	const struct merge_limits *l = &m->limits;

	return (l->packets && m->counters.packets >= l->packets) ||
	       (l->bytes && m->counters.bytes + len_bytes > l->bytes);
}

/* Hand out packet @p of @s. Returns false when the piece has to be sent first, or there is no
 * memory. */
static bool put_packet(struct merge *m, const struct merge_source *s, const struct source_packet *p)
{
	const uint8_t *block = s->piece + p->at;
	int rc;
	uint8_t *to = room(m, p->len_bytes, &rc);

	if (!to)
		return false;
	memcpy(to, block, p->len_bytes);
	pcapng_set_interface(to, s->interfaces[pcapng_interface(block)].id);
	append(m, p->len_bytes);
	m->counters.packets++;
	m->counters.late += p->ts_ns < m->newest_ts_ns;
	if (p->ts_ns > m->newest_ts_ns)
		m->newest_ts_ns = p->ts_ns;
	return true;
}

/* Hand out packets of the source that has the earliest one, until another source has an earlier
 * one. Returns false when the piece is full or a limit was reached. */
static bool put_run(struct merge *m)
{
	struct merge_source *s = m->held.v[0].item;
	uint64_t until_ns = heap_second_ns(&m->held);

	while (s->run_at < s->n_run && s->run[s->run_at].ts_ns <= until_ns) {
		const struct source_packet *p = &s->run[s->run_at];

		if (is_over(m, p->len_bytes)) {
			cut(m);
			return false;
		}
		if (!put_packet(m, s, p))
			return false;
		s->run_at++;
		if (is_over(m, 0)) {
			cut(m);
			return false;
		}
	}
	if (s->run_at < s->n_run)
		heap_change_root(&m->held, s->run[s->run_at].ts_ns);
	else
		release_root(m, s);
	return true;
}

/* May the earliest packet be handed out, or can a source still have an earlier one? */
static bool is_due(const struct merge *m, int64_t now_ns)
{
	return m->is_draining || m->held.n == m->n_sources ||
	       m->oldest->arrived_ns + m->window_ns <= now_ns;
}

static void fill(struct merge *m, int64_t now_ns, int64_t *ret_due_ns)
{
	if (m->shb && put_bytes(m, m->shb, m->shb_len_bytes) == 0) {
		free(m->shb);
		m->shb = NULL;
	}
	while (!m->shb && feed_ready(m, now_ns) && m->held.n > 0) {
		if (!is_due(m, now_ns)) {
			*ret_due_ns = m->oldest->arrived_ns + m->window_ns;
			return;
		}
		if (!put_run(m))
			return;
	}
}

int merge_next(struct merge *m, int64_t now_ns, struct iovec *ret, int64_t *ret_due_ns)
{
	*ret_due_ns = INT64_MAX;
	if (!m->is_handed_out)
		fill(m, now_ns, ret_due_ns);
	if (m->is_out_of_memory)
		return -ENOMEM;
	if (m->out_len_bytes > 0) {
		m->is_handed_out = true;
		*ret = (struct iovec){m->out + CHUNK_HEADROOM_BYTES, m->out_len_bytes};
		return 1;
	}
	return m->n_sources == 0 && m->is_sealed ? -1 : 0;
}

void merge_sent(struct merge *m)
{
	m->out_len_bytes = 0;
	m->is_handed_out = false;
}

bool merge_is_cut(const struct merge *m)
{
	return m->is_cut;
}

const struct merge_counters *merge_counters(const struct merge *m)
{
	return &m->counters;
}
