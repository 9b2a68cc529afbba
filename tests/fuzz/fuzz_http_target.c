/* SPDX-License-Identifier: MIT */
/* Laws: the parts of a target that was accepted make up the target again, and decode without
 * control characters; arguments make up the query again; an authority that was accepted is the same
 * after it is written and parsed. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(struct http_slice s, bool is_form)
{
	char *text = malloc(s.len_bytes + 1);
	long n;

	assert(text);
	n = http_decode(s, is_form, text, s.len_bytes + 1);
	assert(n >= 0 && (size_t) n <= s.len_bytes && strlen(text) == (size_t) n);
	for (long i = 0; i < n; i++) {
		unsigned char c = (unsigned char) text[i];

		assert((c >= 0x20 && c != 0x7f) || (is_form && c == '\t'));
	}
	assert(http_decodes_to(s, is_form, text));
	/* one byte less is not enough */
	assert(n == 0 || http_decode(s, is_form, text, (size_t) n) < 0);
	free(text);
}

static void check_query(struct http_slice query)
{
	struct http_slice name, value;
	const char *end = query.len_bytes > 0 ? query.p + query.len_bytes : NULL;

	while (http_query_next(&query, &name, &value)) {
		assert(value.p + value.len_bytes <= end && name.p + name.len_bytes <= value.p);
		assert(name.len_bytes == 0 || !memchr(name.p, '=', name.len_bytes));
		assert(value.len_bytes == 0 || !memchr(value.p, '&', value.len_bytes));
		check_decoded(name, true);
		check_decoded(value, true);
	}
}

static void check_authority(struct http_slice s)
{
	struct http_authority a, b;
	char text[HTTP_HOST_MAX + 16];

	if (http_authority_parse(s, &a) < 0)
		return;
	assert(a.port == -1 || (a.port >= 1 && a.port <= 65535));
	(void) snprintf(text, sizeof(text), a.is_v6 ? "[%s]" : "%s", a.host);
	if (a.port >= 0)
		(void) snprintf(text + strlen(text), 8, ":%d", a.port);
	/* the case of letters is all that changes */
	assert(http_slice_is_nocase(s, text));
	assert(http_authority_parse((struct http_slice){text, strlen(text)}, &b) == 0);
	assert(http_authority_is(&a, &b) && a.is_v6 == b.is_v6 && a.is_address == b.is_address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_slice s = {(const char *) data, size};
	struct http_authority origin;
	struct http_target t;

	check_authority(s);
	(void) http_origin_parse(s, &origin);
	if (http_target_parse(s, &t) < 0 || t.is_asterisk)
		return 0;
	assert(t.path.len_bytes > 0 && t.path.p[0] == '/');
	if (t.query.len_bytes > 0)
		assert(t.query.p + t.query.len_bytes == s.p + s.len_bytes);
	if (!t.is_absolute)
		assert(t.path.p == s.p &&
			(t.path.len_bytes == size || s.p[t.path.len_bytes] == '?'));
	check_decoded(t.path, false);
	check_query(t.query);
	return 0;
}
