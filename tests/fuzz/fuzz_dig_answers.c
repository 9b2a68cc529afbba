/* SPDX-License-Identifier: MIT */
/* Laws of what resolvers and pinged hosts say: of an answer no more addresses are taken than there
 * is room for, and none is longer than its type; the addresses, written down as an answer, are
 * found in it again, under the id that was asked for and no other; a name that can be asked for is
 * what the question says; a reply is told of only if its bytes say so. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dig/dns.h"
#include "dig/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An answer of our own with these addresses. Returns its length. */
static size_t write_answer(const struct dns_question *q, const struct dns_addresses *a, uint8_t *p)
{
	size_t want = q->type == DNS_A ? 4 : 16, at = 12;

	memset(p, 0, 12);
	p[0] = (uint8_t) (q->id >> 8);
	p[1] = (uint8_t) q->id;
	p[2] = 0x81;
	p[7] = (uint8_t) a->n;
	for (size_t i = 0; i < a->n; i++) {
		const uint8_t head[] = {
			0xc0, 12, 0, (uint8_t) q->type, 0, 1, 0, 0, 0, 0, 0, (uint8_t) want};

		memcpy(p + at, head, sizeof(head));
		memcpy(p + at + sizeof(head), a->bytes[i], want);
		at += sizeof(head) + want;
	}
	return at;
}

static void check_answer(const struct dns_question *q, const uint8_t *data, size_t size)
{
	struct dns_addresses a, again;
	struct dns_question other = *q;
	uint8_t text[12 + DNS_ADDRESSES_MAX * 28];
	size_t len;

	if (dns_answer(q, data, size, &a) < 0)
		return;
	assert(a.n <= DNS_ADDRESSES_MAX);
	for (size_t i = 0; i < a.n && q->type == DNS_A; i++) {
		for (size_t j = 4; j < 16; j++)
			assert(a.bytes[i][j] == 0);
	}
	len = write_answer(q, &a, text);
	assert(dns_answer(q, text, len, &again) == 0 && again.n == a.n);
	assert(memcmp(again.bytes, a.bytes, sizeof(a.bytes)) == 0);
	other.id++;
	assert(dns_answer(&other, text, len, &again) == -ESTALE);
}

static void check_question(const uint8_t *data, size_t size)
{
	char name[256] = "";
	uint8_t out[DNS_QUERY_BYTES];
	const struct dns_question q = {name, DNS_A, 7};
	size_t at = 0;
	ssize_t n;

	memcpy(name, data, size < 255 ? size : 255);
	n = dns_query(&q, out);
	if (n < 0)
		return;
	assert((size_t) n == dns_answer_bytes(out, (size_t) n) && (size_t) n <= DNS_QUERY_BYTES);
	for (const uint8_t *p = out + 14; *p; p += *p + 1) {
		assert(*p <= 63 && memcmp(p + 1, name + at, *p) == 0 && name[at + *p] == '.');
		at += *p + 1U;
	}
	assert(name[at] == '\0');
}

static void check_reply(const uint8_t *data, size_t size, uint8_t family)
{
	struct echo e;

	if (echo_reply(data, size, family, false, &e) == 0)
		assert(size >= 8 && data[0] == (family == 4 ? 0 : 129) &&
			e.seq == (data[6] << 8 | data[7]));
	if (echo_reply(data, size, family, true, &e) == 0)
		assert(size >= 8 + (size_t) (data[0] & 15) * 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_question q = {"a.", DNS_A, 0};

	if (size >= 2)
		q.id = (uint16_t) (data[0] << 8 | data[1]);
	check_answer(&q, data, size);
	q.type = DNS_AAAA;
	check_answer(&q, data, size);
	check_question(data, size);
	check_reply(data, size, 4);
	check_reply(data, size, 6);
	return 0;
}
