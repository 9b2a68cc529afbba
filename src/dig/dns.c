/* SPDX-License-Identifier: MIT */
#include "dig/dns.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define PREFIX_BYTES  2
#define HEADER_BYTES  12
#define LABEL_MAX     63
#define CLASS_IN      1
#define FLAG_RESPONSE 0x8000
#define FLAG_RECURSE  0x0100
#define RCODE_MASK    0x000f

/* A place in an answer; once it has failed nothing more is read. */
struct reader {
	const uint8_t *p;
	size_t len_bytes, at;
	bool failed;
};

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t) (v >> 8);
	p[1] = (uint8_t) v;
}

/* Labels with their lengths in front. Returns the bytes written, 0 for what is no name. */
static size_t put_name(const char *name, uint8_t *p, size_t cap)
{
	size_t n = 0;

	while (*name) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > LABEL_MAX || name[label] != '.' || n + label + 2 > cap)
			return 0;
		p[n] = (uint8_t) label;
		memcpy(p + n + 1, name, label);
		n += label + 1;
		name += label + 1;
	}
	p[n] = 0;
	return n ? n + 1 : 0;
}

ssize_t dns_query(const struct dns_question *q, uint8_t ret[DNS_QUERY_BYTES])
{
	uint8_t *p = ret + PREFIX_BYTES;
	size_t name = put_name(
		q->name, p + HEADER_BYTES, DNS_QUERY_BYTES - PREFIX_BYTES - HEADER_BYTES - 4);

	if (name == 0)
		return -EINVAL;
	memset(p, 0, HEADER_BYTES);
	put16(p, q->id);
	put16(p + 2, FLAG_RECURSE);
	put16(p + 4, 1);
	put16(p + HEADER_BYTES + name, q->type);
	put16(p + HEADER_BYTES + name + 2, CLASS_IN);
	put16(ret, HEADER_BYTES + name + 4);
	return (ssize_t) (PREFIX_BYTES + HEADER_BYTES + name + 4);
}

size_t dns_answer_bytes(const uint8_t *p, size_t len_bytes)
{
	return len_bytes < PREFIX_BYTES ? 0 : PREFIX_BYTES + ((size_t) p[0] << 8 | p[1]);
}

/* The next @n bytes, NULL if there are fewer. */
static const uint8_t *get(struct reader *r, size_t n)
{
	const uint8_t *p = r->p + r->at;

	if (r->failed || n > r->len_bytes - r->at) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static uint16_t get16(struct reader *r)
{
	const uint8_t *p = get(r, 2);

	return p ? (uint16_t) (p[0] << 8 | p[1]) : 0;
}

/* Pass over a name. It is not followed where it points back: nobody needs it. */
static void skip_name(struct reader *r)
{
	for (;;) {
		const uint8_t *len = get(r, 1);

		if (!len || *len == 0)
			return;
		if ((*len & 0xc0) == 0xc0) {
			(void) get(r, 1);
			return;
		}
		if (*len > LABEL_MAX)
			r->failed = true;
		(void) get(r, *len);
	}
}

static void get_record(struct reader *r, uint16_t type, struct dns_addresses *ret)
{
	size_t want = type == DNS_A ? 4 : 16;
	uint16_t has_type, has_class, len;
	const uint8_t *data;

	skip_name(r);
	has_type = get16(r);
	has_class = get16(r);
	(void) get(r, 4); /* how long it may be kept */
	len = get16(r);
	data = get(r, len);
	if (!data || has_type != type || has_class != CLASS_IN || len != want ||
		ret->n == DNS_ADDRESSES_MAX)
		return;
	memcpy(ret->bytes[ret->n++], data, want);
}

int dns_answer(
	const struct dns_question *q, const uint8_t *p, size_t len_bytes, struct dns_addresses *ret)
{
	struct reader r = {.p = p, .len_bytes = len_bytes};
	struct dns_addresses a;
	uint16_t id = get16(&r), flags = get16(&r), questions = get16(&r), answers = get16(&r);

	memset(&a, 0, sizeof(a));
	(void) get(&r, 4); /* numbers of records behind the answers */
	if (r.failed || !(flags & FLAG_RESPONSE))
		return -EBADMSG;
	if (id != q->id)
		return -ESTALE;
	for (uint16_t i = 0; i < questions && !r.failed; i++) {
		skip_name(&r);
		(void) get(&r, 4);
	}
	for (uint16_t i = 0; i < answers && !r.failed; i++)
		get_record(&r, q->type, &a);
	if (r.failed)
		return -EBADMSG;
	if (flags & RCODE_MASK)
		memset(&a, 0, sizeof(a)); /* whatever it says, it is no answer */
	*ret = a;
	return 0;
}
