/* SPDX-License-Identifier: MIT */
/* Laws: what a stream becomes does not depend on how it was cut; it is pcapng that our reader
 * takes, with as many packets as were counted, none longer than the snap length, and no more bytes
 * than the limit; editing a section header twice is editing it once. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csharg/lib/pipeline.h"
#include "csharg/lib/section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct target_comment doc = {
	.name = "n", .type = "t", .node_name = "", .cluster_uid = "", .filter = "f"};

struct out {
	uint8_t *p;
	size_t n;
	struct csharg_counters counters;
	int rc;
};

static int collect(void *ctx, const uint8_t *p, size_t n)
{
	struct out *o = ctx;

	o->p = realloc(o->p, o->n + n + 1);
	if (!o->p)
		abort();
	memcpy(o->p + o->n, p, n);
	o->n += n;
	return 0;
}

static struct out run(const uint8_t *data, size_t size, size_t step, uint8_t limits)
{
	struct out o = {.p = malloc(1)};
	struct sink sink;
	struct pipeline p = {.sink = &sink,
		.doc = &doc,
		.n_inlets = 1,
		.max_packets = limits & 7,
		.max_bytes = limits & 8 ? 500 : 0,
		.snaplen_bytes = limits >> 4};
	struct inlet in = {.out = &p};
	struct err e = ERR_NONE;

	sink_init_callback(&sink, collect, &o);
	for (size_t at = 0; at < size && o.rc == 0; at += step)
		o.rc = pipeline_feed(&in, data + at, size - at < step ? size - at : step, &e);
	if (o.rc == 0)
		o.rc = pipeline_write(&p);
	o.counters = p.counters;
	inlet_done(&in);
	pipeline_done(&p);
	return o;
}

struct seen {
	uint64_t packets;
	uint32_t snaplen;
};

static int see(void *ctx, const struct csharg_packet *p)
{
	struct seen *s = ctx;

	assert(!s->snaplen || p->len_bytes <= s->snaplen);
	s->packets++;
	return 0;
}

static int see_name(void *ctx, const struct csharg_name *n)
{
	(void) ctx;
	assert(*n->address && strlen(n->name) < SECTION_NAME_MAX);
	return 0;
}

static void check_readable(const struct out *o, uint8_t limits)
{
	struct seen seen = {.snaplen = limits >> 4};
	struct csharg_packet_fns fns = {
		CSHARG_PACKET_FNS_INIT, .packet_fn = see, .name_fn = see_name};
	struct csharg_reader *r = NULL;

	if (csharg_reader_new(&fns, &seen, &r) < 0)
		abort();
	assert(csharg_reader_feed(r, o->p, o->n, NULL) == 0);
	assert(csharg_reader_pending(r) == 0);
	assert(seen.packets == o->counters.packets && o->n == o->counters.bytes);
	csharg_reader_free(r);
}

static void check_header(const struct out *o)
{
	struct block b = {.p = o->p, .type = BLOCK_SHB, .big_endian = o->n > 8 && o->p[8] == 0x1a};
	uint8_t *again = NULL;
	ssize_t n;

	if (o->n == 0)
		return;
	b.len_bytes = get32(b.big_endian, o->p + 4);
	n = shb_edit(&b, &doc, &again);
	assert(n == (ssize_t) b.len_bytes && memcmp(again, o->p, b.len_bytes) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct out whole, pieces;

	if (size < 2)
		return 0;
	whole = run(data + 2, size - 2, size, data[0]);
	pieces = run(data + 2, size - 2, 1 + data[1], data[0]);
	assert(whole.rc == pieces.rc && whole.n == pieces.n);
	assert(memcmp(whole.p, pieces.p, whole.n) == 0);
	check_readable(&whole, data[0]);
	check_header(&whole);
	free(whole.p);
	free(pieces.p);
	return 0;
}
