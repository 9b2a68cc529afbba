/* SPDX-License-Identifier: MIT */
/* Asking name servers from the event loop: what is learnt, and that nothing waits for a silent one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "service/proxy/resolver.h"

/* A name server on loopback, and the loop that both are in. */
struct fixture {
	struct loop loop;
	struct resolver resolver;
	struct resolver_waiter waiter;
	struct loop_source server;
	struct loop_timer tick;
	int n_ticks, n_asked, n_done;
	bool is_new;
	/* how the server answers */
	bool is_silent, is_forged;
};

/* One address record for the question in @q of @len bytes, behind it. */
static size_t make_answer(uint8_t *q, size_t len, bool is_forged)
{
	static const uint8_t v4[] = {192, 0, 2, 7}, v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 9};
	bool is_v6 = q[len - 3] == ns_t_aaaa;
	size_t n = is_v6 ? sizeof(v6) : sizeof(v4);
	uint8_t record[12] = {0xc0, 12, 0, q[len - 3], 0, ns_c_in, 0, 0, 0, 60, 0, (uint8_t) n};

	q[0] ^= is_forged;
	q[2] |= 0x80;
	q[7] = 1;
	memcpy(q + len, record, sizeof(record));
	memcpy(q + len + sizeof(record), is_v6 ? v6 : v4, n);
	return len + sizeof(record) + n;
}

static void on_question(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint8_t q[512];
	ssize_t n = recvfrom(f->server.fd, q, sizeof(q), 0, (struct sockaddr *) &from, &from_len);

	(void) events;
	assert_true(n > NS_HFIXEDSZ);
	f->n_asked++;
	if (f->is_silent)
		return;
	n = (ssize_t) make_answer(q, (size_t) n, f->is_forged);
	assert_int_equal(
		sendto(f->server.fd, q, (size_t) n, 0, (struct sockaddr *) &from, from_len), n);
}

static void on_done(void *ctx, bool is_new)
{
	struct fixture *f = ctx;

	f->n_done++;
	f->is_new = is_new;
	loop_stop(&f->loop);
}

static void on_tick(void *ctx)
{
	struct fixture *f = ctx;

	f->n_ticks++;
	loop_arm(&f->loop, &f->tick, clock_mono_ns() + 10000000);
}

static void begin(struct fixture *f)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(addr);

	assert_int_equal(loop_init(&f->loop), 0);
	/* a literal is not looked up; from here on it is taken for a name */
	resolver_init(&f->resolver, &f->loop, "198.51.100.1", 5000);
	assert_true(f->resolver.is_literal && f->resolver.known.n == 1);
	assert_false(resolver_ask(&f->resolver, NULL, clock_mono_ns()));
	f->resolver.is_literal = false;
	f->resolver.name = "ghostwire.example";
	assert_int_equal(res_ninit(&f->resolver.state), 0);
	f->resolver.has_servers = true;
	f->server = (struct loop_source){
		.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), .fn = on_question, .ctx = f};
	assert_true(f->server.fd >= 0);
	assert_int_equal(bind(f->server.fd, (struct sockaddr *) &addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(f->server.fd, (struct sockaddr *) &addr, &len), 0);
	f->resolver.state.nscount = 1;
	f->resolver.state.nsaddr_list[0] = addr;
	assert_int_equal(loop_watch(&f->loop, &f->server, EPOLLIN), 0);
	f->tick = (struct loop_timer){.fn = on_tick, .ctx = f};
	on_tick(f);
	f->waiter = (struct resolver_waiter){.done = on_done, .ctx = f};
}

static void end(struct fixture *f)
{
	resolver_done(&f->resolver);
	loop_unwatch(&f->loop, &f->server);
	(void) close(f->server.fd);
	loop_done(&f->loop);
}

static void both_kinds_of_addresses_are_learnt(void **state)
{
	struct fixture f = {.n_done = 0};
	const struct resolver_list *l = &f.resolver.known;

	(void) state;
	begin(&f);
	assert_true(resolver_ask(&f.resolver, &f.waiter, clock_mono_ns()));
	assert_int_equal(loop_run(&f.loop), 0);
	assert_true(f.n_done == 1 && f.is_new && f.n_asked == 2);
	assert_int_equal(l->n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		char text[INET6_ADDRSTRLEN];
		bool is_v6 = l->v[i].sa.sa_family == AF_INET6;

		assert_non_null(inet_ntop(l->v[i].sa.sa_family,
			is_v6 ? (const void *) &l->v[i].v6.sin6_addr
			      : (const void *) &l->v[i].v4.sin_addr,
			text, sizeof(text)));
		assert_string_equal(text, is_v6 ? "2001:db8::9" : "192.0.2.7");
		assert_int_equal(ntohs(l->v[i].v4.sin_port), 5000);
	}
	/* not again at once */
	assert_false(resolver_ask(&f.resolver, &f.waiter, clock_mono_ns()));
	assert_true(resolver_ask(&f.resolver, NULL, clock_mono_ns() + RESOLVER_PAUSE_NS));
	end(&f);
}

static void wait_in_vain(struct fixture *f)
{
	int64_t began_ns;

	begin(f);
	began_ns = clock_mono_ns();
	assert_true(resolver_ask(&f->resolver, &f->waiter, began_ns));
	assert_int_equal(f->n_done, 0);
	assert_int_equal(loop_run(&f->loop), 0);
	assert_true(f->n_done == 1 && !f->is_new);
	assert_true(clock_mono_ns() - began_ns >= RESOLVER_LIMIT_NS);
	/* each question twice; the loop went on meanwhile; what was known stays */
	assert_int_equal(f->n_asked, 4);
	assert_true(f->n_ticks > 10);
	assert_int_equal(f->resolver.known.n, 1);
	end(f);
}

static void a_silent_server_stops_nothing(void **state)
{
	struct fixture f = {.is_silent = true};

	(void) state;
	wait_in_vain(&f);
}

static void an_answer_to_another_question_counts_for_nothing(void **state)
{
	struct fixture f = {.is_forged = true};

	(void) state;
	wait_in_vain(&f);
}

static void a_waiter_that_leaves_is_not_called(void **state)
{
	struct fixture f = {.n_done = 0};
	struct resolver_waiter other = {.done = on_done, .ctx = &f};

	(void) state;
	begin(&f);
	assert_true(resolver_ask(&f.resolver, &other, clock_mono_ns()));
	assert_true(resolver_ask(&f.resolver, &f.waiter, clock_mono_ns()));
	resolver_cancel(&other);
	resolver_cancel(&other);
	assert_int_equal(loop_run(&f.loop), 0);
	assert_int_equal(f.n_done, 1);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_of_addresses_are_learnt),
		cmocka_unit_test(a_silent_server_stops_nothing),
		cmocka_unit_test(an_answer_to_another_question_counts_for_nothing),
		cmocka_unit_test(a_waiter_that_leaves_is_not_called),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
