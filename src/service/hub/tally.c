/* SPDX-License-Identifier: MIT */
#include "service/hub/tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng/write.h"

void tally_done(struct tally *t)
{
	free(t->rows);
	memset(t, 0, sizeof(*t));
}

int tally_grow(struct tally *t, uint32_t n)
{
	struct tally_row *rows;

	if (n <= t->n)
		return 0;
	rows = reallocarray(t->rows, n, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	memset(rows + t->n, 0, (n - t->n) * sizeof(*rows));
	t->rows = rows;
	t->n = n;
	return 0;
}

int tally_know(struct tally *t, uint32_t n)
{
	if (tally_grow(t, n) < 0)
		return -ENOMEM;
	for (; t->known < n; t->known++)
		t->changed |= t->rows[t->known].changed;
	return 0;
}

static struct tally_row *touch(struct tally *t, uint32_t interface)
{
	t->changed |= interface < t->known;
	t->rows[interface].changed = true;
	return &t->rows[interface];
}

void tally_lost_ring(struct tally *t, uint32_t interface, uint64_t packets)
{
	if (packets > 0)
		touch(t, interface)->lost_ring += packets;
}

void tally_delivered(struct tally *t, const struct chunk *c)
{
	for (uint16_t i = 0; i < c->info.n_counts; i++)
		touch(t, c->counts[i].interface)->delivered += c->counts[i].packets;
}

void tally_skipped(struct tally *t, const struct chunk *c)
{
	for (uint16_t i = 0; i < c->info.n_counts; i++)
		touch(t, c->counts[i].interface)->lost_viewer += c->counts[i].packets;
}

static ssize_t put_row(
	const struct tally *t, uint32_t i, uint64_t now_ns, uint8_t *out, size_t cap_bytes)
{
	const struct tally_row *r = &t->rows[i];
	struct pcapng_isb isb = {
		.interface = i,
		.ts_ns = now_ns,
		.start_ns = t->start_ns,
		.end_ns = now_ns,
		.accepted = r->delivered + r->lost_ring + r->lost_viewer,
		.lost = r->lost_ring + r->lost_viewer,
		.lost_ring = r->lost_ring,
		.delivered = r->delivered,
	};

	return pcapng_put_isb(&isb, out, cap_bytes);
}

size_t tally_put(struct tally *t, bool all, uint64_t now_ns, uint8_t *out, size_t cap_bytes)
{
	size_t len = 0;

	t->changed = false;
	for (uint32_t i = 0; i < t->known; i++) {
		ssize_t n;

		if (!all && !t->rows[i].changed)
			continue;
		n = put_row(t, i, now_ns, out + len, cap_bytes - len);
		if (n < 0) {
			t->changed = true; /* the rest next time */
			break;
		}
		t->rows[i].changed = false;
		len += (size_t) n;
	}
	return len;
}
