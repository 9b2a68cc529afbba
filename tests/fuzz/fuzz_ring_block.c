/* SPDX-License-Identifier: MIT */
/* Laws: whatever a ring block says, every packet shown lies inside it, no more are shown than it
 * says, also when it is read in two steps, and what is written of them is a well-formed pcapng
 * block. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/linktype.h"
#include "reader/block.h"
#include "reader/emit.h"
#include "support/pcapng_read.h"

#define LEAST_BYTES 64 /* of a block: its descriptor */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_packet(const struct packet *p, const uint8_t *block, size_t size)
{
	static const uint16_t linktypes[] = {
		LINKTYPE_ETHERNET, LINKTYPE_LINUX_SLL, LINKTYPE_RAW_IP};
	static const uint32_t snaplens[] = {1, 14, 17, 262144};

	assert(p->data >= block && p->data <= block + size);
	assert(p->caplen <= (size_t) (block + size - p->data) && p->caplen <= p->len &&
		p->net_at <= p->len);
	for (size_t i = 0; i < 12; i++) {
		struct emit_plan plan;
		struct pcapng_block b;
		size_t n;
		uint8_t *out;

		emit_plan(p, 7, linktypes[i / 4], snaplens[i % 4], &plan);
		n = pcapng_epb_bytes(&plan.epb);
		out = malloc(n);
		assert(out);
		emit_put(&plan, p, out);
		if (plan.epb.len >= plan.epb.caplen) /* the kernel's own count may have wrapped */
			assert(pcapng_read_block(out, n, &b) == (ssize_t) n &&
				b.caplen <= snaplens[i % 4]);
		free(out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct block_walk w;
	struct packet p;
	uint8_t *block;
	bool lossy;
	uint32_t said, shown = 0;

	if (size < LEAST_BYTES)
		return 0;
	block = malloc(size);
	assert(block);
	memcpy(block, data, size);
	if (block_begin(&w, block, size, &lossy) == 0) {
		said = block_packets(block);
		for (uint32_t n = said / 2; block_resume(&w, n) == 0; n = said) {
			while (block_next(&w, &p) > 0) {
				check_packet(&p, block, size);
				shown++;
			}
			assert(shown <= n && shown == w.shown);
			if (n == said)
				break;
		}
	}
	free(block);
	return 0;
}
