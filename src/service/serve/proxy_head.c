/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define METHOD_MAX_BYTES 32
#define LENGTH_DIGITS    18 /* of a Content-Length: fits 64 bits */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9110 section 5.6.2 */
static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len_bytes; i++) {
		char c = s.p[i];

		if (!is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
			(c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.len_bytes > 0;
}

/* No control characters but tabs. */
static bool is_text(struct slice s)
{
	for (size_t i = 0; i < s.len_bytes; i++) {
		unsigned char c = (unsigned char) s.p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static struct slice trim(struct slice s)
{
	while (s.len_bytes && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.len_bytes--;
	}
	while (s.len_bytes && (s.p[s.len_bytes - 1] == ' ' || s.p[s.len_bytes - 1] == '\t'))
		s.len_bytes--;
	return s;
}

/* Cut @s at the first @sep: what is before it, and @s becomes what is after it. Returns false when
 * there is none. */
static bool cut(struct slice *s, char sep, struct slice *ret)
{
	const char *at = s->len_bytes ? memchr(s->p, sep, s->len_bytes) : NULL;

	if (!at)
		return false;
	*ret = (struct slice){s->p, (size_t) (at - s->p)};
	s->len_bytes -= ret->len_bytes + 1;
	s->p = at + 1;
	return true;
}

bool slice_is(struct slice s, const char *text)
{
	return s.len_bytes == strlen(text) && strncasecmp(s.p, text, s.len_bytes) == 0;
}

bool slice_next(struct slice *list, struct slice *ret)
{
	if (list->len_bytes == 0)
		return false;
	if (!cut(list, ',', ret)) {
		*ret = *list;
		list->len_bytes = 0;
	}
	*ret = trim(*ret);
	return true;
}

static bool parse_version(struct slice s, struct proxy_head *h)
{
	h->is_http10 = s.len_bytes == 8 && memcmp(s.p, "HTTP/1.0", 8) == 0;
	return h->is_http10 || (s.len_bytes == 8 && memcmp(s.p, "HTTP/1.1", 8) == 0);
}

static bool parse_request_line(struct slice line, struct proxy_head *h)
{
	if (!cut(&line, ' ', &h->method) || !cut(&line, ' ', &h->target))
		return false;
	return is_token(h->method) && h->method.len_bytes <= METHOD_MAX_BYTES &&
	       h->target.len_bytes > 0 && h->target.p[0] == '/' &&
	       !memchr(h->target.p, '\t', h->target.len_bytes) && parse_version(line, h);
}

static bool parse_status_line(struct slice line, struct proxy_head *h)
{
	struct slice version;

	if (!cut(&line, ' ', &version) || !parse_version(version, h) || line.len_bytes < 3)
		return false;
	for (int i = 0; i < 3; i++) {
		if (!is_digit(line.p[i]))
			return false;
		h->status = (uint16_t) (h->status * 10 + line.p[i] - '0');
	}
	/* the blank before an empty reason is often left out */
	if (line.len_bytes > 3 && line.p[3] != ' ')
		return false;
	h->reason = (struct slice){line.p + 3, line.len_bytes - 3};
	h->reason = trim(h->reason);
	return h->status >= 100 && h->status < 600;
}

static int parse_field(struct slice line, struct proxy_head *h)
{
	struct proxy_field *f = &h->fields[h->n_fields];

	if (h->n_fields == PROXY_FIELDS_MAX)
		return -E2BIG;
	/* a line that begins with a blank continues the one before: its name is no token */
	if (!cut(&line, ':', &f->name) || !is_token(f->name))
		return -EBADMSG;
	f->value = trim(line);
	h->n_fields++;
	return 0;
}

static int parse_lines(struct slice text, struct proxy_head *h)
{
	struct slice line;

	for (bool is_first = true; cut(&text, '\n', &line); is_first = false) {
		int rc;

		if (line.len_bytes == 0 || line.p[line.len_bytes - 1] != '\r')
			return -EBADMSG;
		line.len_bytes--;
		if (!is_text(line))
			return -EBADMSG;
		if (is_first)
			rc = (h->kind == PROXY_REQUEST ? parse_request_line(line, h)
						       : parse_status_line(line, h))
				     ? 0
				     : -EBADMSG;
		else
			rc = parse_field(line, h);
		if (rc < 0)
			return rc;
	}
	return 0;
}

long proxy_head_parse(
	const char *p, size_t len_bytes, enum proxy_head_kind kind, struct proxy_head *ret)
{
	size_t max = len_bytes < PROXY_HEAD_MAX_BYTES ? len_bytes : PROXY_HEAD_MAX_BYTES;
	const char *end = max ? memmem(p, max, "\r\n\r\n", 4) : NULL;
	size_t n;
	int rc;

	if (!end)
		return len_bytes < PROXY_HEAD_MAX_BYTES ? 0 : -E2BIG;
	n = (size_t) (end - p) + 4;
	memset(ret, 0, sizeof(*ret));
	ret->kind = kind;
	rc = parse_lines((struct slice){p, n - 2}, ret);
	return rc < 0 ? rc : (long) n;
}

uint32_t proxy_head_count(const struct proxy_head *h, const char *name)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->n_fields; i++)
		n += slice_is(h->fields[i].name, name);
	return n;
}

const struct slice *proxy_head_field(const struct proxy_head *h, const char *name)
{
	const struct slice *found = NULL;

	for (uint32_t i = 0; i < h->n_fields; i++) {
		if (!slice_is(h->fields[i].name, name))
			continue;
		if (found)
			return NULL;
		found = &h->fields[i].value;
	}
	return found;
}

bool proxy_head_lists(const struct proxy_head *h, const char *field, struct slice name)
{
	for (uint32_t i = 0; i < h->n_fields; i++) {
		struct slice list = h->fields[i].value, element;

		if (!slice_is(h->fields[i].name, field))
			continue;
		while (slice_next(&list, &element)) {
			if (element.len_bytes == name.len_bytes &&
				strncasecmp(element.p, name.p, name.len_bytes) == 0)
				return true;
		}
	}
	return false;
}

static int framing_of_length(const struct proxy_head *h, uint64_t *ret_len_bytes)
{
	const struct slice *value = proxy_head_field(h, "content-length");
	uint64_t n = 0;

	if (!value || value->len_bytes == 0 || value->len_bytes > LENGTH_DIGITS)
		return -EBADMSG;
	for (size_t i = 0; i < value->len_bytes; i++) {
		if (!is_digit(value->p[i]))
			return -EBADMSG;
		n = n * 10 + (uint64_t) (value->p[i] - '0');
	}
	*ret_len_bytes = n;
	return PROXY_BODY_LENGTH;
}

int proxy_head_framing(const struct proxy_head *h, uint64_t *ret_len_bytes)
{
	bool has_length = proxy_head_count(h, "content-length") > 0;
	const struct slice *coding = proxy_head_field(h, "transfer-encoding");

	if (proxy_head_count(h, "transfer-encoding") > 0) {
		if (has_length || h->is_http10 || !coding || !slice_is(*coding, "chunked"))
			return -EBADMSG;
		return PROXY_BODY_CHUNKED;
	}
	if (has_length && framing_of_length(h, ret_len_bytes) < 0)
		return -EBADMSG;
	if (h->kind == PROXY_ANSWER && (h->status < 200 || h->status == 204 || h->status == 304))
		return PROXY_BODY_NONE;
	if (has_length)
		return PROXY_BODY_LENGTH;
	return h->kind == PROXY_REQUEST ? PROXY_BODY_NONE : PROXY_BODY_TO_END;
}
