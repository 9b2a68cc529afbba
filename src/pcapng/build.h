/* SPDX-License-Identifier: MIT */
/* Building one pcapng block (draft-ietf-opsawg-pcapng, section 3.1) by appending to it, for the
 * writers of this folder. An append that does not fit sets the error; later ones do nothing, so
 * that only pcapng_end() has to be checked. Integers are in host order. */
#ifndef PCAPNG_BUILD_H
#define PCAPNG_BUILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pcapng_build {
	uint8_t *p; /* borrowed */
	size_t cap_bytes, len_bytes;
	int rc; /* 0 or a negative errno */
};

/* Begin a block of @type at @out. */
struct pcapng_build pcapng_begin(uint32_t type, uint8_t *out, size_t cap_bytes);

/* Fill in the two lengths of the block. Returns its length in bytes, -ENOBUFS when it does not fit,
 * or -EINVAL when an option is longer than 65535 bytes. */
ssize_t pcapng_end(struct pcapng_build *b);

void pcapng_add(struct pcapng_build *b, const void *p, size_t n);
void pcapng_add_u16(struct pcapng_build *b, uint16_t v);
void pcapng_add_u32(struct pcapng_build *b, uint32_t v);

/* Append an option with @n bytes of value and its padding (section 3.5). */
void pcapng_add_option(struct pcapng_build *b, uint16_t code, const void *p, size_t n);

/* Append an option with a text; NULL appends nothing. */
void pcapng_add_text(struct pcapng_build *b, uint16_t code, const char *text);

/* Append an option with a time stamp, two 32-bit words, or with a counter, one 64-bit word
 * (section 4.6). */
void pcapng_add_time(struct pcapng_build *b, uint16_t code, uint64_t ns);
void pcapng_add_count(struct pcapng_build *b, uint16_t code, uint64_t n);

#endif
