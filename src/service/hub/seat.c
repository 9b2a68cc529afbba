/* SPDX-License-Identifier: MIT */
#include "service/hub/seat.h"

#include <errno.h>
#include <string.h>

/* The range of read positions. */
struct range {
	uint64_t least, most;
};

void seats_add(struct seats *l, struct seat *s)
{
	s->next = l->first;
	l->first = s;
	l->n++;
}

void seats_remove(struct seats *l, struct seat *s)
{
	struct seat **at = &l->first;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at) {
		*at = s->next;
		l->n--;
	}
	*s = (struct seat){0};
}

bool seat_has_passed(const struct seat *s, const struct chunk *k)
{
	return s->pos >= k->next;
}

bool seat_has_left(const struct seat *s)
{
	return s->pos >= s->leave_at;
}

/* Count chunk @k. */
static int count(struct seat *s, const struct chunk *k, bool is_delivered)
{
	uint64_t lost = s->unbooked + k->info.lost;

	if (tally_grow(s->tally, k->info.interfaces) < 0)
		return -ENOMEM;
	s->gap += is_delivered ? 0 : k->info.packets + k->info.lost;
	s->unbooked = lost;
	if (k->info.packets == 0)
		return 0;
	s->last_interface = k->info.lost_interface;
	s->unbooked = 0;
	tally_lost_ring(s->tally, s->last_interface, lost);
	if (is_delivered)
		tally_delivered(s->tally, k);
	else
		tally_skipped(s->tally, k);
	return 0;
}

int seat_pass(struct seat *s, const struct chunk *k, bool is_delivered)
{
	if (seat_has_passed(s, k))
		return 0;
	if (k->info.kind == CHUNK_PACKETS && !seat_has_left(s) && count(s, k, is_delivered) < 0)
		return -ENOMEM;
	s->pos = k->next;
	return 0;
}

int seat_settle(struct seat *s)
{
	if (s->unbooked == 0)
		return 0;
	if (tally_grow(s->tally, s->last_interface + 1) < 0)
		return -ENOMEM;
	tally_lost_ring(s->tally, s->last_interface, s->unbooked);
	s->unbooked = 0;
	return 0;
}

static struct range range_of(const struct seats *l, uint64_t scanned)
{
	struct range at = {.least = scanned, .most = l->first ? 0 : scanned};

	for (const struct seat *s = l->first; s; s = s->next) {
		uint64_t pos = s->pos < scanned ? s->pos : scanned;

		if (pos < at.least)
			at.least = pos;
		if (pos > at.most)
			at.most = pos;
	}
	return at;
}

/* If the slowest seats stand before a jump of the stream, move them behind it: no chunk is in
 * between, and the room before the jump can be released. */
static void cross_jump(
	struct seats *l, const struct chunk_reader *in, uint64_t scanned, struct range *at)
{
	uint64_t end = chunk_reader_past_jump(in, at->least);

	if (end == at->least || end > scanned)
		return;
	for (struct seat *s = l->first; s; s = s->next) {
		if (s->pos < end)
			s->pos = end;
	}
	at->least = end;
	if (at->most < end)
		at->most = end;
}

/* Slow viewers may hold half of the buffer, so that the reader can go on with the other half. But a
 * viewer that is at most an eighth of the buffer behind the fastest is not slow. It only is served
 * later in the same round. */
static bool is_too_slow(const struct chunk_reader *in, const struct range *at)
{
	uint64_t half = in->size_bytes / 2;

	return in->head - at->least > half && at->most - at->least > half / 4;
}

/* Make every seat that has not passed @k skip it. */
static void skip(struct seats *l, const struct chunk *k, uint64_t *lost)
{
	for (struct seat *s = l->first; s; s = s->next) {
		bool is_lost = !seat_has_passed(s, k) && !seat_has_left(s);

		/* without memory for its counters the viewer ends with its next step */
		if (seat_pass(s, k, false) == 0 && is_lost)
			*lost += k->info.packets;
	}
}

bool seats_reclaim(struct seats *l, struct chunk_reader *in, uint64_t scanned, uint64_t *lost)
{
	struct range at = range_of(l, scanned);
	bool wake;

	cross_jump(l, in, scanned, &at);
	wake = chunk_reader_release(in, at.least);
	while (is_too_slow(in, &at)) {
		struct chunk k;

		if (chunk_reader_next(in, at.least, &k) <= 0 || k.next > at.most)
			break;
		skip(l, &k, lost);
		at.least = k.next;
		wake |= chunk_reader_release(in, at.least);
	}
	return wake;
}
