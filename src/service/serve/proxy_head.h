/* SPDX-License-Identifier: MIT */
/* Heads of HTTP/1 messages, requests and answers, read strictly: what two programs could understand
 * differently is refused, as one of them would then be led astray. Text in, slices of it out. */
#ifndef SERVE_PROXY_HEAD_H
#define SERVE_PROXY_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROXY_HEAD_MAX_BYTES 65536 /* of a head that is passed on, either way */
#define PROXY_FIELDS_MAX     128

/* Borrowed bytes, not ended with NUL. */
struct slice {
	const char *p;
	size_t len_bytes;
};

struct proxy_field {
	struct slice name, value; /* the value without blanks around it */
};

enum proxy_head_kind {
	PROXY_REQUEST,
	PROXY_ANSWER
};

struct proxy_head {
	enum proxy_head_kind kind;
	bool is_http10;
	struct slice method, target; /* PROXY_REQUEST; the target begins with a slash */
	uint16_t status;             /* PROXY_ANSWER, 100..599 */
	struct slice reason;
	struct proxy_field fields[PROXY_FIELDS_MAX];
	uint32_t n_fields;
};

/* How the end of the body is found. */
enum proxy_framing {
	PROXY_BODY_NONE,
	PROXY_BODY_LENGTH,
	PROXY_BODY_CHUNKED,
	PROXY_BODY_TO_END
};

/* Parse a head at the beginning of @len_bytes bytes at @p, to which @ret then points. Returns its
 * length, 0 when its end is not there yet, -E2BIG when it is longer than PROXY_HEAD_MAX_BYTES or
 * has too many fields, -EBADMSG when it is no head. */
long proxy_head_parse(
	const char *p, size_t len_bytes, enum proxy_head_kind kind, struct proxy_head *ret);

/* How long is the body? Sets @ret_len_bytes for PROXY_BODY_LENGTH. Returns an enum proxy_framing,
 * or -EBADMSG when the head contradicts itself. Answers to HEAD requests need a look at the
 * request. */
int proxy_head_framing(const struct proxy_head *h, uint64_t *ret_len_bytes);

/* How often is there a field @name? Its value if exactly once, else NULL. */
uint32_t proxy_head_count(const struct proxy_head *h, const char *name);
const struct slice *proxy_head_field(const struct proxy_head *h, const char *name);

/* Is @name in a comma-separated list of any field @field? */
bool proxy_head_lists(const struct proxy_head *h, const char *field, struct slice name);

/* Compare without regard to case. */
bool slice_is(struct slice s, const char *text);

/* Cut the next element off comma-separated @list. Returns false at the end. */
bool slice_next(struct slice *list, struct slice *ret);

#endif
