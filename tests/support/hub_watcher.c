/* SPDX-License-Identifier: MIT */
#include "support/hub_watcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/pcapng_read.h"

void model_failed(const char *file, int line, const char *what)
{
	(void) fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

size_t script_record(const struct script *s, uint64_t pos)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->records[mid].next <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The number of the first packet of record @i. */
static uint64_t number_at(const struct script *s, size_t i)
{
	return i < s->n ? s->records[i].first : s->number - s->lost;
}

void watcher_begin(struct watcher *w, struct script *s, size_t from)
{
	MODEL_CHECK(w->n < MODEL_SEGMENTS);
	w->segments[w->n] = (struct segment){s, from, SIZE_MAX};
	if (w->n++ == 0)
		w->number = number_at(s, from);
}

void watcher_move(struct watcher *w)
{
	const struct segment *s = &w->segments[w->at];

	MODEL_CHECK(w->at + 1 < w->n);
	w->missing += number_at(s->script, s->to) - w->number;
	w->at++;
	w->number = number_at(w->segments[w->at].script, w->segments[w->at].from);
}

static uint64_t option_of(const struct pcapng_block *b, uint16_t code)
{
	uint16_t len;
	const uint8_t *v = pcapng_read_option(b, code, &len);

	return v && len == 8 ? get_le64(v) : 0;
}

static void read_packet(struct watcher *w, const struct pcapng_block *b)
{
	uint32_t interface = get_le32(b->fixed);
	uint64_t number = get_le64(b->data), dropped = option_of(b, 4);

	MODEL_CHECK(interface < w->idbs);
	MODEL_CHECK(number >= w->number);
	MODEL_CHECK(number < number_at(w->segments[w->at].script, w->segments[w->at].to));
	MODEL_CHECK(dropped == w->missing + (number - w->number));
	w->missing = 0;
	w->number = number + 1;
	w->reported += dropped;
	w->delivered[interface]++;
}

static void read_statistics(struct watcher *w, const struct pcapng_block *b)
{
	uint32_t interface = get_le32(b->fixed);
	struct counters *c;

	MODEL_CHECK(interface < w->idbs);
	c = &w->isb[interface];
	*c = (struct counters){option_of(b, 4), option_of(b, 8), option_of(b, 5)};
	MODEL_CHECK(c->accepted == option_of(b, 6) && c->accepted == c->delivered + c->lost);
	MODEL_CHECK(c->delivered == w->delivered[interface]);
}

void watcher_read(struct watcher *w, const uint8_t *bytes, size_t len_bytes)
{
	MODEL_CHECK(len_bytes > 0);
	while (len_bytes > 0) {
		struct pcapng_block b;
		ssize_t n = pcapng_read_block(bytes, len_bytes, &b);

		MODEL_CHECK(n > 0);
		if (b.type == PCAPNG_IDB)
			w->idbs++;
		MODEL_CHECK(w->idbs <= MODEL_INTERFACES);
		if (b.type == PCAPNG_EPB)
			read_packet(w, &b);
		if (b.type == PCAPNG_ISB)
			read_statistics(w, &b);
		bytes += n;
		len_bytes -= (size_t) n;
	}
}

/* Counting as decision 0010 says: losses count at the interface of the next packet, at the end of a
 * stream at that of a packet before. */
struct counting {
	uint64_t passed[MODEL_INTERFACES];
	const struct script *script;
	uint64_t lost;      /* not counted yet */
	uint32_t interface; /* of a packet before */
};

static void end_script(struct counting *c)
{
	c->passed[c->interface] += c->lost;
	c->lost = 0;
}

static void add_segment(struct counting *c, const struct segment *s)
{
	if (c->script != s->script) {
		end_script(c);
		c->script = s->script;
		c->interface = s->script->first;
	}
	for (size_t i = s->from; i < s->to && i < s->script->n; i++) {
		const struct record *r = &s->script->records[i];
		uint32_t packets = 0;

		for (uint32_t j = 0; j < 8; j++) {
			packets += r->packets[j];
			if (r->packets[j])
				c->passed[r->base + j] += r->packets[j];
		}
		c->lost += r->lost;
		if (packets > 0) {
			c->interface = r->lost_interface;
			end_script(c);
		}
	}
}

void watcher_check(const struct watcher *w)
{
	struct counting c = {0};
	uint64_t lost = 0, passed = 0, accepted = 0;

	for (size_t i = 0; i <= w->at; i++)
		add_segment(&c, &w->segments[i]);
	end_script(&c);
	for (size_t i = 0; i < MODEL_INTERFACES; i++) {
		MODEL_CHECK(w->is_live || w->isb[i].accepted == c.passed[i]);
		MODEL_CHECK(w->isb[i].delivered == w->delivered[i]);
		lost += w->isb[i].lost;
		passed += c.passed[i];
		accepted += w->isb[i].accepted;
	}
	MODEL_CHECK(accepted == passed);
	/* what no packet reported is what came behind the last one */
	MODEL_CHECK(lost == w->reported + w->v->seat->gap);
}
