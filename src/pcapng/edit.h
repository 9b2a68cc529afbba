/* SPDX-License-Identifier: MIT */
/* Reading and editing pcapng blocks that src/pcapng/write.h made (draft-ietf-opsawg-pcapng), all
 * integers in host order. Lengths in a block are read several times: no block may lie in memory
 * that another process can write. Nothing here allocates. */
#ifndef PCAPNG_EDIT_H
#define PCAPNG_EDIT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "pcapng/format.h"

/* The length in bytes of the whole block at the beginning of the @len_bytes at @p, and its type.
 * Returns 0 for @len_bytes = 0, and -EBADMSG when the lengths are wrong or the block has no room
 * for the fixed part of its type (Interface Description, Enhanced Packet and its packet data,
 * Interface Statistics). */
ssize_t pcapng_block_at(const uint8_t *p, size_t len_bytes, uint32_t *ret_type);

/* The interface id of an Enhanced Packet or Interface Statistics Block. */
static inline uint32_t pcapng_interface(const uint8_t *block)
{
	uint32_t v;

	memcpy(&v, block + 8, sizeof(v));
	return v;
}

static inline void pcapng_set_interface(uint8_t *block, uint32_t interface)
{
	memcpy(block + 8, &interface, sizeof(interface));
}

/* The time stamp of an Enhanced Packet Block, in nanoseconds since 1970. */
static inline uint64_t pcapng_epb_ts_ns(const uint8_t *block)
{
	uint32_t w[2];

	memcpy(w, block + 12, sizeof(w));
	return (uint64_t) w[0] << 32 | w[1];
}

#define PCAPNG_DROPCOUNT_BYTES 16 /* at most what pcapng_add_epb_dropcount() adds */

/* Add @add to the epb_dropcount of the Enhanced Packet Block at the beginning of the @len_bytes of
 * @blocks. The option is made if it is missing, and what follows the block is moved. Returns the
 * new length of @blocks, -EBADMSG if they do not begin with a well-formed block of that type,
 * -ENOBUFS if @cap_bytes are too few. On failure @blocks are unchanged. */
ssize_t pcapng_add_epb_dropcount(uint8_t *blocks, size_t len_bytes, size_t cap_bytes, uint64_t add);

/* What to write into a copy of an Interface Description Block; NULL keeps what is there. Texts are
 * cut at PCAPNG_LABEL_TEXT_MAX bytes. */
struct pcapng_label {
	const char *name_prefix; /* before the if_name */
	const char *description; /* behind the if_description and ", " */
	const char *comment;     /* behind the comment and "; " */
};

#define PCAPNG_LABEL_TEXT_MAX 1024 /* bytes of each text of a label */

/* At most what pcapng_label_idb() adds to a block. */
#define PCAPNG_LABEL_BYTES (3 * (PCAPNG_LABEL_TEXT_MAX + 16))

/* Write a copy of the Interface Description Block @block, of @len_bytes, with @label to @out.
 * Returns its length, -EBADMSG when the options of @block are not well-formed, or -ENOBUFS or
 * -EINVAL as in write.h. */
ssize_t pcapng_label_idb(const uint8_t *block, size_t len_bytes, const struct pcapng_label *label,
	uint8_t *out, size_t cap_bytes);

/* Subtract @packets from the counters of received, accepted and delivered packets of the Interface
 * Statistics Block @block, in place. Counters do not go below 0. Returns 0 or -EBADMSG. */
int pcapng_isb_uncount(uint8_t *block, size_t len_bytes, uint64_t packets);

/* Write a copy of the Interface Statistics Block @block with the additional @comment, of at most
 * PCAPNG_LABEL_TEXT_MAX bytes, to @out. Returns and fails as pcapng_label_idb(). */
ssize_t pcapng_comment_isb(const uint8_t *block, size_t len_bytes, const char *comment,
	uint8_t *out, size_t cap_bytes);

#endif
