/* SPDX-License-Identifier: MIT */
/* Questions for addresses and their answers, as they go over TCP (RFC 1035 section 4). Answers are
 * bytes of whoever the container's resolver has asked. No I/O. */
#ifndef DIG_DNS_H
#define DIG_DNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DNS_QUERY_BYTES   275   /* of the longest question, its length in front of it included */
#define DNS_ANSWER_BYTES  16384 /* of the longest answer that is looked at, likewise */
#define DNS_ADDRESSES_MAX 16    /* of one answer; more are passed over */

/* Types of records. */
enum dns_type {
	DNS_A = 1,
	DNS_AAAA = 28,
};

struct dns_question {
	const char *name; /* with its last dot */
	uint16_t type;    /* enum dns_type */
	uint16_t id;
};

struct dns_addresses {
	size_t n;
	uint8_t bytes[DNS_ADDRESSES_MAX][16]; /* 4 in use for DNS_A, the rest zero */
};

/* Encode @q with its length in front. Returns the length in bytes, or -EINVAL for a name that
 * cannot be asked for. */
ssize_t dns_query(const struct dns_question *q, uint8_t ret[DNS_QUERY_BYTES]);

/* The length of the whole answer that begins with @p, its length in front included; 0 when too
 * little of it is there to tell. */
size_t dns_answer_bytes(const uint8_t *p, size_t len_bytes);

/* Take a whole answer (without the length in front) apart: the addresses of @q's type it tells of,
 * under whatever name. Returns 0; -ESTALE if it answers another question; -EBADMSG if it is
 * malformed. */
int dns_answer(const struct dns_question *q, const uint8_t *p, size_t len_bytes,
	struct dns_addresses *ret);

#endif
