/* SPDX-License-Identifier: MIT */
/* What is packed is what comes out again, however it was cut; a document and its gzip form live and
 * go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <zlib.h>

#include "base/own.h"
#include "service/catalog/document.h"
#include "service/answer/pack.h"

#define GZIP_WINDOW 31

/* Pack in steps of @step_bytes. */
static char *packed(const char *p, size_t len_bytes, size_t step_bytes, size_t *ret_len_bytes)
{
	struct pack *k;
	size_t steps = 0;
	char *out;
	int rc;

	assert_int_equal(pack_new(p, len_bytes, &k), 0);
	do {
		rc = pack_step(k, step_bytes);
		steps++;
	} while (rc == 0);
	assert_int_equal(rc, 1);
	assert_int_equal(steps, len_bytes ? (len_bytes + step_bytes - 1) / step_bytes : 1);
	out = pack_take(k, ret_len_bytes);
	pack_free(k);
	return out;
}

static void assert_unpacks_to(char *p, size_t len_bytes, const char *want, size_t want_bytes)
{
	AUTO_FREE char *out = malloc(want_bytes + 1);
	z_stream z = {.next_in = (Bytef *) p,
		.avail_in = (uInt) len_bytes,
		.next_out = (Bytef *) out,
		.avail_out = (uInt) want_bytes + 1};

	assert_int_equal(inflateInit2(&z, GZIP_WINDOW), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.total_out, want_bytes);
	assert_int_equal(z.avail_in, 0);
	assert_memory_equal(out, want, want_bytes);
	assert_int_equal(inflateEnd(&z), Z_OK);
}

/* Bytes that pack well (@is_noise: not at all), owned by the caller. */
static char *some_bytes(size_t len_bytes, bool is_noise)
{
	char *p = malloc(len_bytes + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < len_bytes; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = is_noise ? (char) (x >> 24) : "network-interfaces"[i % 18];
	}
	return p;
}

static void what_is_packed_in_any_steps_comes_out_again(void **state)
{
	static const size_t lengths[] = {0, 1, 1023, 32768, 32769, 300000};
	static const size_t steps[] = {1000, 32768, 1 << 20};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(lengths) * ARRAY_LEN(steps) * 2; i++) {
		size_t n = lengths[i / 2 % ARRAY_LEN(lengths)], len_bytes;
		size_t step_bytes = steps[i / 2 / ARRAY_LEN(lengths)];
		AUTO_FREE char *p = some_bytes(n, i % 2);
		AUTO_FREE char *out = packed(p, n, step_bytes, &len_bytes);

		assert_unpacks_to(out, len_bytes, p, n);
	}
}

static void one_that_is_not_finished_can_be_dropped(void **state)
{
	AUTO_FREE char *p = some_bytes(300000, false);
	struct pack *k;

	(void) state;
	assert_int_equal(pack_new(p, 300000, &k), 0);
	assert_int_equal(pack_step(k, 1000), 0);
	pack_free(k);
	pack_free(NULL);
}

static void a_gzip_form_has_a_tag_of_its_own_and_goes_with_its_document(void **state)
{
	int fd = memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct document *d, *form;
	char *out;
	size_t len_bytes;

	(void) state;
	assert_int_equal(write(fd, "{}", 2), 2);
	assert_int_equal(document_map(fd, 0xa, 1, &d), -EBADMSG);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK), 0);
	assert_int_equal(document_map(fd, 0xa, 1, &d), 0);
	(void) close(fd);
	out = packed(d->p, d->len_bytes, 1000, &len_bytes);
	assert_int_equal(document_add_packed(d, out, len_bytes), 0);
	assert_string_equal(d->tag, "\"a.1\"");
	assert_string_equal(d->packed->tag, "\"a.1-gzip\"");
	assert_true(d->packed->is_gzip && !d->is_gzip);
	form = document_ref(d->packed);
	document_unref(d);
	/* who sends it still may */
	assert_unpacks_to(form->p, form->len_bytes, "{}", 2);
	document_unref(form);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_in_any_steps_comes_out_again),
		cmocka_unit_test(one_that_is_not_finished_can_be_dropped),
		cmocka_unit_test(a_gzip_form_has_a_tag_of_its_own_and_goes_with_its_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
