/* SPDX-License-Identifier: MIT */
#include "http/head.h"

#include <string.h>

#define EMPTY_LINES_MAX 4 /* bytes of empty lines before a head, RFC 9112 section 2.2 */

/* No control character is allowed in a head, except the tab and the ends of lines. */
static bool is_control(unsigned char c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Judge the next byte @c, which follows @before (0 at the beginning). Returns 1 at the end of the
 * head, 0, or -400. */
static int scan_byte(struct http_scan *s, unsigned char c, unsigned char before)
{
	if (c == '\n') {
		bool is_empty = s->line_bytes == 1;

		if (before != '\r')
			return -400;
		s->line_bytes = 0;
		if (is_empty && s->has_line)
			return 1;
		s->has_line = s->has_line || !is_empty;
		return !s->has_line && s->at_bytes >= EMPTY_LINES_MAX ? -400 : 0;
	}
	if (before == '\r' || (c != '\r' && is_control(c)))
		return -400;
	s->line_bytes++;
	return 0;
}

long http_head_scan(struct http_scan *s, const char *p, size_t len_bytes)
{
	while (s->at_bytes < len_bytes) {
		unsigned char c = (unsigned char) p[s->at_bytes];
		unsigned char before = s->at_bytes > 0 ? (unsigned char) p[s->at_bytes - 1] : 0;
		int rc = s->at_bytes == HTTP_HEAD_MAX ? -431 : scan_byte(s, c, before);

		if (rc < 0)
			return rc;
		s->at_bytes++;
		if (rc > 0)
			return (long) s->at_bytes;
		if (!s->has_line && s->line_bytes > HTTP_LINE_MAX)
			return -414;
	}
	return 0;
}

static int parse_version(struct http_slice v, struct http_head *ret)
{
	bool is_version = v.len_bytes == 8 && memcmp(v.p, "HTTP/", 5) == 0 && v.p[5] >= '0' &&
			  v.p[5] <= '9' && v.p[6] == '.' && v.p[7] >= '0' && v.p[7] <= '9';

	if (!is_version)
		return -400;
	ret->is_http10 = http_slice_is(v, "HTTP/1.0");
	return ret->is_http10 || http_slice_is(v, "HTTP/1.1") ? 0 : -505;
}

static int parse_request_line(struct http_slice line, struct http_head *ret)
{
	if (!http_slice_cut(&line, ' ', &ret->method) || !http_slice_is_token(ret->method) ||
		!http_slice_cut(&line, ' ', &ret->target) || ret->target.len_bytes == 0 ||
		memchr(ret->target.p, '\t', ret->target.len_bytes))
		return -400;
	if (ret->target.len_bytes > HTTP_TARGET_MAX)
		return -414;
	return parse_version(line, ret);
}

static int parse_status_line(struct http_slice line, struct http_head *ret)
{
	struct http_slice version, digits;
	unsigned long long status;
	int rc;

	if (!http_slice_cut(&line, ' ', &version))
		return -400;
	rc = parse_version(version, ret);
	if (rc < 0)
		return rc;
	/* the blank before an empty reason is often left out */
	if (!http_slice_cut(&line, ' ', &digits)) {
		digits = line;
		line.len_bytes = 0;
	}
	if (digits.len_bytes != 3 || !http_slice_number(digits, &status) || status < 100 ||
		status > 599)
		return -400;
	ret->status = (uint16_t) status;
	ret->reason = http_slice_trim(line);
	return 0;
}

static int parse_field(struct http_slice line, struct http_head *ret)
{
	struct http_field *f = &ret->fields[ret->n_fields];

	if (ret->n_fields == HTTP_FIELDS_MAX)
		return -431;
	/* a continuation line begins with a blank, which is no part of a token */
	if (!http_slice_cut(&line, ':', &f->name) || !http_slice_is_token(f->name))
		return -400;
	f->value = http_slice_trim(line);
	ret->n_fields++;
	return 0;
}

/* Take the next line off @s; its end is CRLF, as http_head_scan() has checked. */
static struct http_slice next_line(struct http_slice *s)
{
	struct http_slice line = {s->p, 0};

	(void) http_slice_cut(s, '\r', &line);
	*s = (struct http_slice){s->p + 1, s->len_bytes - 1};
	return line;
}

static int parse(const char *p, size_t len_bytes,
	int (*parse_first)(struct http_slice line, struct http_head *ret), struct http_head *ret)
{
	struct http_slice rest = {p, len_bytes}, line = next_line(&rest);
	int rc;

	while (line.len_bytes == 0)
		line = next_line(&rest);
	ret->method = ret->target = ret->reason = (struct http_slice){NULL, 0};
	ret->status = 0;
	ret->n_fields = 0;
	rc = parse_first(line, ret);
	for (line = next_line(&rest); rc == 0 && line.len_bytes > 0; line = next_line(&rest))
		rc = parse_field(line, ret);
	return rc;
}

int http_head_parse(const char *p, size_t len_bytes, struct http_head *ret)
{
	return parse(p, len_bytes, parse_request_line, ret);
}

int http_head_parse_answer(const char *p, size_t len_bytes, struct http_head *ret)
{
	return parse(p, len_bytes, parse_status_line, ret);
}

uint32_t http_head_count(const struct http_head *h, const char *name)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_fields; i++)
		n += http_slice_is_nocase(h->fields[i].name, name);
	return n;
}

