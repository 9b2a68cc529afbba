/* SPDX-License-Identifier: MIT */
/* Laws: a head is judged the same however its bytes are divided; a head that was accepted and is
 * written anew is accepted with the same parts; Debian's http-parser accepts what is accepted here,
 * and agrees on method, target and fields. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <http_parser.h>

#include "http/target.h"

#define OTHER_MAX_BYTES 60000 /* http-parser has a limit of its own */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long scan_in_steps(const char *p, size_t size, size_t step)
{
	struct http_scan s = {0};
	long n = 0;

	for (size_t at = 0; at < size && n == 0;) {
		at = size - at < step ? size : at + step;
		n = http_head_scan(&s, p, at);
	}
	return n;
}

static char *put(char *to, struct http_slice s, const char *behind)
{
	memcpy(to, s.p, s.len_bytes);
	to += s.len_bytes;
	memcpy(to, behind, strlen(behind));
	return to + strlen(behind);
}

static int is_same(struct http_slice a, struct http_slice b)
{
	return a.len_bytes == b.len_bytes && memcmp(a.p, b.p, a.len_bytes) == 0;
}

static void check_rewritten(const struct http_head *h, size_t size)
{
	char *text = malloc(size + 4 * HTTP_FIELDS_MAX), *to = text;
	struct http_scan scan = {0};
	struct http_head again;

	assert(text);
	to = put(to, h->method, " ");
	to = put(to, h->target, h->is_http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	for (uint32_t i = 0; i < h->n_fields; i++)
		to = put(put(to, h->fields[i].name, ":"), h->fields[i].value, "\r\n");
	memcpy(to, "\r\n", 2);
	to += 2;
	assert(http_head_scan(&scan, text, (size_t) (to - text)) == to - text);
	assert(http_head_parse(text, (size_t) (to - text), &again) == 0);
	assert(is_same(h->method, again.method) && is_same(h->target, again.target));
	assert(h->is_http10 == again.is_http10 && h->n_fields == again.n_fields);
	for (uint32_t i = 0; i < h->n_fields; i++) {
		assert(is_same(h->fields[i].name, again.fields[i].name));
		assert(is_same(h->fields[i].value, again.fields[i].value));
	}
	free(text);
}

/* What http-parser reports. */
struct other {
	struct http_slice target;
	struct http_field fields[HTTP_FIELDS_MAX + 1];
	uint32_t n_fields;
	int is_done;
};

static void extend(struct http_slice *s, const char *at, size_t n)
{
	if (!s->p)
		s->p = at;
	s->len_bytes += n;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
	struct other *o = p->data;

	extend(&o->target, at, n);
	return 0;
}

static int on_name(http_parser *p, const char *at, size_t n)
{
	struct other *o = p->data;

	if (o->n_fields == 0 || o->fields[o->n_fields - 1].value.p)
		assert(++o->n_fields <= HTTP_FIELDS_MAX);
	extend(&o->fields[o->n_fields - 1].name, at, n);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct other *o = p->data;

	extend(&o->fields[o->n_fields - 1].value, at, n);
	return 0;
}

static int on_head(http_parser *p)
{
	struct other *o = p->data;

	o->is_done = 1;
	return 1;
}

static int is_ascii(struct http_slice s)
{
	for (size_t i = 0; i < s.len_bytes; i++) {
		if ((unsigned char) s.p[i] >= 0x80)
			return 0;
	}
	return 1;
}

static void compare_with_other(const struct http_head *h, const char *p, size_t n)
{
	static const http_parser_settings settings = {.on_url = on_url,
		.on_header_field = on_name,
		.on_header_value = on_value,
		.on_headers_complete = on_head};
	struct other o = {.n_fields = 0};
	struct http_target target;
	uint64_t body;
	http_parser parser;

	/* it takes a field whose name only begins like this one for it (Transfer-Encodingc) */
	for (uint32_t i = 0; i < h->n_fields; i++) {
		static const char name[] = "transfer-encoding";

		if (h->fields[i].name.len_bytes >= sizeof(name) &&
			strncasecmp(h->fields[i].name.p, name, sizeof(name) - 1) == 0)
			return;
	}
	/* it knows a fixed list of methods, and reads the target of CONNECT in another way */
	if (n > OTHER_MAX_BYTES || http_head_body(h, &body) < 0 || !is_ascii(h->target) ||
		http_target_parse(h->target, &target) < 0 || http_slice_is(h->method, "CONNECT"))
		return;
	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = &o;
	(void) http_parser_execute(&parser, &settings, p, n);
	if (HTTP_PARSER_ERRNO(&parser) == HPE_INVALID_METHOD)
		return;
	assert(o.is_done);
	assert(http_slice_is(h->method, http_method_str((enum http_method) parser.method)));
	assert(is_same(h->target, o.target) && h->n_fields == o.n_fields);
	assert(parser.http_major == 1 && parser.http_minor == (h->is_http10 ? 0 : 1));
	for (uint32_t i = 0; i < h->n_fields; i++) {
		assert(is_same(h->fields[i].name, o.fields[i].name));
		assert(is_same(h->fields[i].value, http_slice_trim(o.fields[i].value)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *) data;
	long n = scan_in_steps(p, size, size);
	struct http_head h;

	assert(n == scan_in_steps(p, size, 1) && n == scan_in_steps(p, size, 7));
	assert(n <= (long) size && (n >= 0 || n == -400 || n == -414 || n == -431));
	if (n <= 0)
		return 0;
	(void) http_head_parse_answer(p, (size_t) n, &h);
	if (http_head_parse(p, (size_t) n, &h) < 0)
		return 0;
	check_rewritten(&h, (size_t) n);
	compare_with_other(&h, p, (size_t) n);
	return 0;
}
