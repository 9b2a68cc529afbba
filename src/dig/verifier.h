/* SPDX-License-Identifier: MIT */
/* Is there anybody at an address? Three echo requests, a second apart, of which one must be
 * answered (contract 2.10). Time is a parameter; nobody waits here. */
#ifndef DIG_VERIFIER_H
#define DIG_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VERIFIER_PINGS    3
#define VERIFIER_PACE_NS  1000000000LL
#define VERIFIER_LIMIT_NS (5 * 1000000000LL) /* for all replies together */

struct address {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
	uint8_t quality; /* enum dig_quality */
};

/* The two sockets, and what has to be known of them. */
struct pinger {
	int fd[2];      /* borrowed; of IPv4 and of IPv6, -1 = none */
	bool has_ip;    /* the first one hands over IPv4 headers */
	uint16_t ident; /* ours; sockets that are not raw use their own */
};

/* One address being verified. */
struct verifier {
	bool is_busy;
	uint16_t address; /* its number */
	uint8_t sent, replied;
	uint8_t heard; /* bit for each reply */
	int64_t next_ns, limit_ns;
};

/* A reply: to which request for which address. */
struct pong {
	uint16_t address;
	uint8_t number;
	struct address from; /* quality 0 */
};

void verifier_start(struct verifier *v, uint16_t address, int64_t now_ns);

/* Send what is due to @a. Returns true when nothing more is to be expected: v->replied tells. */
bool verifier_go_on(
	struct verifier *v, const struct pinger *p, const struct address *a, int64_t now_ns);

/* When verifier_go_on() is to be called next if no reply comes. */
int64_t verifier_due_ns(const struct verifier *v);

/* Read one reply from socket @which (0, 1) of @p. Returns 1, 0 for what is none of ours, or -EAGAIN
 * when there is none. */
int pinger_read(const struct pinger *p, size_t which, struct pong *ret);

/* Note the reply @number. */
void verifier_heard(struct verifier *v, uint8_t number);

#endif