const struct http_slice *http_head_field(const struct http_head *h, const char *name)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		if (http_slice_is_nocase(h->fields[i].name, name))
			return &h->fields[i].value;
	}
	return NULL;
}

const struct http_slice *http_head_single(const struct http_head *h, const char *name)
{
	return http_head_count(h, name) == 1 ? http_head_field(h, name) : NULL;
}

bool http_head_lists(const struct http_head *h, const char *name, const char *word)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		struct http_slice list = h->fields[i].value, element;

		if (!http_slice_is_nocase(h->fields[i].name, name))
			continue;
		while (http_slice_next(&list, &element)) {
			if (http_slice_is_nocase(element, word))
				return true;
		}
	}
	return false;
}

/* The value of Content-Length, 0 when there is none. Returns 0 or -400. */
static int content_length(const struct http_head *h, uint64_t *ret_len_bytes)
{
	const struct http_slice *value = http_head_field(h, "content-length");
	unsigned long long len_bytes = 0;

	if (value && (http_head_count(h, "content-length") > 1 ||
			     !http_slice_number(*value, &len_bytes)))
		return -400;
	*ret_len_bytes = len_bytes;
	return 0;
}

int http_head_body(const struct http_head *h, uint64_t *ret_len_bytes)
{
	if (http_head_field(h, "transfer-encoding"))
		return http_head_field(h, "content-length") ? -400 : -501;
	return content_length(h, ret_len_bytes);
}

int http_head_framing(const struct http_head *h, uint64_t *ret_len_bytes)
{
	const struct http_slice *coding = http_head_single(h, "transfer-encoding");
	bool has_length = http_head_field(h, "content-length");
	bool is_answer = h->status != 0;

	*ret_len_bytes = 0;
	if (http_head_field(h, "transfer-encoding"))
		return !has_length && !h->is_http10 && coding &&
				       http_slice_is_nocase(*coding, "chunked")
			       ? HTTP_BODY_CHUNKED
			       : -400;
	if (content_length(h, ret_len_bytes) < 0)
		return -400;
	if (is_answer && (h->status < 200 || h->status == 204 || h->status == 304)) {
		*ret_len_bytes = 0;
		return HTTP_BODY_NONE;
	}
	if (has_length)
		return HTTP_BODY_LENGTH;
	return is_answer ? HTTP_BODY_TO_END : HTTP_BODY_NONE;
}
