/* SPDX-License-Identifier: MIT */
/* JSON from outside, read so that one malformed byte does not cost a whole document. No I/O. */
#ifndef DISCOVER_JSON_IN_H
#define DISCOVER_JSON_IN_H

#include <jansson.h>
#include <stddef.h>

static inline void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON __attribute__((cleanup(json_decref_p)))

/* Parse @body, whose malformed UTF-8, control characters and escapes that stand for no character or
 * for zero are replaced by '?' in place. Returns the document, which the caller owns, or NULL when
 * it is none. */
json_t *json_in_parse(char *body, size_t len_bytes);

/* The string member @key of @j, "" if there is none. */
const char *json_in_string(const json_t *j, const char *key);

#endif
