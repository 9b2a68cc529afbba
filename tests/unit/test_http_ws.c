/* SPDX-License-Identifier: MIT */
/* WebSocket frames of both sides at every split, every violation, and the keys of handshakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "http/sha1.h"
#include "http/ws.h"
#include "http/ws_key.h"

#define MASK        "\x01\x02\x03\x04"
#define BYTES(text) (const uint8_t *) (text), sizeof(text) - 1

/* What a reader returned: one letter per control frame with its payload in brackets, and the data.
 */
struct seen {
	char control[512], data[512];
	int rc;
};

static void note(struct seen *s, const struct http_ws_reader *r, int event)
{
	size_t n = strlen(s->control);

	if (event == HTTP_WS_TEXT || event == HTTP_WS_BINARY) {
		strncat(s->data, (const char *) r->data, r->data_bytes);
		return;
	}
	s->control[n++] = event == HTTP_WS_PING ? 'i' : event == HTTP_WS_PONG ? 'o' : 'c';
	s->control[n++] = '[';
	memcpy(s->control + n, r->control, r->n_control);
	n += r->n_control;
	memcpy(s->control + n, "]", 2);
}

static struct seen read_frames(
	struct http_ws_reader r, const uint8_t *p, size_t len_bytes, size_t step)
{
	struct seen s = {.rc = 0};

	for (size_t at = 0; at < len_bytes && s.rc >= 0;) {
		size_t n = len_bytes - at < step ? len_bytes - at : step, used = n + 1;

		s.rc = http_ws_read(&r, p + at, n, &used);
		assert_true(used <= n && (s.rc != 0 || used == n));
		at += used;
		if (s.rc > 0)
			note(&s, &r, s.rc);
	}
	return s;
}

static void a_client_reads_frames_at_every_split(void **state)
{
	static const char text[] = "\x02\x03"
				   "abc"
				   "\x89\x02"
				   "hi"
				   "\x00\x00"
				   "\x80\x7e\x00\x7e";
	uint8_t bytes[sizeof(text) - 1 + 126 + 5 + 8];
	const struct http_ws_reader client = {.is_client = true};

	(void) state;
	memcpy(bytes, text, sizeof(text) - 1);
	memset(bytes + sizeof(text) - 1, 'd', 126);
	memcpy(bytes + sizeof(text) - 1 + 126,
		"\x8a\x00\x81\x01x\x88\x06\x03\xe8"
		"ciao",
		13);
	for (size_t step = 1; step <= sizeof(bytes); step++) {
		struct seen s = read_frames(client, bytes, sizeof(bytes), step);

		assert_string_equal(s.control, "i[hi]o[]c[\x03\xe8"
					       "ciao]");
		assert_int_equal(strlen(s.data), 3 + 126 + 1);
		assert_memory_equal(s.data, "abcddd", 6);
		assert_int_equal(s.data[129], 'x');
	}
}

static void a_server_unmasks_control_frames_and_drops_data(void **state)
{
	static const char text[] = "\x82\x84" MASK "abcd\x89\x85" MASK "ikokn\x88\x80" MASK;
	const struct http_ws_reader server = {0};

	(void) state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct seen s = read_frames(server, BYTES(text), step);

		assert_string_equal(s.control, "i[hiloo]c[]");
		assert_string_equal(s.data, "");
	}
}

