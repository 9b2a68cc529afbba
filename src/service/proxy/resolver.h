/* SPDX-License-Identifier: MIT */
/* Addresses of the other discovery service (--discovery-service, --gw-port). A name is looked up in
 * full at the start. Afterwards the service has no files any more, so only the name servers known
 * then can be asked again: by datagrams, from the event loop, which never waits for them. */
#ifndef PROXY_RESOLVER_H
#define PROXY_RESOLVER_H

#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"

#define RESOLVER_ADDRESSES_MAX 8
#define RESOLVER_LIMIT_NS      2000000000LL /* for name servers to answer */
#define RESOLVER_PAUSE_NS      5000000000LL /* between two questions */

union resolver_address {
	struct sockaddr sa;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The addresses that are known. */
struct resolver_list {
	union resolver_address v[RESOLVER_ADDRESSES_MAX];
	uint32_t n; /* 0 = none is known */
};

/* One that waits for an answer. Zeroed at first, but for the public members. */
struct resolver_waiter {
	void (*done)(void *ctx, bool is_new); /* the list was replaced, or time is up */
	void *ctx;
	struct resolver *resolver; /* NULL: does not wait */
	struct resolver_waiter *next;
};

struct resolver {
	struct loop *loop; /* borrowed */
	const char *name;  /* borrowed */
	uint16_t port;
	char authority[300]; /* "host:port", an IPv6 address in brackets */
	struct resolver_list known;
	bool is_literal, has_servers;
	struct __res_state state;
	/* the question under way: */
	struct loop_source source; /* source.fd: owned, -1 = none */
	struct loop_timer timer;
	bool is_repeated;
	uint8_t n_left;  /* answers that have not come */
	uint16_t ids[2]; /* of the questions for A and AAAA; 0 = answered */
	struct resolver_list fresh;
	struct resolver_waiter *waiters;
	int64_t asked_ns; /* when the last question was begun, monotonic */
};

/* Look @name up; before the sandbox. May wait for name servers. A name that is not found now may be
 * later. */
void resolver_init(struct resolver *r, struct loop *loop, const char *name, uint16_t port);

/* Connecting failed: ask the name servers again, unless that was done less than RESOLVER_PAUSE_NS
 * before @now_ns. Returns whether @w (NULL = nobody) waits for the answer now: its done() is called
 * from the event loop, within RESOLVER_LIMIT_NS. */
bool resolver_ask(struct resolver *r, struct resolver_waiter *w, int64_t now_ns);

/* @w waits no longer, if it does. */
void resolver_cancel(struct resolver_waiter *w);

/* Nobody may wait any more. */
void resolver_done(struct resolver *r);

#endif
