/* SPDX-License-Identifier: MIT */
/* From a packet of the ring to an Enhanced Packet Block: the VLAN tag that the kernel took off put
 * back, a cooked header where the link layer is not one we know, direction and reception flags. */
#ifndef READER_EMIT_H
#define READER_EMIT_H

#include <stddef.h>
#include <stdint.h>

#include "pcapng/write.h"
#include "reader/block.h"

/* How a packet will lie in its block: what is put in front of its bytes, and how much of it fits
 * the snap length. */
struct emit_plan {
	struct pcapng_epb epb;
	uint32_t skip;      /* bytes of the packet that the cooked header replaces */
	uint32_t insert_at; /* where @insert goes */
	uint8_t insert_len; /* 0, 4 (VLAN tag), 16 (cooked header) or 20 (both) */
	uint8_t insert[20];
};

/* Plan the block of @p on pcapng interface @interface with link type @linktype, cut to @snaplen.
 * The caller may set epb.dropcount before it asks for the length. */
void emit_plan(const struct packet *p, uint32_t interface, uint16_t linktype, uint32_t snaplen,
	struct emit_plan *ret);

/* Write the planned block, pcapng_epb_bytes(&plan->epb) long, to @out. */
void emit_put(const struct emit_plan *plan, const struct packet *p, uint8_t *out);

#endif
