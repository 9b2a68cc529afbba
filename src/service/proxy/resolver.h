/* SPDX-License-Identifier: MIT */
/* The addresses of the other discovery service (--discovery-service, --gw-port).
 *
 * The name is resolved in full, as the system is configured, before the sandbox is entered. Later
 * the process has no files, so only the name servers that were configured then are queried, over
 * UDP, when connecting to all known addresses has failed. The event loop goes on meanwhile. */
#ifndef PROXY_RESOLVER_H
#define PROXY_RESOLVER_H

#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

#define RESOLVER_ADDRESSES_MAX 8
#define RESOLVER_TRY_MS        1000 /* one name server's time to answer */
#define RESOLVER_PAUSE_MS      5000 /* between two rounds of queries */

union resolver_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* A wait for a round of queries; zeroed but for @fn and @ctx at first. */
struct resolver_query {
	void (*fn)(void *ctx); /* called once, from the loop, when the round is over */
	void *ctx;
	struct resolver *resolver; /* NULL = not waiting */
	struct resolver_query *next, *before;
};

struct resolver {
	struct loop *loop; /* borrowed */
	const char *name;  /* borrowed */
	uint16_t port;
	char authority[300]; /* "host:port", an IPv6 address in brackets */
	union resolver_address addresses[RESOLVER_ADDRESSES_MAX];
	uint32_t n_addresses; /* 0 = not known */
	bool is_literal, has_servers;
	struct __res_state state;

	/* the round of queries that is under way */
	struct resolver_query *waiting;
	struct loop_source source; /* fd owned, -1 = none */
	struct loop_timer timer;
	int at_server;   /* of those configured */
	uint16_t ids[2]; /* of the queries for IPv4 and IPv6 */
	bool is_answered[2];
	union resolver_address found[RESOLVER_ADDRESSES_MAX];
	uint32_t n_found;
	int64_t ended_ns; /* the last round; monotonic, 0 = none */
};

/* Resolve @name before the sandbox; may wait for name servers. A name that is not found now may be
 * found later. */
void resolver_init(struct resolver *r, struct loop *loop, const char *name, uint16_t port);
void resolver_done(struct resolver *r);

/* Wait for a round of queries, which begins unless one is under way; addresses that it finds
 * replace the known ones. Returns 0, or -EAGAIN when there is nothing to query: the name is an
 * address, no name server is known, or the last round ended less than RESOLVER_PAUSE_MS ago. */
int resolver_ask(struct resolver *r, struct resolver_query *q);

/* Wait no longer. Nothing happens when @q does not wait. */
void resolver_cancel(struct resolver_query *q);

static inline bool resolver_is_asking(const struct resolver_query *q)
{
	return q->resolver != NULL;
}

#endif
