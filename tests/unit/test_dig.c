/* SPDX-License-Identifier: MIT */
/* What a dig makes of answers, replies, time that passes, and resolvers that break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "dig/dig.h"
#include "dig/echo.h"
#include "proto/fdpass.h"

#define SECOND 1000000000LL

static const struct dns_question web = {"web.", DNS_A, 0x0102};

/* An answer to @web: the header, the question, then @n records of @len bytes each. */
static size_t write_answer(uint8_t *p, uint8_t n, uint8_t type, uint8_t len)
{
	static const uint8_t head[] = {
		1, 2, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'e', 'b', 0, 0, 1, 0, 1};
	size_t at = sizeof(head);

	memcpy(p, head, sizeof(head));
	p[7] = n;
	for (uint8_t i = 0; i < n; i++) {
		const uint8_t record[] = {0xc0, 12, 0, type, 0, 1, 0, 0, 2, 0x58, 0, len};

		memcpy(p + at, record, sizeof(record));
		memset(p + at + sizeof(record), i + 1, len);
		at += sizeof(record) + len;
	}
	return at;
}

static void a_question_is_what_the_standard_says(void **state)
{
	static const uint8_t wanted[] = {
		0, 21, 1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 'w', 'e', 'b', 0, 0, 1, 0, 1};
	uint8_t out[DNS_QUERY_BYTES];

	(void) state;
	assert_int_equal(dns_query(&web, out), sizeof(wanted));
	assert_memory_equal(out, wanted, sizeof(wanted));
}

static void what_is_no_name_is_not_asked_for(void **state)
{
	static const char *const names[] = {"", ".", "a", "a..b.", ".a.",
		"0123456789012345678901234567890123456789012345678901234567890123."};
	uint8_t out[DNS_QUERY_BYTES];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct dns_question q = {names[i], DNS_A, 1};

		assert_int_equal(dns_query(&q, out), -EINVAL);
	}
}

static void addresses_up_to_the_limit_are_taken(void **state)
{
	uint8_t p[1024];
	struct dns_addresses a;

	(void) state;
	for (uint8_t n = 0; n <= DNS_ADDRESSES_MAX + 1; n++) {
		size_t len = write_answer(p, n, DNS_A, 4);

		assert_int_equal(dns_answer(&web, p, len, &a), 0);
		assert_int_equal(a.n, n > DNS_ADDRESSES_MAX ? DNS_ADDRESSES_MAX : n);
	}
	assert_int_equal(a.bytes[2][3], 3);
	assert_int_equal(a.bytes[2][4], 0);
}

static void records_of_another_kind_or_length_are_passed_over(void **state)
{
	uint8_t p[256];
	struct dns_addresses a;

	(void) state;
	assert_int_equal(dns_answer(&web, p, write_answer(p, 2, DNS_AAAA, 16), &a), 0);
	assert_int_equal(a.n, 0);
	assert_int_equal(dns_answer(&web, p, write_answer(p, 2, DNS_A, 5), &a), 0);
	assert_int_equal(a.n, 0);
}

static void an_answer_cut_anywhere_is_malformed(void **state)
{
	uint8_t p[256];
	size_t len = write_answer(p, 2, DNS_A, 4);
	struct dns_addresses a;

	(void) state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(dns_answer(&web, p, cut, &a), -EBADMSG);
	p[2] = 1; /* a question, not an answer */
	assert_int_equal(dns_answer(&web, p, len, &a), -EBADMSG);
}

static void an_error_has_no_addresses_and_another_id_no_answer(void **state)
{
	uint8_t p[256];
	size_t len = write_answer(p, 2, DNS_A, 4);
	struct dns_addresses a;

	(void) state;
	p[3] = 0x83;
	assert_int_equal(dns_answer(&web, p, len, &a), 0);
	assert_int_equal(a.n, 0);
	p[1]++;
	assert_int_equal(dns_answer(&web, p, len, &a), -ESTALE);
}

