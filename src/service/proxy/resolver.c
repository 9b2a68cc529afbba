/* SPDX-License-Identifier: MIT */
#include "service/proxy/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

#define RETRY_NS     (5 * (int64_t) 1000000000)
#define ANSWER_BYTES 4096

static void add_v4(struct resolver *r, const void *addr)
{
	union resolver_address *a = &r->addresses[r->n_addresses];

	if (r->n_addresses == RESOLVER_ADDRESSES_MAX)
		return;
	memset(a, 0, sizeof(*a));
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(r->port);
	memcpy(&a->v4.sin_addr, addr, sizeof(a->v4.sin_addr));
	r->n_addresses++;
}

static void add_v6(struct resolver *r, const void *addr, uint32_t scope)
{
	union resolver_address *a = &r->addresses[r->n_addresses];

	if (r->n_addresses == RESOLVER_ADDRESSES_MAX)
		return;
	memset(a, 0, sizeof(*a));
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(r->port);
	a->v6.sin6_scope_id = scope;
	memcpy(&a->v6.sin6_addr, addr, sizeof(a->v6.sin6_addr));
	r->n_addresses++;
}

/* Returns 0 or an EAI_ code. */
static int look_up(struct resolver *r, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
	int rc = getaddrinfo(r->name, NULL, &hints, &list);

	if (rc != 0)
		return rc;
	for (const struct addrinfo *i = list; i; i = i->ai_next) {
		union resolver_address a;

		memset(&a, 0, sizeof(a));
		if (i->ai_addrlen > sizeof(a))
			continue;
		memcpy(&a, i->ai_addr, i->ai_addrlen);
		if (a.sa.sa_family == AF_INET)
			add_v4(r, &a.v4.sin_addr);
		else if (a.sa.sa_family == AF_INET6)
			add_v6(r, &a.v6.sin6_addr, a.v6.sin6_scope_id);
	}
	freeaddrinfo(list);
	return 0;
}

void resolver_init(struct resolver *r, const char *name, uint16_t port)
{
	bool is_v6 = strchr(name, ':') != NULL;
	int rc;

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->port = port;
	(void) snprintf(r->authority, sizeof(r->authority), is_v6 ? "[%.255s]:%u" : "%.255s:%u",
		name, port);
	r->is_literal = look_up(r, AI_NUMERICHOST) == 0;
	if (r->is_literal)
		return;
	rc = look_up(r, 0);
	if (rc != 0)
		log_warn("cannot resolve the discovery service name=%s reason=\"%s\"", name,
			gai_strerror(rc));
	r->has_servers = res_ninit(&r->state) == 0;
	r->state.retrans = 1; /* seconds */
	r->state.retry = 1;
	if (r->state.nscount > 1)
		r->state.nscount = 1;
}

/* Add the addresses of @type that the name server knows. */
static void ask(struct resolver *r, ns_type type)
{
	unsigned char answer[ANSWER_BYTES];
	ns_msg msg;
	ns_rr rr;
	int n = res_nquery(&r->state, r->name, ns_c_in, type, answer, sizeof(answer));

	if (n <= 0 || n > (int) sizeof(answer) || ns_initparse(answer, n, &msg) < 0)
		return;
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		if (ns_parserr(&msg, ns_s_an, i, &rr) < 0)
			return;
		if (ns_rr_type(rr) != type)
			continue;
		if (type == ns_t_a && ns_rr_rdlen(rr) == sizeof(struct in_addr))
			add_v4(r, ns_rr_rdata(rr));
		else if (type == ns_t_aaaa && ns_rr_rdlen(rr) == sizeof(struct in6_addr))
			add_v6(r, ns_rr_rdata(rr), 0);
	}
}

bool resolver_retry(struct resolver *r, int64_t now_ns)
{
	uint32_t n_known = r->n_addresses;

	if (r->is_literal || !r->has_servers || (r->asked_ns && now_ns - r->asked_ns < RETRY_NS))
		return false;
	r->asked_ns = now_ns;
	r->n_addresses = 0;
	ask(r, ns_t_a);
	ask(r, ns_t_aaaa);
	if (r->n_addresses > 0)
		return true;
	/* what was known may come back to life; nothing was written over it */
	r->n_addresses = n_known;
	return false;
}

void resolver_done(struct resolver *r)
{
	if (r->has_servers)
		res_nclose(&r->state);
	r->has_servers = false;
}
