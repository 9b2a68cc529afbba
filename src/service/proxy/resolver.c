/* SPDX-License-Identifier: MIT */
#include "service/proxy/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"

#define MS_NS        1000000LL
#define QUERY_BYTES  512
#define ANSWER_BYTES 4096

static const ns_type types[] = {ns_t_a, ns_t_aaaa};

/* A list of addresses that grows. */
struct list {
	union resolver_address *p;
	uint32_t *n;
	uint16_t port;
};

static void add_v4(const struct list *l, const void *addr)
{
	union resolver_address *a = &l->p[*l->n];

	if (*l->n == RESOLVER_ADDRESSES_MAX)
		return;
	memset(a, 0, sizeof(*a));
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = htons(l->port);
	memcpy(&a->v4.sin_addr, addr, sizeof(a->v4.sin_addr));
	++*l->n;
}

static void add_v6(const struct list *l, const void *addr, uint32_t scope)
{
	union resolver_address *a = &l->p[*l->n];

	if (*l->n == RESOLVER_ADDRESSES_MAX)
		return;
	memset(a, 0, sizeof(*a));
	a->v6.sin6_family = AF_INET6;
	a->v6.sin6_port = htons(l->port);
	a->v6.sin6_scope_id = scope;
	memcpy(&a->v6.sin6_addr, addr, sizeof(a->v6.sin6_addr));
	++*l->n;
}

/* Returns 0 or an EAI_ code. */
static int look_up(struct resolver *r, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
	const struct list known = {r->addresses, &r->n_addresses, r->port};
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
			add_v4(&known, &a.v4.sin_addr);
		else if (a.sa.sa_family == AF_INET6)
			add_v6(&known, &a.v6.sin6_addr, a.v6.sin6_scope_id);
	}
	freeaddrinfo(list);
	return 0;
}

static void on_socket(void *ctx, uint32_t events);
static void on_timer(void *ctx);

void resolver_init(struct resolver *r, struct loop *loop, const char *name, uint16_t port)
{
	bool is_v6 = strchr(name, ':') != NULL;
	int rc;

	memset(r, 0, sizeof(*r));
	r->loop = loop;
	r->name = name;
	r->port = port;
	r->source = (struct loop_source){.fd = -1, .fn = on_socket, .ctx = r};
	r->timer = (struct loop_timer){.fn = on_timer, .ctx = r};
	(void) snprintf(r->authority, sizeof(r->authority), is_v6 ? "[%.255s]:%u" : "%.255s:%u",
		name, port);
	r->is_literal = look_up(r, AI_NUMERICHOST) == 0;
	if (r->is_literal)
		return;
	rc = look_up(r, 0);
	if (rc != 0)
		log_warn("cannot resolve the discovery service name=%s reason=\"%s\"", name,
			gai_strerror(rc));
	r->has_servers = res_ninit(&r->state) == 0 && r->state.nscount > 0;
}

static void close_socket(struct resolver *r)
{
	loop_unwatch(r->loop, &r->source);
	close_p(&r->source.fd);
	r->source.fd = -1;
}

/* The address of the name server in turn. Returns its length, 0 when there are no more. */
static socklen_t server_address(const struct resolver *r, const struct sockaddr **ret)
{
	const struct sockaddr_in6 *v6;

	if (r->at_server >= r->state.nscount)
		return 0;
	/* glibc keeps IPv6 servers apart, under the same index */
	v6 = r->state._u._ext.nsaddrs[r->at_server];
	if (r->state.nsaddr_list[r->at_server].sin_family != AF_INET && v6) {
		*ret = (const struct sockaddr *) v6;
		return sizeof(*v6);
	}
	*ret = (const struct sockaddr *) &r->state.nsaddr_list[r->at_server];
	return sizeof(r->state.nsaddr_list[r->at_server]);
}

static int send_query(struct resolver *r, int which)
{
	unsigned char query[QUERY_BYTES];
	int n = res_nmkquery(&r->state, ns_o_query, r->name, ns_c_in, types[which], NULL, 0, NULL,
		query, sizeof(query));

	if (n < (int) sizeof(HEADER) ||
		getrandom(&r->ids[which], sizeof(r->ids[which]), 0) != sizeof(r->ids[which]))
		return -EINVAL;
	memcpy(query, &r->ids[which], sizeof(r->ids[which]));
	return send(r->source.fd, query, (size_t) n, MSG_DONTWAIT | MSG_NOSIGNAL) == n ? 0 : -EIO;
}

/* Query the name server in turn, with a socket and identifiers of its own. */
static int query_server(struct resolver *r)
{
	const struct sockaddr *to = NULL;
	socklen_t len = server_address(r, &to);
	int rc;

	close_socket(r);
	if (len == 0)
		return -ENOENT;
	r->source.fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->source.fd < 0 || connect(r->source.fd, to, len) < 0)
		return -errno;
	rc = loop_watch(r->loop, &r->source, EPOLLIN);
	for (int i = 0; i < 2 && rc == 0; i++) {
		r->is_answered[i] = false;
		rc = send_query(r, i);
	}
	if (rc == 0)
		loop_arm(r->loop, &r->timer, clock_mono_ns() + RESOLVER_TRY_MS * MS_NS);
	return rc;
}

