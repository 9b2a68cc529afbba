/* SPDX-License-Identifier: MIT */
#include "csharg/lib/answer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "base/utf8.h"
#include "csharg/lib/target_json.h"

#define WORDS_MAX 200

/* The text of the body as far as a person can read it in one line; "" for web pages. */
static void words_of(const struct answer_parts *a, char *ret, size_t cap)
{
	size_t n = a->len_bytes < WORDS_MAX ? a->len_bytes : WORDS_MAX;
	char raw[WORDS_MAX + 1];

	ret[0] = '\0';
	if (target_json_error(a->body, a->len_bytes, ret, cap) || strstr(a->type, "html"))
		return;
	memcpy(raw, a->body, n);
	raw[n] = '\0';
	raw[strcspn(raw, "\r\n")] = '\0';
	if (raw[0] != '<' && raw[0] != '{')
		utf8_sanitize(raw, ret, cap);
}

static const char *meaning_of(const struct answer_parts *a)
{
	switch (a->status) {
	case 200:
		return strstr(a->type, "html")
			       ? "a web page: not a capture service, or one that does "
				 "not pass discovery on"
			       : "nothing a capture service sends";
	case 401:
		return "a token is needed, or it is wrong";
	case 403:
		return "access denied";
	case 404:
		return "not found: not a capture service, or one that does not pass discovery on";
	case 407:
		return "the proxy wants a login";
	case 502:
	case 503:
	case 504:
		return "the discovery service behind it cannot be reached";
	default:
		return "not what a capture service answers";
	}
}

int answer_tell(const char *what, const struct answer_parts *a, struct err *e)
{
	int code = a->status == 401 || a->status == 403 ? -EACCES : -EPROTO;
	char words[WORDS_MAX + 1], location[WORDS_MAX + 1];

	if (a->status >= 300 && a->status < 400) {
		utf8_sanitize(a->location, location, sizeof(location));
		return err_set(e, -EPROTO,
			"%s: status %d: redirects to '%s', which is not followed", what, a->status,
			location);
	}
	words_of(a, words, sizeof(words));
	return err_set(e, code, "%s: status %d: %s%s%s", what, a->status, meaning_of(a),
		words[0] ? ": " : "", words);
}
