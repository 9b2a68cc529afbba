/* SPDX-License-Identifier: MIT */
/* The reader of csharg.h: pcapng to callbacks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "csharg/lib/client.h"
#include "csharg/lib/section.h"

struct csharg_reader {
	struct csharg_packet_fns fns;
	void *ctx;
	struct blocks blocks;
	struct section section;
	struct err why;
	int failed; /* what ended it */
};

int csharg_reader_new(
	const struct csharg_packet_fns *fns, void *ctx, struct csharg_reader **ret_reader)
{
	struct csharg_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memcpy(&r->fns, fns, fns->size < sizeof(r->fns) ? fns->size : sizeof(r->fns));
	r->ctx = ctx;
	*ret_reader = r;
	return 0;
}

void csharg_reader_free(struct csharg_reader *r)
{
	if (!r)
		return;
	blocks_done(&r->blocks);
	section_done(&r->section);
	free(r);
}

size_t csharg_reader_pending(const struct csharg_reader *r)
{
	return r->blocks.kept_bytes;
}

static int show_interface(struct csharg_reader *r, const struct block *b)
{
	const struct section_interface *i;
	int rc = section_add(&r->section, b, &r->why);
	size_t id = r->section.n_interfaces - 1;

	if (rc < 0 || !r->fns.interface_fn)
		return rc;
	i = &r->section.interface[id];
	return r->fns.interface_fn(
		r->ctx, r->section.first_id + (uint32_t) id, i->name, i->linktype);
}

static int show_packet(struct csharg_reader *r, const struct block *b)
{
	struct csharg_packet p;
	int rc = section_packet(&r->section, b, &p, &r->why);

	return rc < 0 || !r->fns.packet_fn ? rc : r->fns.packet_fn(r->ctx, &p);
}

static int show_statistics(struct csharg_reader *r, const struct block *b)
{
	struct csharg_statistics s;
	int rc = section_statistics(&r->section, b, &s, &r->why);

	return rc < 0 || !r->fns.statistics_fn ? rc : r->fns.statistics_fn(r->ctx, &s);
}

static int on_block(void *ctx, const struct block *b)
{
	struct csharg_reader *r = ctx;

	switch (b->type) {
	case BLOCK_SHB:
		section_next(&r->section);
		return 0;
	case BLOCK_IDB:
		return show_interface(r, b);
	case BLOCK_EPB:
	case BLOCK_PACKET:
	case BLOCK_SPB:
		return show_packet(r, b);
	case BLOCK_ISB:
		return show_statistics(r, b);
	case BLOCK_NRB:
		return section_names(b, r->fns.name_fn, r->ctx);
	default:
		return 0;
	}
}

int csharg_reader_feed(
	struct csharg_reader *r, const uint8_t *bytes, size_t len_bytes, struct csharg_error *e)
{
	if (r->failed == 0)
		r->failed = blocks_feed(&r->blocks, bytes, len_bytes, on_block, r, &r->why);
	if (r->failed == 0)
		return 0;
	if (r->why.code == 0)
		(void) err_sys(&r->why, r->failed, "the callback ended it");
	(void) error_tell(&r->why, e);
	return r->failed;
}
