/* SPDX-License-Identifier: MIT */
/* A strict reader of the pcapng blocks we write, made from the specification and not from the
 * writer: whatever is not exactly as it should be is refused. Little-endian. For tests. */
#ifndef SUPPORT_PCAPNG_READ_H
#define SUPPORT_PCAPNG_READ_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	PCAPNG_SHB = 0x0a0d0d0a,
	PCAPNG_IDB = 1,
	PCAPNG_ISB = 5,
	PCAPNG_EPB = 6
};

struct pcapng_block {
	uint32_t type;
	const uint8_t *fixed; /* the fixed part of the body, borrowed */
	uint32_t caplen, len; /* of an Enhanced Packet Block */
	const uint8_t *data;  /* its @caplen packet bytes */
	const uint8_t *options;
	size_t options_bytes; /* with the end-of-options mark */
};

/* Read one block at @p. Returns its length in bytes or -EBADMSG. */
ssize_t pcapng_read_block(const uint8_t *p, size_t len_bytes, struct pcapng_block *ret);

/* The value of option @code and its length; NULL when the block has none. */
const uint8_t *pcapng_read_option(const struct pcapng_block *b, uint16_t code, uint16_t *ret_len);

#endif
