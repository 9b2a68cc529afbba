/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A check of text that comes in pieces. Zeroed at first. */
struct utf8_state {
	uint8_t more;      /* continuation bytes that the last character lacks */
	uint8_t low, high; /* range of the next one */
};

/* Check the next byte. Returns false when the text is not UTF-8 (RFC 3629). */
bool utf8_step(struct utf8_state *s, uint8_t byte);

/* True when the last character is complete. */
static inline bool utf8_is_whole(const struct utf8_state *s)
{
	return s->more == 0;
}

/* True if the @len_bytes bytes at @s are well-formed UTF-8 (RFC 3629). */
bool utf8_valid(const char *s, size_t len_bytes);

/* The longest prefix of @s (of @len_bytes bytes) that has at most @max_bytes bytes and does not
 * cut a character: its length in bytes. @s must be well-formed. */
size_t utf8_cut(const char *s, size_t len_bytes, size_t max_bytes);

/* Copy NUL-terminated @s into @ret, at most @cap_bytes - 1 bytes cut at a character border. Every
 * malformed byte, every control character (U+0000 to U+001F, U+007F to U+009F) and every formatting
 * character of bidirectional text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069) is
 * replaced by '?'. Always NUL-terminated. @ret may be @s. */
void utf8_sanitize(const char *s, char *ret, size_t cap_bytes);

#define UTF8_WORD_MAX 80

/* The word @s of a client as it may be quoted in a message for people: sanitized, and cut with
 * "..." behind it when it is longer than UTF8_WORD_MAX allows. Returns @ret. */
const char *utf8_word(const char *s, char ret[UTF8_WORD_MAX]);

#endif
