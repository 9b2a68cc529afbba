/* SPDX-License-Identifier: MIT */
#include "stream/chunk.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define RECORD_ALIGN     64
#define PACKET_MIN_BYTES 32 /* of an Enhanced Packet Block */
#define PAYLOAD_AT       (sizeof(struct record) + CHUNK_HEADROOM_BYTES)

enum {
	RECORD_PAD = 0x70616400,
	RECORD_CHUNK = 0x63686b00
};

/* Each word on a cache line of its own: the two sides do not slow each other. */
struct stream_shared {
	_Alignas(64) _Atomic uint64_t head;
	_Alignas(64) _Atomic uint64_t released;
	_Alignas(64) _Atomic uint32_t writer_waits;
};

/* Header of a record in the buffer. */
struct record {
	_Alignas(64) uint32_t magic; /* RECORD_PAD or RECORD_CHUNK */
	uint32_t total_bytes;        /* of the record, a multiple of RECORD_ALIGN */
	struct chunk_info info;
};

_Static_assert(sizeof(struct record) == 64, "the header is one cache line");
_Static_assert(sizeof(struct stream_shared) <= STREAM_HEADER_BYTES, "fits the first page");

static int check_size(size_t map_bytes, uint64_t *ret_size)
{
	uint64_t size = map_bytes - STREAM_HEADER_BYTES;

	if (map_bytes < STREAM_HEADER_BYTES || size < STREAM_MIN_BYTES || size > STREAM_MAX_BYTES ||
		size % STREAM_GRAIN_BYTES != 0)
		return -EINVAL;
	*ret_size = size;
	return 0;
}

