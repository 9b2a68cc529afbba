/* SPDX-License-Identifier: MIT */
/* What stands in pcapng blocks: interfaces, packets, statistics and names of a section. Unknown
 * options are passed over, everything is bounded by its block. */
#ifndef CSHARG_SECTION_H
#define CSHARG_SECTION_H

#include "csharg/csharg.h"
#include "csharg/lib/blocks.h"

#define SECTION_INTERFACES_MAX 16384
#define SECTION_NAME_MAX       256

struct section_interface {
	char *name; /* owned, sanitized */
	uint16_t linktype;
	uint8_t tsresol;
	uint64_t tsoffset_s;
	uint64_t lost; /* as the newest statistics say */
};

/* Zero-initialise. */
struct section {
	struct section_interface *interface;
	size_t n_interfaces, cap;
	uint32_t first_id; /* interfaces of earlier sections: public ids go on counting */
};

void section_done(struct section *s);

/* Forget the interfaces: another section begins. */
void section_next(struct section *s);

/* Take the interface of description block @b. Returns 0, -EBADMSG, -E2BIG, or -ENOMEM, with @e
 * filled. */
int section_add(struct section *s, const struct block *b, struct err *e);

/* Take apart a packet block of any of the three kinds. Returns 0, or -EBADMSG with @e filled for
 * lengths beyond its block or an interface that was not described. What @ret points to belongs to
 * the block and the section. */
int section_packet(
	const struct section *s, const struct block *b, struct csharg_packet *ret, struct err *e);

/* What has to be known of a packet to pass its block on. */
struct section_packet_facts {
	uint32_t len_bytes;   /* kept of the packet */
	uint64_t lost_before; /* as in struct csharg_packet */
};

/* As section_packet(), with no more work than that takes. */
int section_packet_facts(const struct section *s, const struct block *b,
	struct section_packet_facts *ret, struct err *e);

/* Take apart a statistics block, and keep what it says about losses. As section_packet(). */
int section_statistics(
	struct section *s, const struct block *b, struct csharg_statistics *ret, struct err *e);

/* Call @fn (may be NULL) for each name of each address in name resolution block @b. Records that
 * reach beyond the block, and names without their final NUL, are left out. Returns 0, or what @fn
 * returned. */
int section_names(
	const struct block *b, int (*fn)(void *ctx, const struct csharg_name *name), void *ctx);

/* Place of the captured bytes in an Enhanced Packet Block that section_packet() has accepted. */
#define EPB_DATA_AT 28

#endif
