/* SPDX-License-Identifier: MIT */
/* Addresses of the other discovery service (--discovery-service, --gw-port). A name is looked up in
 * full at the start. Afterwards the service has no files any more, so only the name servers known
 * then can be asked again. */
#ifndef PROXY_RESOLVER_H
#define PROXY_RESOLVER_H

#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdint.h>

#define RESOLVER_ADDRESSES_MAX 8

union resolver_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolver {
	const char *name; /* borrowed */
	uint16_t port;
	char authority[300]; /* "host:port", an IPv6 address in brackets */
	union resolver_address addresses[RESOLVER_ADDRESSES_MAX];
	uint32_t n_addresses; /* 0 = not known */
	bool is_literal, has_servers;
	struct __res_state state;
	int64_t asked_ns;
};

/* Look @name up; before the sandbox. May wait for name servers. A name that is not found now may be
 * later. */
void resolver_init(struct resolver *r, const char *name, uint16_t port);

/* Connecting failed: ask the name servers again, unless that was done less than 5 s before @now_ns.
 * This waits for them, for about 2 s at most, and with it all of the service; it is rare, as the
 * answer is kept while connections succeed. Returns true when the addresses may be others now. */
bool resolver_retry(struct resolver *r, int64_t now_ns);

void resolver_done(struct resolver *r);

#endif