/* Bytes of a record with @payload payload bytes and @counts counts. */
static uint64_t record_bytes(size_t payload, size_t counts)
{
	uint64_t n = PAYLOAD_AT + payload + CHUNK_TAILROOM_BYTES;

	n = (n + 7) / 8 * 8 + counts * sizeof(struct chunk_count);
	return (n + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

static size_t counts_at(size_t payload)
{
	return (PAYLOAD_AT + payload + CHUNK_TAILROOM_BYTES + 7) / 8 * 8;
}

int chunk_writer_init(struct chunk_writer *w, void *map, size_t map_bytes)
{
	memset(w, 0, sizeof(*w));
	if (check_size(map_bytes, &w->size_bytes) < 0)
		return -EINVAL;
	w->shared = map;
	w->data = (uint8_t *) map + STREAM_HEADER_BYTES;
	return 0;
}

/* Take in the service's word. It may only grow, and never past what was published. */
static int take_released(struct chunk_writer *w)
{
	/* pairs with the release store in chunk_reader_release() */
	uint64_t v = atomic_load_explicit(&w->shared->released, memory_order_acquire);

	if (v < w->released || v > w->head || v % RECORD_ALIGN != 0)
		return -EPROTO;
	w->released = v;
	return 0;
}

/* Fill the rest of the buffer with a record that only says: go on at the start. */
static void pad_to_start(struct chunk_writer *w)
{
	uint64_t at = w->head % w->size_bytes, left = w->size_bytes - at;
	struct record *r = (struct record *) (w->data + at);

	r->magic = RECORD_PAD;
	r->total_bytes = (uint32_t) left;
	w->head += left;
}

int chunk_writer_reserve(struct chunk_writer *w, size_t payload_bytes, uint8_t **ret_payload)
{
	uint64_t need = record_bytes(payload_bytes, CHUNK_COUNTS_MAX), at, left, cost;
	int rc;

	w->is_reserved = false;
	if (payload_bytes > w->size_bytes / 2 || need > w->size_bytes / 2)
		return -EMSGSIZE;
	rc = take_released(w);
	if (rc < 0)
		return rc;
	at = w->head % w->size_bytes;
	left = w->size_bytes - at;
	/* When everything was taken, start over: a small part of the buffer, warm in the cache,
	 * then does the work of the whole. What is jumped over counts until it is released, so the
	 * chunk has to fit in front of it. */
	if (at >= w->size_bytes / 16 && at >= need && w->head == w->released)
		cost = left + need;
	else
		cost = need > left ? left + need : need;
	if (cost > w->size_bytes - (w->head - w->released))
		return -EAGAIN;
	if (cost > need)
		pad_to_start(w);
	w->reserved_at = w->head;
	w->is_reserved = true;
	*ret_payload = w->data + w->head % w->size_bytes + PAYLOAD_AT;
	return 0;
}

void chunk_writer_commit(
	struct chunk_writer *w, const struct chunk_info *info, const struct chunk_count *counts)
{
	uint8_t *p = w->data + w->reserved_at % w->size_bytes;
	struct record *r = (struct record *) p;
	uint64_t total = record_bytes(info->payload_len_bytes, info->n_counts);

	if (info->n_counts)
		memcpy(p + counts_at(info->payload_len_bytes), counts,
			info->n_counts * sizeof(*counts));
	r->magic = RECORD_CHUNK;
	r->total_bytes = (uint32_t) total;
	r->info = *info;
	w->head = w->reserved_at + total;
	w->is_reserved = false;
	/* pairs with the acquire load in take_head() */
	atomic_store_explicit(&w->shared->head, w->head, memory_order_release);
}

bool chunk_writer_must_wait(struct chunk_writer *w, size_t payload_bytes)
{
	uint8_t *unused;

	/* Either we see the service's newest word below, or it sees this flag: both are
	 * sequentially consistent, like the pair in chunk_reader_release(). */
	atomic_store(&w->shared->writer_waits, 1);
	if (chunk_writer_reserve(w, payload_bytes, &unused) == -EAGAIN)
		return true;
	atomic_store(&w->shared->writer_waits, 0);
	return false;
}

int chunk_reader_init(struct chunk_reader *r, void *map, size_t map_bytes)
{
	memset(r, 0, sizeof(*r));
	if (check_size(map_bytes, &r->size_bytes) < 0)
		return -EINVAL;
	r->shared = map;
	r->data = (uint8_t *) map + STREAM_HEADER_BYTES;
	return 0;
}

static int take_head(struct chunk_reader *r)
{
	/* pairs with the release store in chunk_writer_commit() */
	uint64_t v = atomic_load_explicit(&r->shared->head, memory_order_acquire);

	if (v < r->head || v - r->released > r->size_bytes || v % RECORD_ALIGN != 0)
		return -EBADMSG;
	r->head = v;
	return 0;
}

uint64_t chunk_reader_head(struct chunk_reader *r, int *ret_rc)
{
	*ret_rc = take_head(r);
	return r->head;
}

/* Returns whether a chunk that says @i of itself can be one of its kind. */
static bool is_possible(const struct chunk_info *i)
{
	if (i->interfaces > STREAM_INTERFACES_MAX || i->status > 0)
		return false;
	switch ((enum chunk_kind) i->kind) {
	case CHUNK_PACKETS:
		return (uint64_t) i->packets * PACKET_MIN_BYTES <= i->payload_len_bytes;
	case CHUNK_INTERFACE:
		return i->payload_len_bytes <= STREAM_INTERFACE_BYTES;
	case CHUNK_READY:
	case CHUNK_RING_WANTED:
	case CHUNK_FILTER_REFUSED:
		return i->payload_len_bytes == 0;
	case CHUNK_END:
		return i->payload_len_bytes <= STREAM_REASON_BYTES;
	}
	return false; /* no kind */
}

/* Check the copy @h of a record header against the @left bytes up to the head and the end of the
 * buffer. */
static int check_record(const struct record *h, uint64_t left)
{
	const struct chunk_info *i = &h->info;

	if (h->total_bytes < sizeof(struct record) || h->total_bytes > left ||
		h->total_bytes % RECORD_ALIGN != 0)
		return -EBADMSG;
	if (h->magic == RECORD_PAD)
		return 0;
	if (h->magic != RECORD_CHUNK || i->n_counts > CHUNK_COUNTS_MAX ||
		i->payload_len_bytes > h->total_bytes ||
		record_bytes(i->payload_len_bytes, i->n_counts) != h->total_bytes ||
		!is_possible(i))
		return -EBADMSG;
	return 0;
}

static int copy_counts(const uint8_t *rec, struct chunk *c)
{
	uint64_t sum = 0;

	memcpy(c->counts, rec + counts_at(c->info.payload_len_bytes),
		c->info.n_counts * sizeof(c->counts[0]));
	for (uint16_t i = 0; i < c->info.n_counts; i++) {
		if (c->counts[i].interface >= c->info.interfaces)
			return -EBADMSG;
		sum += c->counts[i].packets;
	}
	if (c->info.packets > 0 && c->info.lost_interface >= c->info.interfaces)
		return -EBADMSG;
	return sum == c->info.packets ? 0 : -EBADMSG;
}

/* Copy the header of the record at @pos, which is before the head: the one look at it. */
static int copy_record(const struct chunk_reader *r, uint64_t pos, struct record *ret)
{
	uint64_t at = pos % r->size_bytes;
	uint64_t left = r->head - pos < r->size_bytes - at ? r->head - pos : r->size_bytes - at;

	if (left < sizeof(*ret))
		return -EBADMSG;
	memcpy(ret, r->data + at, sizeof(*ret));
	return check_record(ret, left);
}

int chunk_reader_next(struct chunk_reader *r, uint64_t pos, struct chunk *ret)
{
	for (;;) {
		uint64_t at = pos % r->size_bytes;
		struct record h;

		if (pos == r->head && (take_head(r) < 0))
			return -EBADMSG;
		if (pos == r->head)
			return 0;
		if (pos < r->released || pos > r->head)
			return -EBADMSG;
		if (copy_record(r, pos, &h) < 0)
			return -EBADMSG;
		pos += h.total_bytes;
		if (h.magic == RECORD_PAD)
			continue;
		ret->info = h.info;
		ret->next = pos;
		ret->payload = r->data + at + PAYLOAD_AT;
		return copy_counts(r->data + at, ret) < 0 ? -EBADMSG : 1;
	}
}

bool chunk_reader_release(struct chunk_reader *r, uint64_t pos)
{
	if (pos <= r->released)
		return false;
	r->released = pos;
	/* sequentially consistent together with chunk_writer_must_wait(), and thereby the release
	 * partner of take_released() */
	atomic_store(&r->shared->released, pos);
	/* a writer that sleeps is woken for a good piece of work, not for each chunk */
	if (r->head - r->released > r->size_bytes / 4 * 3)
		return false;
	return atomic_exchange(&r->shared->writer_waits, 0) != 0;
}

uint64_t chunk_reader_past_jump(const struct chunk_reader *r, uint64_t pos)
{
	struct record h;

	if (pos < r->released || pos >= r->head || copy_record(r, pos, &h) < 0)
		return pos;
	return h.magic == RECORD_PAD ? pos + h.total_bytes : pos;
}