/* The sum over the request with its checksum is all ones. */
static void a_request_has_its_checksum(void **state)
{
	const struct echo e = {4, 0x1234, 0xfffe};
	uint8_t p[ECHO_BYTES];
	uint32_t sum = 0;

	(void) state;
	echo_request(&e, p);
	for (size_t i = 0; i < sizeof(p); i += 2)
		sum += (uint32_t) p[i] << 8 | p[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
}

static void an_address_is_pinged_three_times_a_second_apart(void **state)
{
	const struct pinger nobody = {{-1, -1}, false, 1};
	const struct address a = {.family = 4};
	struct verifier v;

	(void) state;
	verifier_start(&v, 3, 0);
	for (int i = 0; i < VERIFIER_PINGS; i++) {
		assert_int_equal(verifier_due_ns(&v), i * SECOND);
		assert_false(verifier_go_on(&v, &nobody, &a, i * SECOND));
		assert_int_equal(v.sent, i + 1);
		assert_false(verifier_go_on(&v, &nobody, &a, i * SECOND + 1));
		assert_int_equal(v.sent, i + 1);
	}
	assert_int_equal(verifier_due_ns(&v), 5 * SECOND);
	verifier_heard(&v, 1);
	verifier_heard(&v, 1);
	assert_int_equal(v.replied, 1);
	assert_false(verifier_go_on(&v, &nobody, &a, 5 * SECOND - 1));
	assert_true(verifier_go_on(&v, &nobody, &a, 5 * SECOND));
}

static void three_replies_are_enough_to_end(void **state)
{
	const struct pinger nobody = {{-1, -1}, false, 1};
	const struct address a = {.family = 6};
	struct verifier v;

	(void) state;
	verifier_start(&v, 0, 0);
	for (uint8_t i = 0; i < VERIFIER_PINGS; i++)
		verifier_heard(&v, i);
	assert_true(verifier_go_on(&v, &nobody, &a, 1));
}

static void answers_to_earlier_questions_are_passed_over(void **state)
{
	uint8_t p[512] = {0};
	struct resolver *r = calloc(1, sizeof(*r));
	struct dns_addresses a;
	size_t one = write_answer(p + 2, 1, DNS_A, 4), two;
	int pair[2];

	(void) state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	p[1] = (uint8_t) one;
	p[2 + 1] = 9; /* another id */
	two = write_answer(p + 2 + one + 2, 2, DNS_A, 4);
	p[2 + one + 1] = (uint8_t) two;
	r->fd = pair[0];
	assert_int_equal(resolver_ask(r, &web, 1000), 0);
	assert_true(r->is_busy);
	/* two seconds, as the original service waits */
	assert_int_equal(r->limit_ns, 2 * 1000000000LL + 1000);
	assert_int_equal(send(pair[1], p, one + two + 3, 0), one + two + 3);
	assert_int_equal(resolver_read(r, &a), 0);
	assert_int_equal(send(pair[1], p + one + two + 3, 1, 0), 1);
	assert_int_equal(resolver_read(r, &a), 1);
	assert_int_equal(a.n, 2);
	assert_false(r->is_busy);
	assert_true(recv(pair[1], p, sizeof(p), 0) > 0);
	close(pair[1]);
	assert_int_equal(resolver_read(r, &a), -EPIPE);
	resolver_close(r);
	free(r);
}

static void an_answer_too_long_ends_the_connection(void **state)
{
	static const uint8_t head[2] = {0xff, 0xff};
	struct resolver *r = calloc(1, sizeof(*r));
	struct dns_addresses a;
	int pair[2];

	(void) state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	r->fd = pair[0];
	assert_int_equal(send(pair[1], head, sizeof(head), 0), sizeof(head));
	assert_int_equal(resolver_read(r, &a), -EMSGSIZE);
	resolver_close(r);
	close(pair[1]);
	free(r);
}

/* Resolvers that know no name; of @broken ones of them the connection ends with the first question,
 * or is gone before any; the others do not answer if they are mute. */
struct fakes {
	int broken;
	bool are_gone, are_mute;
};

static void serve(int fd, bool breaks, bool is_mute)
{
	uint8_t p[512];
	ssize_t n;

	while ((n = recv(fd, p, sizeof(p), 0)) > 0 && !breaks) {
		if (is_mute)
			continue;
		p[4] = 0x81;
		p[5] = 0x83;
		(void) !send(fd, p, (size_t) n, MSG_NOSIGNAL);
	}
	_exit(0);
}

static void start_resolvers(struct dig *d, const struct fakes *f)
{
	for (int i = 0; i < DIG_RESOLVERS; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		d->resolvers[i].fd = pair[0];
		if (!f->are_gone && fork() == 0) {
			assert_int_equal(dup2(pair[1], 3), 3);
			(void) close_range(4, ~0U, 0);
			serve(3, i < f->broken, f->are_mute);
		}
		(void) close(pair[1]);
	}
}

/* What a dig for two names tells: the numbers of names, then D for done, F for failed. */
static void run_dig(const struct fakes *f, char *ret, size_t cap)
{
	char one[] = "web.", two[] = "db.", *names[] = {one, two};
	struct dig *d = calloc(1, sizeof(*d));
	uint8_t buf[DIG_MESSAGE_BYTES];
	size_t len, at = 0;
	int control[2];
	ssize_t n;

	assert_int_equal(fdpass_pair(control), 0);
	start_resolvers(d, f);
	d->control = control[0];
	d->pinger = (struct pinger){{-1, -1}, false, 1};
	assert_int_equal(dig_names_encode(names, 2, buf, &len), 2);
	assert_int_equal(fdpass_send(control[1], buf, len, NULL, 0), 0);
	assert_int_equal(dig_run(d), 0);
	free(d);
	(void) close(control[0]);
	for (struct fdset fds; (n = fdpass_recv(control[1], buf, sizeof(buf), &fds)) > 0;) {
		struct dig_msg m;

		assert_int_equal(dig_msg_decode(buf, (size_t) n, &m), 0);
		assert_true(at + 1 < cap);
		ret[at++] = (char) (m.kind == DIG_DONE     ? 'D'
				    : m.kind == DIG_FAILED ? 'F'
							   : '0' + m.told.name);
	}
	ret[at] = '\0';
	(void) close(control[1]);
	while (wait(NULL) > 0)
		;
}

static void names_nobody_knows_are_announced_in_their_order(void **state)
{
	char told[16];

	(void) state;
	run_dig(&(struct fakes){.broken = 0}, told, sizeof(told));
	assert_string_equal(told, "01D");
}

static void connections_that_break_end_nothing(void **state)
{
	char told[16];

	(void) state;
	for (int n = 1; n <= DIG_RESOLVERS; n++) {
		run_dig(&(struct fakes){.broken = n}, told, sizeof(told));
		assert_string_equal(told, "01D");
	}
}

static void names_without_an_answer_are_given_up(void **state)
{
	char told[16];

	(void) state;
	run_dig(&(struct fakes){.are_mute = true}, told, sizeof(told));
	assert_string_equal(told, "01D");
}

static void without_resolvers_it_does_not_start(void **state)
{
	char told[16];

	(void) state;
	run_dig(&(struct fakes){.are_gone = true}, told, sizeof(told));
	assert_string_equal(told, "F");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_what_the_standard_says),
		cmocka_unit_test(what_is_no_name_is_not_asked_for),
		cmocka_unit_test(addresses_up_to_the_limit_are_taken),
		cmocka_unit_test(records_of_another_kind_or_length_are_passed_over),
		cmocka_unit_test(an_answer_cut_anywhere_is_malformed),
		cmocka_unit_test(an_error_has_no_addresses_and_another_id_no_answer),
		cmocka_unit_test(a_request_has_its_checksum),
		cmocka_unit_test(an_address_is_pinged_three_times_a_second_apart),
		cmocka_unit_test(three_replies_are_enough_to_end),
		cmocka_unit_test(answers_to_earlier_questions_are_passed_over),
		cmocka_unit_test(an_answer_too_long_ends_the_connection),
		cmocka_unit_test(names_nobody_knows_are_announced_in_their_order),
		cmocka_unit_test(connections_that_break_end_nothing),
		cmocka_unit_test(names_without_an_answer_are_given_up),
		cmocka_unit_test(without_resolvers_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
