/* SPDX-License-Identifier: MIT */
/* What everything stands on: process lines, UTF-8, cursors over bytes, words of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/files.h"
#include "base/own.h"
#include "base/procstat.h"
#include "base/utf8.h"

#define REST " S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654321 100 200"

static void a_process_may_call_itself_anything(void **state)
{
	static const struct {
		const char *line, *comm;
	} rows[] = {{"1 (init)" REST, "init"}, {"1 (a) b ()" REST, "a) b ("}, {"1 ()" REST, ""},
		{"1 (())" REST, "()"}, {"1 () S 9)" REST, ") S 9"}, {"1 (a\nb)" REST, "a\nb"},
		{"1 (\xff)" REST, "\xff"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct procstat st;

		assert_int_equal(procstat_parse(rows[i].line, &st), 0);
		assert_string_equal(st.comm, rows[i].comm);
		assert_int_equal(st.ppid, 7);
		assert_true(st.starttime_ticks == 987654321);
	}
}

static void a_line_that_is_none_is_refused(void **state)
{
	static const char *const lines[] = {"", "1", "1 (x", "1 x)", "1 )x(", "1 (x)", "1 (x) S",
		"1 (x) S 7 1 1", "1 (x)S 7 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		struct procstat st = {.ppid = -5};

		assert_int_equal(procstat_parse(lines[i], &st), -EBADMSG);
		assert_int_equal(st.ppid, -5);
	}
}

static void our_own_process_is_read(void **state)
{
	AUTO_CLOSE int proc = open("/proc", O_RDONLY | O_DIRECTORY);
	struct procstat st;

	(void) state;
	assert_int_equal(procstat_read(proc, getpid(), &st), 0);
	assert_int_equal(st.ppid, getppid());
	assert_true(st.starttime_ticks > 0);
	assert_int_equal(procstat_read(proc, INT32_MAX, &st), -ENOENT);
}

static void utf8_is_told_from_other_bytes(void **state)
{
	static const struct {
		const char *s;
		bool valid;
	} rows[] = {{"", true}, {"abc", true}, {"\xc3\xa4", true}, {"\xe2\x82\xac", true},
		{"\xf0\x9f\x90\xa7", true}, {"\xf4\x8f\xbf\xbf", true}, {"\x80", false},
		{"\xc3", false}, {"\xc0\xaf", false}, {"\xe0\x80\xaf", false},
		{"\xed\xa0\x80", false}, {"\xf4\x90\x80\x80", false}, {"\xf5\x80\x80\x80", false},
		{"a\xff", false}, {"\xe2\x82", false}, {"\xf0\x9f\x90", false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(utf8_valid(rows[i].s, strlen(rows[i].s)), rows[i].valid);
}

static void a_cut_never_splits_a_character(void **state)
{
	static const char s[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7";
	static const size_t expect[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

	(void) state;
	for (size_t max = 0; max < ARRAY_LEN(expect); max++)
		assert_int_equal(utf8_cut(s, strlen(s), max), expect[max]);
}

static void what_changes_the_text_around_it_is_replaced(void **state)
{
	static const char *const bad[] = {"\x01", "\x1b", "\x7f", "\xc2\x80", "\xc2\x9b",
		"\xc2\x9f", "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xaa",
		"\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"};
	static const char *const good[] = {
		"\xc2\xa0", "\xd8\x9b", "\xe2\x80\x8d", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xd7\xa9"};
	char text[16], out[16];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		(void) snprintf(text, sizeof(text), "a%sb", bad[i]);
		utf8_sanitize(text, out, sizeof(out));
		assert_string_equal(out, "a?b");
		utf8_sanitize(text, text, sizeof(text));
		assert_string_equal(text, "a?b");
		/* one byte is enough for what replaces it */
		utf8_sanitize(text, out, 4);
		assert_string_equal(out, "a?b");
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		(void) snprintf(text, sizeof(text), "a%sb", good[i]);
		utf8_sanitize(text, out, sizeof(out));
		assert_string_equal(out, text);
	}
}

static void sanitized_text_is_printable_and_fits(void **state)
{
	char out[8];

	(void) state;
	utf8_sanitize("a\nb\x7f\xff"
		      "c",
		out, sizeof(out));
	assert_string_equal(out, "a?b??c");
	utf8_sanitize("abcdef\xc3\xa4", out, sizeof(out));
	assert_string_equal(out, "abcdef");
}

