/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/engine/grpc_frames.h"
#include "discover/engine/grpc_session.h"
#include "support/grpc_bytes.h"

#define UNFINISHED 77
#define SECOND_NS  1000000000

/* What became of one call. */
struct outcome {
	int result; /* UNFINISHED until it has ended */
	int ends;
	size_t n_messages;
	char last[64];
};

static void on_message(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct outcome *o = ctx;

	o->n_messages++;
	assert_true(len_bytes < sizeof(o->last));
	memcpy(o->last, p, len_bytes);
	o->last[len_bytes] = '\0';
}

static void on_done(void *ctx, int result)
{
	struct outcome *o = ctx;

	o->result = result;
	o->ends++;
}

static struct grpc_call *start(
	struct grpc_session *s, struct outcome *o, bool stream, int timeout_ms)
{
	const struct grpc_ask ask = {.path = "/pf.Test/Ask",
		.ns = "lab",
		.message = "hello",
		.len_bytes = 5,
		.max_bytes = 32,
		.timeout_ms = timeout_ms,
		.stream = stream,
		.message_fn = on_message,
		.done_fn = on_done,
		.ctx = o};

	*o = (struct outcome){.result = UNFINISHED};
	return grpc_session_start(s, &ask, 0);
}

/* Let all be sent; returns how many bytes, or the error. */
static ssize_t send_all(struct grpc_session *s)
{
	const uint8_t *p;
	ssize_t n, all = 0;

	while ((n = grpc_session_pull(s, &p)) > 0)
		all += n;
	return n < 0 ? n : all;
}

static void tell_ends(struct grpc_session *s)
{
	struct grpc_done d;

	while (grpc_session_take_done(s, &d))
		d.fn(d.ctx, d.result);
}

static struct outcome play(const struct grpc_bytes *b, bool stream)
{
	struct grpc_session *s = grpc_session_new();
	struct outcome o;

	assert_non_null(start(s, &o, stream, 0));
	assert_true(send_all(s) > 0);
	if (grpc_session_feed(s, b->p, b->n) < 0 || send_all(s) < 0)
		grpc_session_end(s, -EIO);
	tell_ends(s);
	grpc_session_free(s);
	return o;
}

static void put_settings(struct grpc_bytes *b)
{
	b->n = 0;
	grpc_bytes_frame(b, H2_SETTINGS, 0, 0, NULL, 0);
}

static void put_answer(struct grpc_bytes *b, const char *status)
{
	put_settings(b);
	grpc_bytes_begin(b, 1);
	grpc_bytes_message(b, 1, "world", 5);
	grpc_bytes_end(b, 1, status);
}

static void a_call_is_answered_by_a_message_and_a_status(void **state)
{
	struct grpc_bytes b;
	struct outcome o;

	(void) state;
	put_answer(&b, "0");
	o = play(&b, false);
	assert_int_equal(o.result, 0);
	assert_int_equal(o.ends, 1);
	assert_int_equal(o.n_messages, 1);
	assert_string_equal(o.last, "world");
}

static void statuses_become_errors(void **state)
{
	static const struct {
		const char *status;
		int result;
	} cases[] = {{"5", -ENOENT}, {"12", -EOPNOTSUPP}, {"13", -EREMOTEIO}, {"999", -EREMOTEIO},
		{"", -EBADMSG}, {"-1", -EBADMSG}, {"0x0", -EBADMSG}, {"00000000000", -EBADMSG}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct grpc_bytes b;

		put_answer(&b, cases[i].status);
		assert_int_equal(play(&b, false).result, cases[i].result);
	}
}

static void an_error_may_come_without_a_body(void **state)
{
	static const char *const fields[] = {":status", "200", "content-type", "application/grpc",
		"grpc-status", "12", "grpc-message", "unknown service", NULL};
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	grpc_bytes_headers(&b, H2_END_STREAM, 1, fields);
	assert_int_equal(play(&b, false).result, -EOPNOTSUPP);
}

static void answers_that_are_not_grpc_are_malformed(void **state)
{
	static const char *const heads[][5] = {
		{":status", "404", "content-type", "application/grpc", NULL},
		{":status", "200", "content-type", "text/html", NULL}, {":status", "200", NULL}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct grpc_bytes b;

		put_settings(&b);
		grpc_bytes_headers(&b, 0, 1, heads[i]);
		grpc_bytes_end(&b, 1, "0");
		assert_int_equal(play(&b, false).result, -EBADMSG);
	}
}

static void an_answer_without_a_status_is_malformed(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_frame(&b, H2_DATA, H2_END_STREAM, 1, "\0\0\0\0\1x", 6);
	assert_int_equal(play(&b, false).result, -EBADMSG);
}

static void half_a_message_is_malformed(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_frame(&b, H2_DATA, 0, 1, "\0\0\0\0\4x", 6);
	grpc_bytes_end(&b, 1, "0");
	assert_int_equal(play(&b, false).result, -EBADMSG);
}