/* The round is over: use what it found, and call those who wait. */
static void end_round(struct resolver *r)
{
	close_socket(r);
	loop_disarm(r->loop, &r->timer);
	r->ended_ns = clock_mono_ns();
	/* without an answer the known addresses stay: they may work again */
	if (r->n_found > 0) {
		memcpy(r->addresses, r->found, sizeof(r->found));
		r->n_addresses = r->n_found;
	}
	while (r->waiting) {
		struct resolver_query *q = r->waiting;

		resolver_cancel(q);
		q->fn(q->ctx);
	}
}

/* Query name servers until one takes the queries, or none is left. */
static void try_servers(struct resolver *r)
{
	while (query_server(r) < 0) {
		if (r->at_server >= r->state.nscount) {
			end_round(r);
			return;
		}
		r->at_server++;
	}
}

static void on_timer(void *ctx)
{
	struct resolver *r = ctx;

	/* one family without an answer does not keep the other back */
	if (r->n_found > 0) {
		end_round(r);
		return;
	}
	r->at_server++;
	try_servers(r);
}

/* Is @text the name that is looked up? A dot at its end changes nothing. */
static bool is_our_name(const struct resolver *r, const char *text)
{
	size_t n = strlen(r->name);

	n -= n > 0 && r->name[n - 1] == '.';
	return strlen(text) == n && strncasecmp(text, r->name, n) == 0;
}

/* Is @answer the answer to query @which? */
static bool belongs(const struct resolver *r, int which, const ns_msg *answer)
{
	ns_msg copy = *answer;
	ns_rr question;

	return !r->is_answered[which] && ns_msg_id(copy) == ntohs(r->ids[which]) &&
	       ns_msg_getflag(copy, ns_f_qr) && ns_msg_count(copy, ns_s_qd) == 1 &&
	       ns_parserr(&copy, ns_s_qd, 0, &question) == 0 &&
	       ns_rr_type(question) == types[which] && is_our_name(r, ns_rr_name(question));
}

static void take_answer(struct resolver *r, int which, ns_msg *answer)
{
	const struct list found = {r->found, &r->n_found, r->port};
	ns_rr rr;

	r->is_answered[which] = true;
	for (int i = 0; i < ns_msg_count(*answer, ns_s_an); i++) {
		if (ns_parserr(answer, ns_s_an, i, &rr) < 0)
			return;
		if (ns_rr_type(rr) != types[which])
			continue;
		if (which == 0 && ns_rr_rdlen(rr) == sizeof(struct in_addr))
			add_v4(&found, ns_rr_rdata(rr));
		else if (which == 1 && ns_rr_rdlen(rr) == sizeof(struct in6_addr))
			add_v6(&found, ns_rr_rdata(rr), 0);
	}
}

static void on_socket(void *ctx, uint32_t events)
{
	struct resolver *r = ctx;
	unsigned char bytes[ANSWER_BYTES];
	ssize_t n = recv(r->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	ns_msg answer;

	(void) events;
	if (n < 0 && errno != EAGAIN) {
		/* no server is there */
		r->at_server++;
		try_servers(r);
		return;
	}
	if (n <= 0 || ns_initparse(bytes, (int) n, &answer) < 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (belongs(r, i, &answer))
			take_answer(r, i, &answer);
	}
	if (r->is_answered[0] && r->is_answered[1])
		end_round(r);
}

int resolver_ask(struct resolver *r, struct resolver_query *q)
{
	bool is_pause = r->ended_ns && clock_mono_ns() - r->ended_ns < RESOLVER_PAUSE_MS * MS_NS;
	bool is_first = !r->waiting;

	if (r->is_literal || !r->has_servers || (is_first && is_pause))
		return -EAGAIN;
	q->resolver = r;
	q->before = NULL;
	q->next = r->waiting;
	if (q->next)
		q->next->before = q;
	r->waiting = q;
	if (!is_first)
		return 0;
	r->n_found = 0;
	/* begun by the timer, so that nothing is called back before this returns */
	r->at_server = -1;
	loop_arm(r->loop, &r->timer, 0);
	return 0;
}

void resolver_cancel(struct resolver_query *q)
{
	if (!q->resolver)
		return;
	if (q->before)
		q->before->next = q->next;
	else
		q->resolver->waiting = q->next;
	if (q->next)
		q->next->before = q->before;
	q->resolver = NULL;
}

void resolver_done(struct resolver *r)
{
	close_socket(r);
	loop_disarm(r->loop, &r->timer);
	if (r->has_servers)
		res_nclose(&r->state);
	r->has_servers = false;
}
