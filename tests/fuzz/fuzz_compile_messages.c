/* SPDX-License-Identifier: MIT */
/* Laws: a message between the service and a compiler that is understood is the only way to write
 * it, and keeps to its limits. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/compile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t again[COMPILE_MAX_BYTES];

static void check_request(const uint8_t *data, size_t size)
{
	struct compile_request r;
	ssize_t n;

	if (compile_request_decode(data, size, &r) < 0)
		return;
	assert(r.snaplen > 0 && r.snaplen <= CONF_SNAPLEN_MAX && r.n_links <= COMPILE_LINKS_MAX);
	assert(strlen(r.filter) <= CONF_FILTER_MAX);
	n = compile_request_encode(&r, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
	compile_request_done(&r);
}

static void check_answer(const uint8_t *data, size_t size)
{
	struct compile_answer a;
	ssize_t n;

	if (compile_answer_decode(data, size, &a) < 0)
		return;
	assert(a.status <= 0 && (a.status == 0 || a.n_programs == 0));
	assert(a.n_programs <= CONF_PROGRAMS_MAX && memchr(a.text, 0, sizeof(a.text)));
	n = compile_answer_encode(&a, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
	compile_answer_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > COMPILE_MAX_BYTES)
		return 0;
	check_request(data, size);
	check_answer(data, size);
	return 0;
}