static void only_streams_have_several_messages(void **state)
{
	struct grpc_bytes b;
	struct outcome o;

	(void) state;
	put_settings(&b);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_message(&b, 1, "one", 3);
	grpc_bytes_message(&b, 1, "", 0);
	grpc_bytes_message(&b, 1, "three", 5);
	grpc_bytes_end(&b, 1, "0");
	o = play(&b, true);
	assert_int_equal(o.result, 0);
	assert_int_equal(o.n_messages, 3);
	assert_string_equal(o.last, "three");
	o = play(&b, false);
	assert_int_equal(o.result, -EBADMSG);
	assert_int_equal(o.n_messages, 1);
}

static void a_message_may_be_as_large_as_its_limit_and_not_larger(void **state)
{
	char text[34];
	struct grpc_bytes b;

	(void) state;
	memset(text, 'x', sizeof(text));
	for (size_t n = 32; n <= 33; n++) {
		put_settings(&b);
		grpc_bytes_begin(&b, 1);
		grpc_bytes_message(&b, 1, text, n);
		grpc_bytes_end(&b, 1, "0");
		assert_int_equal(play(&b, false).result, n > 32 ? -E2BIG : 0);
	}
}

static void an_announced_gigabyte_is_refused_at_once(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_frame(&b, H2_DATA, 0, 1, "\0\x40\0\0\0", 5);
	assert_int_equal(play(&b, true).result, -E2BIG);
}

static void compressed_messages_are_refused(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_frame(&b, H2_DATA, 0, 1, "\1\0\0\0\1x", 6);
	assert_int_equal(play(&b, false).result, -EBADMSG);
}

static void a_reset_stream_is_an_error_of_its_call_alone(void **state)
{
	struct grpc_session *s = grpc_session_new();
	struct outcome first, second;
	struct grpc_bytes b;

	(void) state;
	assert_non_null(start(s, &first, false, 0));
	assert_non_null(start(s, &second, false, 0));
	(void) send_all(s);
	put_settings(&b);
	grpc_bytes_frame(&b, H2_RST_STREAM, 0, 1, "\0\0\0\2", 4);
	grpc_bytes_begin(&b, 3);
	grpc_bytes_message(&b, 3, "fine", 4);
	grpc_bytes_end(&b, 3, "0");
	assert_int_equal(grpc_session_feed(s, b.p, b.n), 0);
	tell_ends(s);
	assert_int_equal(first.result, -EIO);
	assert_int_equal(second.result, 0);
	grpc_session_free(s);
}

static void what_is_not_http2_ends_the_connection(void **state)
{
	static const char *const texts[] = {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct grpc_bytes b = {.n = strlen(texts[i])};

		memcpy(b.p, texts[i], b.n);
		assert_int_equal(play(&b, false).result, -EIO);
	}
}

static void nothing_may_be_pushed(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_settings(&b);
	/* ours have arrived */
	grpc_bytes_frame(&b, H2_SETTINGS, H2_ACK, 0, NULL, 0);
	grpc_bytes_begin(&b, 1);
	grpc_bytes_frame(&b, H2_PUSH_PROMISE, H2_END_HEADERS, 1, "\0\0\0\2", 4);
	assert_int_equal(play(&b, false).result, -EIO);
}

static void an_answer_may_come_in_any_two_pieces(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_answer(&b, "0");
	for (size_t cut = 1; cut < b.n; cut++) {
		struct grpc_session *s = grpc_session_new();
		struct outcome o;

		assert_non_null(start(s, &o, false, 0));
		(void) send_all(s);
		assert_int_equal(grpc_session_feed(s, b.p, cut), 0);
		tell_ends(s);
		assert_int_equal(o.ends, 0);
		assert_int_equal(grpc_session_feed(s, b.p + cut, b.n - cut), 0);
		tell_ends(s);
		assert_int_equal(o.result, 0);
		assert_string_equal(o.last, "world");
		grpc_session_free(s);
	}
}

static void an_answer_that_breaks_off_anywhere_ends_the_call_once(void **state)
{
	struct grpc_bytes b;

	(void) state;
	put_answer(&b, "0");
	for (size_t cut = 0; cut < b.n; cut++) {
		struct grpc_session *s = grpc_session_new();
		struct outcome o;

		assert_non_null(start(s, &o, false, 0));
		assert_int_equal(grpc_session_feed(s, b.p, cut), 0);
		grpc_session_end(s, -EIO);
		tell_ends(s);
		grpc_session_end(s, -EIO);
		tell_ends(s);
		assert_int_equal(o.result, -EIO);
		assert_int_equal(o.ends, 1);
		grpc_session_free(s);
	}
}

