/* SPDX-License-Identifier: MIT */
#include "csharg/lib/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/own.h"
#include "csharg/lib/packet_run.h"

#define IDB_SNAPLEN_AT 12
#define ID_AT          8
#define CAPLEN_AT      20

/* What a block is judged with. */
struct feeding {
	struct inlet *in;
	struct err *e;
};

/* Write a block: later, together with its neighbours, without a copy if it stays where it is. */
static int emit(struct pipeline *out, const uint8_t *p, size_t len, bool stays)
{
	uint32_t type;

	if (out->max_bytes && len > out->max_bytes - out->counters.bytes) {
		out->full = CSHARG_END_BYTES;
		return 1;
	}
	out->counters.bytes += len;
	type = get32(out->big_endian, p);
	return batch_add(&out->batch, out->sink, p, len,
		type == BLOCK_EPB || type == BLOCK_SPB || type == BLOCK_PACKET, stays);
}

/* A copy of @b that may be changed, in memory of the pipeline. NULL without memory. */
static uint8_t *change(struct pipeline *out, const struct block *b)
{
	if (out->cap_changed < b->len_bytes) {
		uint8_t *p = realloc(out->changed, b->len_bytes);

		if (!p)
			return NULL;
		out->changed = p;
		out->cap_changed = b->len_bytes;
	}
	memcpy(out->changed, b->p, b->len_bytes);
	return out->changed;
}

/* The first header that comes in is the one of the outgoing stream, those of others say the same.
 */
static int take_header(struct feeding *f, const struct block *b)
{
	struct inlet *in = f->in;
	struct pipeline *out = in->out;
	AUTO_FREE uint8_t *edited = NULL;
	ssize_t n;

	if (in->has_header && out->n_inlets > 1)
		return err_set(f->e, -EBADMSG, "a second section in a stream that is to be merged");
	section_next(&in->section);
	if (in->has_header)
		return emit(out, b->p, b->len_bytes, b->is_fed);
	in->has_header = true;
	if (out->has_header)
		return b->big_endian == out->big_endian
			       ? 0
			       : err_set(f->e, -EBADMSG, "streams of different byte order");
	out->has_header = true;
	out->big_endian = b->big_endian;
	n = shb_edit(b, out->doc, &edited);
	if (n < 0)
		return err_set(f->e, (int) n, "cannot edit the section header");
	return emit(out, edited, (size_t) n, false);
}

static int take_interface(struct feeding *f, const struct block *b)
{
	struct inlet *in = f->in;
	struct pipeline *out = in->out;
	size_t n = in->section.n_interfaces;
	uint32_t *id = grow(in->id, n, &in->cap_ids, sizeof(*id)), snaplen;
	uint8_t *changed;
	int rc;

	if (!id)
		return err_set(f->e, -ENOMEM, "out of memory");
	in->id = id;
	rc = section_add(&in->section, b, f->e);
	if (rc < 0)
		return rc;
	id[n] = out->n_inlets > 1 ? out->counters.interfaces : (uint32_t) n;
	out->counters.interfaces++;
	snaplen = get32(b->big_endian, b->p + IDB_SNAPLEN_AT);
	if (!out->snaplen_bytes || (snaplen && snaplen <= out->snaplen_bytes))
		return emit(out, b->p, b->len_bytes, b->is_fed);
	changed = change(out, b);
	if (!changed)
		return err_set(f->e, -ENOMEM, "out of memory");
	put32(b->big_endian, changed + IDB_SNAPLEN_AT, out->snaplen_bytes);
	return emit(out, changed, b->len_bytes, false);
}

/* Cut the packet of Enhanced Packet Block @p, which is @len bytes long, to @snaplen bytes. Returns
 * the new length of the block. */
static size_t cut_packet(uint8_t *p, size_t len, bool big_endian, uint32_t caplen, uint32_t snaplen)
{
	size_t from = EPB_DATA_AT + (((size_t) caplen + 3) & ~(size_t) 3);
	size_t to = EPB_DATA_AT + (((size_t) snaplen + 3) & ~(size_t) 3);
	size_t now = len - (from - to);

	memset(p + EPB_DATA_AT + snaplen, 0, to - EPB_DATA_AT - snaplen);
	memmove(p + to, p + from, len - from);
	put32(big_endian, p + CAPLEN_AT, snaplen);
	put32(big_endian, p + 4, (uint32_t) now);
	put32(big_endian, p + now - 4, (uint32_t) now);
	return now;
}

