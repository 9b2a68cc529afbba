/* SPDX-License-Identifier: MIT */
/* Two sources whose pieces are the input. Laws: the merged stream consists of well-formed blocks;
 * each packet and each statistics block is of an interface that was described before; packets and
 * bytes are counted; the first block is the section header of the merge stage and the only one; the
 * packet limit holds. */
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pcapng/edit.h"
#include "pcapng/write.h"
#include "service/merge/merge.h"

#define SHB_BYTES 64
#define STEP_NS   3000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fed {
	const uint8_t *p;
	size_t left, step;
	struct merge_source *source;
	bool has_ended;
};

/* A piece is @step bytes: blocks are cut wherever that is. */
static int fed_next(void *ctx, struct merge_piece *ret)
{
	struct fed *f = ctx;
	size_t n = f->left < f->step ? f->left : f->step;

	*ret = (struct merge_piece){f->p, n, n % 8 == 0 ? "left" : NULL};
	return n > 0 ? 1 : -1;
}

static void fed_sent(void *ctx)
{
	struct fed *f = ctx;
	size_t n = f->left < f->step ? f->left : f->step;

	f->p += n;
	f->left -= n;
}

static void fed_ended(void *ctx, int status)
{
	struct fed *f = ctx;

	assert(status == 0 || status == -EBADMSG);
	f->has_ended = true;
}

static const struct merge_source_ops ops = {fed_next, fed_sent, fed_ended};

struct out {
	uint64_t packets, bytes, headers, interfaces;
};

static void check(struct out *o, const uint8_t *p, size_t len_bytes)
{
	o->bytes += len_bytes;
	while (len_bytes > 0) {
		uint32_t type = 0;
		ssize_t n = pcapng_block_at(p, len_bytes, &type);

		assert(n > 0);
		assert((type == PCAPNG_BLOCK_SHB) == (o->headers == 0));
		o->headers += type == PCAPNG_BLOCK_SHB;
		o->interfaces += type == PCAPNG_BLOCK_IDB;
		o->packets += type == PCAPNG_BLOCK_EPB;
		if (type == PCAPNG_BLOCK_EPB || type == PCAPNG_BLOCK_ISB)
			assert(pcapng_interface(p) < o->interfaces);
		p += n;
		len_bytes -= (size_t) n;
	}
}

static void add(struct merge *m, struct fed *f, char *prefix)
{
	const struct merge_label label = {prefix, "docker, image", "joined"};

	assert(merge_add(m, &ops, f, &label, &f->source) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct merge_limits limits = {0};
	struct out o = {0};
	struct fed a, b;
	struct merge *m;
	uint8_t *shb;
	ssize_t n;
	int64_t now_ns = 0, due_ns;
	int rc;

	if (size < 3)
		return 0;
	limits.packets = data[0] & 7;
	limits.bytes = data[0] & 8 ? 600 : 0;
	a = (struct fed){.p = data + 3, .left = (size - 3) * data[1] / 255};
	b = (struct fed){.p = a.p + a.left, .left = size - 3 - a.left};
	a.step = 1U << (data[2] & 15);
	b.step = 1U << (data[2] >> 4);
	shb = malloc(SHB_BYTES);
	assert(shb);
	n = pcapng_put_shb(&(struct pcapng_shb){.application = "x"}, shb, SHB_BYTES);
	assert(n > 0);
	m = merge_new(shb, (size_t) n, 2 * STEP_NS, &limits);
	assert(m);
	add(m, &a, "a:");
	add(m, &b, "b:");
	merge_seal(m);
	do {
		struct iovec piece;

		rc = merge_next(m, now_ns += STEP_NS, &piece, &due_ns);
		if (rc <= 0)
			continue;
		check(&o, piece.iov_base, piece.iov_len);
		merge_sent(m);
	} while (rc >= 0);
	assert(rc == -1 && a.has_ended && b.has_ended);
	assert(o.packets == merge_counters(m)->packets && o.bytes == merge_counters(m)->bytes);
	assert(!limits.packets || o.packets <= limits.packets);
	merge_free(m);
	return 0;
}