static void a_call_ends_when_its_time_is_over(void **state)
{
	struct grpc_session *s = grpc_session_new();
	struct outcome patient, hasty;
	struct grpc_bytes b;

	(void) state;
	assert_int_equal(grpc_session_deadline(s), INT64_MAX);
	assert_non_null(start(s, &patient, true, 0));
	assert_int_equal(grpc_session_deadline(s), INT64_MAX);
	assert_non_null(start(s, &hasty, false, 1000));
	assert_int_equal(grpc_session_deadline(s), SECOND_NS);
	(void) send_all(s);
	grpc_session_expire(s, SECOND_NS - 1);
	tell_ends(s);
	assert_int_equal(hasty.ends, 0);
	grpc_session_expire(s, SECOND_NS);
	tell_ends(s);
	assert_int_equal(hasty.result, -ETIMEDOUT);
	assert_int_equal(patient.ends, 0);
	assert_true(send_all(s) > 0);
	/* its answer comes too late, and harms nobody */
	put_settings(&b);
	grpc_bytes_begin(&b, 3);
	grpc_bytes_message(&b, 3, "late", 4);
	grpc_bytes_end(&b, 3, "0");
	assert_int_equal(grpc_session_feed(s, b.p, b.n), 0);
	tell_ends(s);
	assert_int_equal(hasty.ends, 1);
	assert_int_equal(hasty.n_messages, 0);
	grpc_session_free(s);
}

static void a_cancelled_call_says_nothing_any_more(void **state)
{
	struct grpc_session *s = grpc_session_new();
	struct outcome sent, unsent;
	struct grpc_call *c;
	struct grpc_bytes b;

	(void) state;
	c = start(s, &sent, false, 1000);
	(void) send_all(s);
	grpc_session_cancel(s, c);
	c = start(s, &unsent, false, 1000);
	grpc_session_cancel(s, c);
	assert_true(send_all(s) >= 0);
	assert_int_equal(grpc_session_deadline(s), INT64_MAX);
	put_answer(&b, "0");
	(void) grpc_session_feed(s, b.p, b.n);
	grpc_session_end(s, -EIO);
	tell_ends(s);
	assert_int_equal(sent.ends + unsent.ends, 0);
	assert_int_equal(sent.n_messages, 0);
	grpc_session_free(s);
}

static void a_flood_of_pings_is_answered_only_so_often(void **state)
{
	struct grpc_session *s = grpc_session_new();
	struct grpc_bytes b;
	int rc = 0, rounds = 0;

	(void) state;
	put_settings(&b);
	assert_int_equal(grpc_session_feed(s, b.p, b.n), 0);
	b.n = 0;
	for (int i = 0; i < 1000; i++)
		grpc_bytes_frame(&b, H2_PING, 0, 0, "12345678", 8);
	/* nobody reads our answers */
	while (rc == 0 && rounds++ < 100)
		rc = grpc_session_feed(s, b.p, b.n);
	assert_int_equal(rc, -EPROTO);
	grpc_session_free(s);
}

static void messages_come_out_of_frames_however_they_are_cut(void **state)
{
	static const uint8_t bytes[] = {0, 0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, '!'};

	(void) state;
	for (size_t step = 1; step <= sizeof(bytes); step++) {
		struct grpc_frames f = {.max_bytes = 2};
		size_t got = 0, sum = 0;

		for (size_t at = 0; at < sizeof(bytes);) {
			size_t n = sizeof(bytes) - at < step ? sizeof(bytes) - at : step;
			size_t taken, len = 0;
			const uint8_t *message;
			int rc = grpc_frames_feed(&f, bytes + at, n, &taken, &message, &len);

			assert_true(rc >= 0 && taken > 0 && taken <= n);
			got += (size_t) rc;
			sum += rc ? len : 0;
			at += taken;
		}
		assert_true(grpc_frames_complete(&f));
		assert_int_equal(got, 3);
		assert_int_equal(sum, 3);
		grpc_frames_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_answered_by_a_message_and_a_status),
		cmocka_unit_test(statuses_become_errors),
		cmocka_unit_test(an_error_may_come_without_a_body),
		cmocka_unit_test(answers_that_are_not_grpc_are_malformed),
		cmocka_unit_test(an_answer_without_a_status_is_malformed),
		cmocka_unit_test(half_a_message_is_malformed),
		cmocka_unit_test(only_streams_have_several_messages),
		cmocka_unit_test(a_message_may_be_as_large_as_its_limit_and_not_larger),
		cmocka_unit_test(an_announced_gigabyte_is_refused_at_once),
		cmocka_unit_test(compressed_messages_are_refused),
		cmocka_unit_test(a_reset_stream_is_an_error_of_its_call_alone),
		cmocka_unit_test(what_is_not_http2_ends_the_connection),
		cmocka_unit_test(nothing_may_be_pushed),
		cmocka_unit_test(an_answer_may_come_in_any_two_pieces),
		cmocka_unit_test(an_answer_that_breaks_off_anywhere_ends_the_call_once),
		cmocka_unit_test(a_call_ends_when_its_time_is_over),
		cmocka_unit_test(a_cancelled_call_says_nothing_any_more),
		cmocka_unit_test(a_flood_of_pings_is_answered_only_so_often),
		cmocka_unit_test(messages_come_out_of_frames_however_they_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