static void frames_that_break_the_protocol_are_refused_at_every_split(void **state)
{
	static const struct {
		const char *p;
		size_t n;
		bool is_client;
	} cases[] = {
#define CASE(is_client, text) {text, sizeof(text) - 1, is_client}
		CASE(false, "\x82\x00"),
		CASE(false, "\x89\x00"),
		CASE(true, "\x82\x80"),
		CASE(true, "\xc2\x00"),
		CASE(true, "\xa2\x00"),
		CASE(true, "\x92\x00"),
		CASE(true, "\x83\x00"),
		CASE(true, "\x87\x00"),
		CASE(true, "\x8b\x00"),
		CASE(true, "\x8f\x00"),
		CASE(true, "\x80\x00"),
		CASE(true, "\x00\x00"),
		CASE(true, "\x02\x00\x02\x00"),
		CASE(true, "\x02\x00\x81\x00"),
		CASE(true, "\x82\x00\x80\x00"),
		CASE(true, "\x09\x00"),
		CASE(true, "\x08\x00"),
		CASE(true, "\x89\x7e\x00\x7e"),
		CASE(true, "\x88\x7f"),
		CASE(true, "\x82\x7e\x00\x7d"),
		CASE(true, "\x82\x7e\x00\x00"),
		CASE(true, "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"),
		CASE(true, "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"),
		CASE(false, "\x82\xfe\x00\x7d" MASK),
		CASE(false, "\x01\x80" MASK "\x81\x80"),
#undef CASE
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct http_ws_reader r = {.is_client = cases[i].is_client};

		for (size_t step = 1; step <= cases[i].n; step++) {
			struct seen s =
				read_frames(r, (const uint8_t *) cases[i].p, cases[i].n, step);

			if (s.rc != -HTTP_WS_PROTOCOL_ERROR)
				fail_msg("case %zu: %d", i, s.rc);
		}
	}
}

static void text_must_be_utf8_also_across_frames(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
	} cases[] = {
		{"a", true},
		{"\xc3\xa4", true},
		{"\xe2\x82\xac", true},
		{"\xf0\x9f\x90\x8b", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xc3", false},
		{"\xe2\x82", false},
		{"\xf0\x9f\x90", false},
		{"\x80", false},
		{"\xc0\xaf", false},
		{"\xc1\x81", false},
		{"\xe0\x9f\xbf", false},
		{"\xed\xa0\x80", false},
		{"\xf0\x8f\xbf\xbf", false},
		{"\xf4\x90\x80\x80", false},
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
		{"\xc3\xc3", false},
	};
	const struct http_ws_reader client = {.is_client = true};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].text);
		int want = cases[i].is_good ? HTTP_WS_TEXT : -HTTP_WS_BAD_TEXT;

		/* in two frames, cut everywhere, with a ping between them */
		for (size_t cut = 0; cut <= n; cut++) {
			uint8_t b[64] = {0x01, (uint8_t) cut};
			struct seen s;

			memcpy(b + 2, cases[i].text, cut);
			memcpy(b + 2 + cut, "\x89\x00\x80", 3);
			b[5 + cut] = (uint8_t) (n - cut);
			memcpy(b + 6 + cut, cases[i].text + cut, n - cut);
			s = read_frames(client, b, 6 + n, 1);
			assert_int_equal(s.rc < 0 ? s.rc : HTTP_WS_TEXT, want);
			assert_int_equal(utf8_valid(cases[i].text, n), cases[i].is_good);
		}
	}
	/* a server checks what it drops; the mask is 1 2 3 4 */
	assert_int_equal(
		read_frames((struct http_ws_reader){0}, BYTES("\x81\x81" MASK "\xfe"), 1).rc,
		-HTTP_WS_BAD_TEXT);
	/* binary messages hold any bytes */
	assert_int_equal(read_frames(client, BYTES("\x82\x01\xff"), 1).rc, HTTP_WS_BINARY);
}

