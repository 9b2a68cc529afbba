/* SPDX-License-Identifier: MIT */
#include "service/proxy/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"

#define ANSWER_BYTES   4096
#define QUESTION_BYTES 512

static const ns_type types[] = {ns_t_a, ns_t_aaaa};

static void add(struct resolver_list *l, const struct sockaddr *sa, uint16_t port)
{
	union resolver_address *a = &l->v[l->n];

	if (l->n == RESOLVER_ADDRESSES_MAX)
		return;
	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		memcpy(&a->v4, sa, sizeof(a->v4));
		a->v4.sin_port = htons(port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&a->v6, sa, sizeof(a->v6));
		a->v6.sin6_port = htons(port);
	} else {
		return;
	}
	l->n++;
}

/* Returns 0 or an EAI_ code. */
static int look_up(struct resolver *r, int flags)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
	int rc = getaddrinfo(r->name, NULL, &hints, &list);

	if (rc != 0)
		return rc;
	for (const struct addrinfo *i = list; i; i = i->ai_next)
		add(&r->known, i->ai_addr, r->port);
	freeaddrinfo(list);
	return 0;
}

static void on_answer(void *ctx, uint32_t events);
static void on_timer(void *ctx);

void resolver_init(struct resolver *r, struct loop *loop, const char *name, uint16_t port)
{
	bool is_v6 = strchr(name, ':') != NULL;
	int rc;

	memset(r, 0, sizeof(*r));
	r->loop = loop;
	r->name = name;
	r->port = port;
	r->source = (struct loop_source){.fd = -1, .fn = on_answer, .ctx = r};
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

/* The question is over. The waiters are called, who may ask again. */
static void end(struct resolver *r)
{
	struct resolver_waiter *due = r->waiters;
	bool is_new = r->fresh.n > 0;

	loop_disarm(r->loop, &r->timer);
	loop_unwatch(r->loop, &r->source);
	close_p(&r->source.fd);
	r->source.fd = -1;
	r->waiters = NULL;
	/* what was known may come back to life */
	if (is_new)
		r->known = r->fresh;
	while (due) {
		struct resolver_waiter *w = due;

		due = w->next;
		w->resolver = NULL;
		w->done(w->ctx, is_new);
	}
}

static int connect_server(struct resolver *r)
{
	const struct sockaddr_in *v4 = &r->state.nsaddr_list[0];
	const struct sockaddr_in6 *v6 = r->state._u._ext.nsaddrs[0];
	bool is_v4 = v4->sin_family == AF_INET;

	if (!is_v4 && !v6)
		return -EAFNOSUPPORT;
	r->source.fd =
		socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->source.fd < 0)
		return -errno;
	if (connect(r->source.fd, is_v4 ? (const void *) v4 : (const void *) v6,
		    is_v4 ? sizeof(*v4) : sizeof(*v6)) < 0)
		return -errno;
	return loop_watch(r->loop, &r->source, EPOLLIN);
}

/* Send the questions that were not answered. */
static void send_questions(struct resolver *r)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		unsigned char buf[QUESTION_BYTES];
		int n = res_nmkquery(&r->state, ns_o_query, r->name, ns_c_in, types[i], NULL, 0,
			NULL, buf, sizeof(buf));

		if (r->ids[i] == 0 || n < NS_HFIXEDSZ)
			continue;
		buf[0] = (unsigned char) (r->ids[i] >> 8);
		buf[1] = (unsigned char) r->ids[i];
		(void) send(r->source.fd, buf, (size_t) n, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

/* Numbers nobody can guess, and none is 0. */
static void choose_ids(struct resolver *r)
{
	if (getrandom(r->ids, sizeof(r->ids), GRND_NONBLOCK) != (ssize_t) sizeof(r->ids))
		r->ids[0] = r->ids[1] = (uint16_t) clock_mono_ns();
	r->ids[0] |= 1;
	r->ids[1] = (uint16_t) ((r->ids[1] & ~1) | 2);
}

static void begin(struct resolver *r, int64_t now_ns)
{
	r->asked_ns = now_ns;
	r->fresh.n = 0;
	r->is_repeated = false;
	r->n_left = ARRAY_LEN(types);
	choose_ids(r);
	if (connect_server(r) == 0)
		send_questions(r);
	/* when that failed, time is up at once, but not before this returns */
	loop_arm(r->loop, &r->timer, r->source.watched ? now_ns + RESOLVER_LIMIT_NS / 2 : now_ns);
}

static void on_timer(void *ctx)
{
	struct resolver *r = ctx;

	if (r->is_repeated || !r->source.watched) {
		end(r);
		return;
	}
	r->is_repeated = true;
	send_questions(r);
	loop_arm(r->loop, &r->timer, r->asked_ns + RESOLVER_LIMIT_NS);
}

static void take_record(struct resolver *r, const ns_rr *rr)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (ns_rr_type(*rr) == ns_t_a && ns_rr_rdlen(*rr) == sizeof(v4.sin_addr)) {
		memcpy(&v4.sin_addr, ns_rr_rdata(*rr), sizeof(v4.sin_addr));
		add(&r->fresh, (struct sockaddr *) &v4, r->port);
	} else if (ns_rr_type(*rr) == ns_t_aaaa && ns_rr_rdlen(*rr) == sizeof(v6.sin6_addr)) {
		memcpy(&v6.sin6_addr, ns_rr_rdata(*rr), sizeof(v6.sin6_addr));
		add(&r->fresh, (struct sockaddr *) &v6, r->port);
	}
}

static void take_answer(struct resolver *r, const unsigned char *p, size_t len_bytes)
{
	ns_msg msg;
	ns_rr rr;

	if (ns_initparse(p, (int) len_bytes, &msg) < 0 || !ns_msg_getflag(msg, ns_f_qr))
		return;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (r->ids[i] == 0 || ns_msg_id(msg) != r->ids[i])
			continue;
		r->ids[i] = 0;
		r->n_left--;
		for (int j = 0; j < ns_msg_count(msg, ns_s_an); j++) {
			if (ns_parserr(&msg, ns_s_an, j, &rr) < 0)
				return;
			take_record(r, &rr);
		}
		return;
	}
}

static void on_answer(void *ctx, uint32_t events)
{
	struct resolver *r = ctx;
	unsigned char buf[ANSWER_BYTES];

	(void) events;
	while (r->n_left > 0) {
		ssize_t n = recv(r->source.fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			break; /* no name server there */
		take_answer(r, buf, (size_t) n);
	}
	end(r);
}

bool resolver_ask(struct resolver *r, struct resolver_waiter *w, int64_t now_ns)
{
	bool is_asking = r->timer.armed;

	if (r->is_literal || !r->has_servers)
		return false;
	if (!is_asking && r->asked_ns && now_ns - r->asked_ns < RESOLVER_PAUSE_NS)
		return false;
	if (!is_asking)
		begin(r, now_ns);
	if (!w)
		return true;
	w->resolver = r;
	w->next = r->waiters;
	r->waiters = w;
	return true;
}

void resolver_cancel(struct resolver_waiter *w)
{
	struct resolver_waiter **at;

	if (!w->resolver)
		return;
	at = &w->resolver->waiters;
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	w->resolver = NULL;
}

void resolver_done(struct resolver *r)
{
	loop_disarm(r->loop, &r->timer);
	loop_unwatch(r->loop, &r->source);
	close_p(&r->source.fd);
	r->source.fd = -1;
	if (r->has_servers)
		res_nclose(&r->state);
	r->has_servers = false;
}
