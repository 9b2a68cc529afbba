/* SPDX-License-Identifier: MIT */
/* Text that grows, and JSON as Go's encoder writes it (which is what clients have always been
 * sent): no blanks, '<', '>', '&' and the two line separators escaped. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise; a text that ran out of memory stays failed: check once, at the end. */
struct text {
	char *p; /* owned, not terminated */
	size_t len_bytes, cap_bytes;
	bool failed;
};

void text_done(struct text *t);

#define AUTO_TEXT __attribute__((cleanup(text_done)))

void text_put(struct text *t, const char *s);
void text_put_bytes(struct text *t, const char *s, size_t len_bytes);
void text_put_u64(struct text *t, uint64_t v);

/* Put @s as a JSON string with its quotes. Malformed UTF-8 becomes U+FFFD, byte by byte. */
void text_put_json(struct text *t, const char *s);

/* Begin the next member or element: a comma, unless the object or array has just begun. */
void text_next(struct text *t);

/* Begin the next member of an object: its key. The others put the value as well. */
void text_put_key(struct text *t, const char *key);
void text_put_string(struct text *t, const char *key, const char *value);
void text_put_number(struct text *t, const char *key, uint64_t value);
void text_put_bool(struct text *t, const char *key, bool value);

#endif