static void messages_have_a_limit_over_all_frames(void **state)
{
	const struct http_ws_reader limited = {.is_client = true, .message_max_bytes = 5};

	(void) state;
	assert_int_equal(read_frames(limited,
				 BYTES("\x82\x05"
				       "abcde\x82\x05"
				       "abcde"),
				 1)
				 .rc,
		HTTP_WS_BINARY);
	assert_int_equal(read_frames(limited, BYTES("\x82\x06"), 1).rc, -HTTP_WS_TOO_BIG);
	assert_int_equal(read_frames(limited,
				 BYTES("\x02\x03"
				       "abc\x80\x03"),
				 1)
				 .rc,
		-HTTP_WS_TOO_BIG);
	assert_int_equal(
		read_frames(limited, BYTES("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), 1).rc,
		-HTTP_WS_TOO_BIG);
	/* control frames do not count */
	assert_int_equal(read_frames(limited,
				 BYTES("\x89\x06"
				       "abcdef"),
				 1)
				 .rc,
		HTTP_WS_PING);
}

static void close_codes_are_those_that_may_be_sent(void **state)
{
	(void) state;
	assert_int_equal(http_ws_close_code(NULL, 0), HTTP_WS_NO_CODE);
	assert_int_equal(http_ws_close_code(BYTES("\x03")), -HTTP_WS_PROTOCOL_ERROR);
	for (int code = 0; code < 65536; code++) {
		const uint8_t p[] = {(uint8_t) (code >> 8), (uint8_t) code, 'x'};
		bool is_good = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
			       (code >= 3000 && code <= 4999);

		assert_int_equal(
			http_ws_close_code(p, sizeof(p)), is_good ? code : -HTTP_WS_PROTOCOL_ERROR);
	}
	assert_int_equal(http_ws_close_code(BYTES("\x03\xe8\xc3")), -HTTP_WS_BAD_TEXT);
	assert_int_equal(http_ws_close_code(BYTES("\x03\xe8\xc3\xa4")), 1000);
}

static void what_is_written_is_read(void **state)
{
	static const uint64_t lengths[] = {
		0, 1, 125, 126, 127, 65535, 65536, 1ULL << 40, INT64_MAX};
	uint8_t head[HTTP_WS_HEAD_MAX], masked[HTTP_WS_MASKED_MAX];
	uint8_t payload[HTTP_WS_CONTROL_MAX];
	size_t used;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct http_ws_reader r = {.is_client = true};
		size_t n = http_ws_put_head(HTTP_WS_BINARY, lengths[i], head);

		assert_int_equal(http_ws_read(&r, head, n, &used), 0);
		assert_int_equal(r.left_bytes, lengths[i]);
		assert_int_equal(r.in_payload, lengths[i] > 0);
	}
	memset(payload, 0xa5, sizeof(payload));
	for (size_t n = 0; n <= sizeof(payload); n++) {
		struct http_ws_reader r = {0};
		size_t len = http_ws_put_masked(
			HTTP_WS_PING, payload, n, (const uint8_t *) MASK, masked);

		assert_int_equal(http_ws_read(&r, masked, len, &used), HTTP_WS_PING);
		assert_int_equal(used, len);
		assert_int_equal(r.n_control, n);
		assert_memory_equal(r.control, payload, n);
	}
	assert_int_equal(
		http_ws_put_masked(HTTP_WS_CLOSE, "\x03\xe8", 2, (const uint8_t *) MASK, masked),
		8);
	assert_memory_equal(masked, "\x88\x82" MASK "\x02\xea", 8);
}

static void digests_are_those_of_the_standard(void **state)
{
	uint8_t d[SHA1_BYTES];
	char text[32];

	(void) state;
	sha1((const uint8_t *) "abc", 3, d);
	base64_encode(d, sizeof(d), text);
	assert_string_equal(text, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
}

static void keys_are_those_of_the_standard(void **state)
{
	static const char *const wrong[] = {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ",
		"dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j=Q==", "dGhlIHNhbXBsZSBub25jZQ=-",
		"dGhlIHNhbXBsZSBub25jZQ===", "dGhl-HNhbXBsZSBub25jZQ=="};
	char key[HTTP_WS_KEY_CHARS + 1], accept[HTTP_WS_ACCEPT_CHARS + 1];

	(void) state;
	http_ws_make_key((const uint8_t *) "the sample nonce", key);
	assert_string_equal(key, "dGhlIHNhbXBsZSBub25jZQ==");
	assert_true(http_ws_is_key((struct http_slice){key, strlen(key)}));
	http_ws_accept(key, accept);
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(http_ws_is_key((struct http_slice){wrong[i], strlen(wrong[i])}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_reads_frames_at_every_split),
		cmocka_unit_test(a_server_unmasks_control_frames_and_drops_data),
		cmocka_unit_test(frames_that_break_the_protocol_are_refused_at_every_split),
		cmocka_unit_test(text_must_be_utf8_also_across_frames),
		cmocka_unit_test(messages_have_a_limit_over_all_frames),
		cmocka_unit_test(close_codes_are_those_that_may_be_sent),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(digests_are_those_of_the_standard),
		cmocka_unit_test(keys_are_those_of_the_standard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