/* Write Enhanced Packet Block or statistics @b with what must be different in it. */
static int emit_changed(struct feeding *f, const struct block *b, uint32_t caplen)
{
	struct pipeline *out = f->in->out;
	uint32_t id = get32(b->big_endian, b->p + ID_AT), snaplen = out->snaplen_bytes;
	bool cuts = snaplen && caplen > snaplen;
	size_t len = b->len_bytes;
	uint8_t *p;

	if (!cuts && f->in->id[id] == id)
		return emit(out, b->p, len, b->is_fed);
	p = change(out, b);
	if (!p)
		return err_set(f->e, -ENOMEM, "out of memory");
	put32(b->big_endian, p + ID_AT, f->in->id[id]);
	if (cuts)
		len = cut_packet(p, len, b->big_endian, caplen, snaplen);
	return emit(out, p, len, false);
}

static int take_packet(struct feeding *f, const struct block *b)
{
	struct pipeline *out = f->in->out;
	struct section_packet_facts p;
	int rc = section_packet_facts(&f->in->section, b, &p, f->e);

	if (rc < 0)
		return rc;
	if (b->type != BLOCK_EPB && (out->n_inlets > 1 || out->snaplen_bytes))
		return err_set(f->e, -EBADMSG, "a packet block of an old kind");
	out->counters.received++;
	out->lost_marked += p.lost_before;
	rc = b->type == BLOCK_EPB ? emit_changed(f, b, p.len_bytes)
				  : emit(out, b->p, b->len_bytes, b->is_fed);
	if (rc != 0)
		return rc;
	if (++out->counters.packets == out->max_packets) {
		out->full = CSHARG_END_PACKETS;
		return 1;
	}
	return 0;
}

static int take_statistics(struct feeding *f, const struct block *b)
{
	struct csharg_statistics s;
	int rc = section_statistics(&f->in->section, b, &s, f->e);

	return rc < 0 ? rc : emit_changed(f, b, 0);
}

static int on_block(void *ctx, const struct block *b)
{
	struct feeding *f = ctx;

	switch (b->type) {
	case BLOCK_SHB:
		return take_header(f, b);
	case BLOCK_IDB:
		return take_interface(f, b);
	case BLOCK_EPB:
	case BLOCK_PACKET:
	case BLOCK_SPB:
		return take_packet(f, b);
	case BLOCK_ISB:
		return take_statistics(f, b);
	default:
		return emit(f->in->out, b->p, b->len_bytes, b->is_fed);
	}
}

/* Pass on the packets at *@p that stay as they are; *@p and *@n are moved behind them. The one that
 * reaches a limit is left. */
static int pass_packets(struct inlet *in, const uint8_t **p, size_t *n)
{
	struct pipeline *out = in->out;
	uint64_t bytes = out->max_bytes ? out->max_bytes - out->counters.bytes : UINT64_MAX;
	uint64_t packets =
		out->max_packets ? out->max_packets - out->counters.packets - 1 : UINT64_MAX;
	struct packet_run run = packet_run_of(
		&in->section, *p, *n < bytes ? *n : bytes, packets, out->snaplen_bytes);

	out->counters.received += run.packets;
	out->counters.packets += run.packets;
	out->counters.bytes += run.len_bytes;
	out->lost_marked += run.lost;
	*p += run.len_bytes;
	*n -= run.len_bytes;
	return run.len_bytes ? batch_add(&out->batch, out->sink, *p - run.len_bytes, run.len_bytes,
				       run.packets, true)
			     : 0;
}

/* Interfaces of one stream keep their numbers. */
static bool may_pass(const struct inlet *in)
{
	return in->out->n_inlets == 1 && !in->blocks.big_endian && in->blocks.kept_bytes == 0;
}

int pipeline_feed(struct inlet *in, const uint8_t *p, size_t len_bytes, struct err *e)
{
	struct feeding f = {in, e};
	int rc = 0, written;

	while (len_bytes > 0 && rc == 0) {
		if (may_pass(in))
			rc = pass_packets(in, &p, &len_bytes);
		if (len_bytes > 0 && rc == 0)
			rc = blocks_take(&in->blocks, &p, &len_bytes, on_block, &f, e);
	}
	written = rc == 1 || rc == -EBADMSG ? pipeline_write(in->out) : 0;

	return written < 0 ? written : rc;
}

int pipeline_write(struct pipeline *out)
{
	return batch_write(&out->batch, out->sink);
}

void pipeline_settle(struct pipeline *out)
{
	out->counters.packets = out->batch.written.packets;
	out->counters.bytes = out->batch.written.bytes;
}

void inlet_done(struct inlet *in)
{
	blocks_done(&in->blocks);
	section_done(&in->section);
	free(in->id);
	in->id = NULL;
}

void pipeline_done(struct pipeline *out)
{
	batch_done(&out->batch);
	free(out->changed);
	out->changed = NULL;
}