static void numbers_are_little_endian(void **state)
{
	uint8_t buf[32];
	struct wbuf w = {.p = buf, .cap_bytes = sizeof(buf)};
	struct rbuf r = {.p = buf};
	static const uint8_t expect[] = {
		1, 3, 2, 7, 6, 5, 4, 15, 14, 13, 12, 11, 10, 9, 8, 2, 0, 'h', 'i'};
	char s[3];

	(void) state;
	wbuf_u8(&w, 1);
	wbuf_u16(&w, 0x0203);
	wbuf_u32(&w, 0x04050607);
	wbuf_u64(&w, 0x08090a0b0c0d0e0f);
	wbuf_str(&w, "hi");
	assert_false(w.failed);
	assert_int_equal(w.len_bytes, sizeof(expect));
	assert_memory_equal(buf, expect, sizeof(expect));
	r.len_bytes = w.len_bytes;
	assert_true(rbuf_u8(&r) == 1 && rbuf_u16(&r) == 0x0203 && rbuf_u32(&r) == 0x04050607 &&
		    rbuf_u64(&r) == 0x08090a0b0c0d0e0f);
	rbuf_str(&r, s, sizeof(s));
	assert_string_equal(s, "hi");
	assert_true(rbuf_at_end(&r));
}

static void a_cursor_that_failed_stays_failed(void **state)
{
	uint8_t buf[3] = {1, 2, 3};
	struct wbuf w = {.p = buf, .cap_bytes = 3};
	struct rbuf r = {.p = buf, .len_bytes = 3};

	(void) state;
	wbuf_u32(&w, 9);
	wbuf_u8(&w, 9);
	assert_true(w.failed);
	assert_int_equal(rbuf_u32(&r), 0);
	assert_true(r.failed);
	assert_false(rbuf_at_end(&r));
	assert_null(rbuf_bytes(&r, 4));
}

static void a_string_with_a_nul_or_too_long_is_refused(void **state)
{
	static const uint8_t nul[] = {3, 0, 'a', 0, 'b'}, fits[] = {3, 0, 'a', 'b', 'c'};
	struct rbuf a = {.p = nul, .len_bytes = sizeof(nul)};
	struct rbuf b = {.p = fits, .len_bytes = sizeof(fits)}, c = b;
	char s[4];

	(void) state;
	rbuf_str(&a, s, sizeof(s));
	assert_true(a.failed);
	rbuf_str(&b, s, 4);
	assert_false(b.failed);
	rbuf_str(&c, s, 3);
	assert_true(c.failed);
}

static void an_error_has_words_and_fits(void **state)
{
	struct err e = ERR_NONE;
	char big[2 * ERR_TEXT_MAX];

	(void) state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(err_set(NULL, -EINVAL, "nobody listens"), -EINVAL);
	assert_int_equal(err_sys(&e, -ENOENT, "cannot open %s", "x"), -ENOENT);
	assert_string_equal(e.text, "cannot open x: No such file or directory");
	assert_int_equal(err_set(&e, -EIO, "%s", big), -EIO);
	assert_true(strlen(e.text) == ERR_TEXT_MAX - 1 && e.code == -EIO);
}

static void open_descriptors_are_counted(void **state)
{
	AUTO_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	uint64_t before = files_open(0, 200), all = files_open(0, 5000); /* in several steps */

	(void) state;
	assert_true(fd >= 0 && before > 0);
	assert_int_equal(files_open(150, 200), 0);
	assert_int_equal(dup2(fd, 160), 160);
	assert_int_equal(files_open(0, 200), before + 1);
	assert_int_equal(files_open(160, 161), 1);
	assert_int_equal(files_open(161, 161), 0);
	(void) close(160);
	assert_int_equal(files_open(0, 5000), all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_descriptors_are_counted),
		cmocka_unit_test(a_process_may_call_itself_anything),
		cmocka_unit_test(a_line_that_is_none_is_refused),
		cmocka_unit_test(our_own_process_is_read),
		cmocka_unit_test(utf8_is_told_from_other_bytes),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(sanitized_text_is_printable_and_fits),
		cmocka_unit_test(what_changes_the_text_around_it_is_replaced),
		cmocka_unit_test(numbers_are_little_endian),
		cmocka_unit_test(a_cursor_that_failed_stays_failed),
		cmocka_unit_test(a_string_with_a_nul_or_too_long_is_refused),
		cmocka_unit_test(an_error_has_words_and_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
