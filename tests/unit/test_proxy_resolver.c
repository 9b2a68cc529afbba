/* SPDX-License-Identifier: MIT */
/* Queries for the addresses of the other service, with a name server in the same event loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "service/proxy/resolver.h"

#define HEADER_BYTES 12
#define PACKET_BYTES 512
#define LIMIT_NS     20000000000LL

enum habit {
	ANSWERS,
	LIES_FIRST, /* with another identifier, another question, and too few bytes */
	HAS_NO_V6,
	IS_SILENT,
	KNOWS_NOTHING,
};

struct world {
	struct loop loop;
	struct resolver resolver;
	struct loop_source server;
	struct loop_timer limit;
	struct resolver_query query;
	enum habit habit;
	int n_queries, n_done;
};

static void on_limit(void *ctx)
{
	loop_stop(ctx);
	fail_msg("nothing happens");
}

static void on_done(void *ctx)
{
	struct world *w = ctx;

	w->n_done++;
	loop_stop(&w->loop);
}

/* Answer the query of @n bytes in @p with one address. */
static void answer(struct world *w, uint8_t *p, size_t n, const struct sockaddr_in *to)
{
	static const uint8_t v4[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 7};
	static const uint8_t v6[] = {0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 9, 0, 16, 0x20, 1, 0xd, 0xb8,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
	bool is_v6 = p[n - 3] == 28;

	p[2] |= 0x80;
	p[7] = w->habit != KNOWS_NOTHING;
	if (p[7]) {
		memcpy(p + n, is_v6 ? v6 : v4, is_v6 ? sizeof(v6) : sizeof(v4));
		n += is_v6 ? sizeof(v6) : sizeof(v4);
	}
	assert_int_equal(
		sendto(w->server.fd, p, n, 0, (const struct sockaddr *) to, sizeof(*to)), n);
}

static void lie(struct world *w, const uint8_t *p, size_t n, const struct sockaddr_in *to)
{
	uint8_t wrong[PACKET_BYTES];

	memcpy(wrong, p, n);
	wrong[0] ^= 1;
	answer(w, wrong, n, to);
	memcpy(wrong, p, n);
	wrong[HEADER_BYTES + 1] ^= 1;
	answer(w, wrong, n, to);
	(void) sendto(
		w->server.fd, p, HEADER_BYTES - 1, 0, (const struct sockaddr *) to, sizeof(*to));
}

static void on_query(void *ctx, uint32_t events)
{
	struct world *w = ctx;
	uint8_t p[PACKET_BYTES];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(w->server.fd, p, sizeof(p), 0, (struct sockaddr *) &from, &len);

	(void) events;
	assert_true(n > HEADER_BYTES);
	w->n_queries++;
	if (w->habit == IS_SILENT || (w->habit == HAS_NO_V6 && p[n - 3] == 28))
		return;
	if (w->habit == LIES_FIRST)
		lie(w, p, (size_t) n, &from);
	answer(w, p, (size_t) n, &from);
}

static void begin(struct world *w, enum habit habit)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	memset(w, 0, sizeof(*w));
	w->habit = habit;
	assert_int_equal(loop_init(&w->loop), 0);
	w->server = (struct loop_source){
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), .fn = on_query, .ctx = w};
	assert_int_equal(bind(w->server.fd, (struct sockaddr *) &a, sizeof(a)), 0);
	assert_int_equal(getsockname(w->server.fd, (struct sockaddr *) &a, &len), 0);
	assert_int_equal(loop_watch(&w->loop, &w->server, EPOLLIN), 0);
	/* an address needs no name server, so none of this machine's is queried here */
	resolver_init(&w->resolver, &w->loop, "192.0.2.1", 5000);
	assert_int_equal(w->resolver.n_addresses, 1);
	assert_int_equal(resolver_ask(&w->resolver, &w->query), -EAGAIN);
	assert_int_equal(res_ninit(&w->resolver.state), 0);
	w->resolver.name = "other.example";
	w->resolver.is_literal = false;
	w->resolver.has_servers = true;
	w->resolver.state.nscount = 1;
	w->resolver.state.nsaddr_list[0] = a;
	w->query = (struct resolver_query){.fn = on_done, .ctx = w};
	w->limit = (struct loop_timer){.fn = on_limit, .ctx = &w->loop};
	loop_arm(&w->loop, &w->limit, clock_mono_ns() + LIMIT_NS);
}

static void end(struct world *w)
{
	resolver_done(&w->resolver);
	loop_unwatch(&w->loop, &w->server);
	(void) close(w->server.fd);
	loop_disarm(&w->loop, &w->limit);
	loop_done(&w->loop);
}

static void run(struct world *w)
{
	assert_int_equal(resolver_ask(&w->resolver, &w->query), 0);
	assert_true(resolver_is_asking(&w->query));
	assert_int_equal(w->n_done, 0);
	assert_int_equal(loop_run(&w->loop), 0);
	assert_int_equal(w->n_done, 1);
	assert_false(resolver_is_asking(&w->query));
}

static void assert_v4(const struct resolver *r, uint32_t i, const char *text)
{
	char name[INET_ADDRSTRLEN];

	assert_true(i < r->n_addresses);
	assert_int_equal(r->addresses[i].sa.sa_family, AF_INET);
	assert_int_equal(r->addresses[i].v4.sin_port, htons(5000));
	assert_string_equal(
		inet_ntop(AF_INET, &r->addresses[i].v4.sin_addr, name, sizeof(name)), text);
}

static void found_addresses_replace_the_known_ones(void **state)
{
	static const enum habit habits[] = {ANSWERS, LIES_FIRST};
	struct world w;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
		begin(&w, habits[i]);
		run(&w);
		assert_int_equal(w.resolver.n_addresses, 2);
		/* the answers may come in any order */
		assert_v4(&w.resolver, w.resolver.addresses[0].sa.sa_family == AF_INET ? 0 : 1,
			"192.0.2.7");
		assert_int_equal(w.n_queries, 2);
		end(&w);
	}
}

static void one_family_is_enough(void **state)
{
	struct world w;

	(void) state;
	begin(&w, HAS_NO_V6);
	run(&w);
	assert_int_equal(w.resolver.n_addresses, 1);
	assert_v4(&w.resolver, 0, "192.0.2.7");
	end(&w);
}

static void without_an_answer_the_known_addresses_stay(void **state)
{
	static const enum habit habits[] = {IS_SILENT, KNOWS_NOTHING};
	struct world w;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(habits); i++) {
		begin(&w, habits[i]);
		run(&w);
		assert_int_equal(w.resolver.n_addresses, 1);
		assert_v4(&w.resolver, 0, "192.0.2.1");
		/* not again at once */
		assert_int_equal(resolver_ask(&w.resolver, &w.query), -EAGAIN);
		end(&w);
	}
}

static void many_wait_for_one_round(void **state)
{
	struct world w;
	struct resolver_query others[3];

	(void) state;
	begin(&w, ANSWERS);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		others[i] = (struct resolver_query){.fn = on_done, .ctx = &w};
		assert_int_equal(resolver_ask(&w.resolver, &others[i]), 0);
	}
	resolver_cancel(&others[1]);
	resolver_cancel(&others[1]);
	assert_int_equal(loop_run(&w.loop), 0);
	assert_int_equal(w.n_done, 2);
	assert_int_equal(w.n_queries, 2);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_addresses_replace_the_known_ones),
		cmocka_unit_test(one_family_is_enough),
		cmocka_unit_test(without_an_answer_the_known_addresses_stay),
		cmocka_unit_test(many_wait_for_one_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
