/* SPDX-License-Identifier: MIT */
/* One connection to the container's resolver: one question at a time. Nobody waits here. */
#ifndef DIG_RESOLVER_H
#define DIG_RESOLVER_H

#include <stdbool.h>
#include <stdint.h>

#include "dig/dns.h"

/* For an answer. The time that clients of the original service are used to. */
#define RESOLVER_LIMIT_NS (2 * 1000000000LL)

struct resolver {
	int fd; /* owned; -1 = closed */
	bool is_busy;
	struct dns_question question; /* its name is borrowed from who asks */
	uint16_t tag;                 /* whatever who asks wants to find again */
	int64_t limit_ns;             /* monotonic */
	size_t len_bytes;             /* of @in */
	uint8_t in[DNS_ANSWER_BYTES];
};

void resolver_close(struct resolver *r);

/* Ask @q; its name stays borrowed until the answer. Returns 0, -EINVAL if the name cannot be asked
 * for, or another negative errno when the connection is of no use any more. */
int resolver_ask(struct resolver *r, const struct dns_question *q, int64_t now_ns);

/* Read what there is. Returns 1 with the answer in @ret, and the resolver is free again; 0 when it
 * is not there yet; a negative errno when the connection is of no use any more. */
int resolver_read(struct resolver *r, struct dns_addresses *ret);

#endif
