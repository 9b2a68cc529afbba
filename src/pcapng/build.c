/* SPDX-License-Identifier: MIT */
#include "pcapng/build.h"

#include <errno.h>
#include <string.h>

#include "pcapng/format.h"

static uint8_t *room(struct pcapng_build *b, size_t n)
{
	uint8_t *q;

	if (b->rc == 0 && n > b->cap_bytes - b->len_bytes)
		b->rc = -ENOBUFS;
	if (b->rc < 0)
		return NULL;
	q = b->p + b->len_bytes;
	b->len_bytes += n;
	return q;
}

void pcapng_add(struct pcapng_build *b, const void *p, size_t n)
{
	uint8_t *q = room(b, n);

	if (q && n > 0)
		memcpy(q, p, n);
}

void pcapng_add_u16(struct pcapng_build *b, uint16_t v)
{
	pcapng_add(b, &v, sizeof(v));
}

void pcapng_add_u32(struct pcapng_build *b, uint32_t v)
{
	pcapng_add(b, &v, sizeof(v));
}

void pcapng_add_option(struct pcapng_build *b, uint16_t code, const void *p, size_t n)
{
	static const uint8_t zero[4];

	if (n > UINT16_MAX) {
		b->rc = -EINVAL;
		return;
	}
	pcapng_add_u16(b, code);
	pcapng_add_u16(b, (uint16_t) n);
	pcapng_add(b, p, n);
	pcapng_add(b, zero, (4 - n % 4) % 4);
}

void pcapng_add_text(struct pcapng_build *b, uint16_t code, const char *text)
{
	if (text)
		pcapng_add_option(b, code, text, strlen(text));
}

/* Time stamps and counters in options are two 32-bit words or one 64-bit word (draft 4.6). */
void pcapng_add_time(struct pcapng_build *b, uint16_t code, uint64_t ns)
{
	uint32_t w[2] = {(uint32_t) (ns >> 32), (uint32_t) ns};

	pcapng_add_option(b, code, w, sizeof(w));
}

void pcapng_add_count(struct pcapng_build *b, uint16_t code, uint64_t n)
{
	pcapng_add_option(b, code, &n, sizeof(n));
}

struct pcapng_build pcapng_begin(uint32_t type, uint8_t *out, size_t cap_bytes)
{
	struct pcapng_build b = {.p = out, .cap_bytes = cap_bytes};

	pcapng_add_u32(&b, type);
	pcapng_add_u32(&b, 0);
	return b;
}

ssize_t pcapng_end(struct pcapng_build *b)
{
	uint32_t total = (uint32_t) b->len_bytes + 4;

	pcapng_add_u32(b, total);
	if (b->rc < 0)
		return b->rc;
	memcpy(b->p + 4, &total, sizeof(total));
	return (ssize_t) b->len_bytes;
}
