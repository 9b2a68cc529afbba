/* SPDX-License-Identifier: MIT */
#include "service/serve/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

struct cursor {
	char *at;
	size_t left_bytes;
};

/* Name of a query argument, its header alias, and the word they give. */
struct word_rule {
	const char *query, *header;
	size_t at;
};

#define AT(member) offsetof(struct request_words, member)

static const struct word_rule rules[] = {
	{"container", "clustershark-container:", AT(container)},
	{"netns", NULL, AT(netns)},
	{"nif", "clustershark-nif:", AT(nif)},
	{"filter", "clustershark-filter:", AT(filter)},
	{"chaste", "clustershark-chaste:", AT(chaste)},
	{"target", NULL, AT(target)},
	{"snaplen", NULL, AT(snaplen)},
	{"follow", NULL, AT(follow)},
	{"names", NULL, AT(names)},
};

int words_header(struct lws *wsi, const char *name, char *ret, size_t cap_bytes)
{
	int n = lws_hdr_custom_length(wsi, name, (int) strlen(name));

	if (n < 0 || (size_t) n >= cap_bytes)
		return -1;
	ret[0] = '\0';
	if (n > 0 && lws_hdr_custom_copy(wsi, ret, (int) cap_bytes, name, (int) strlen(name)) < 0)
		return -1;
	return n;
}

/* Keep the string of @len bytes that was just written at the cursor. */
static char *keep(struct cursor *c, size_t len)
{
	char *s = c->at;

	c->at += len + 1;
	c->left_bytes -= len + 1;
	return s;
}

/* Take in one argument, "name=value" or "name". The first of a name counts. */
static void take_argument(struct words *w, char *arg)
{
	char *eq = strchr(arg, '=');
	const char *value = eq ? eq + 1 : "";

	if (eq)
		*eq = '\0';
	if (strcmp(arg, "token") == 0 && !w->token)
		w->token = (char *) value;
	if (strcmp(arg, "ieappicons") == 0 && !w->ieappicons)
		w->ieappicons = (char *) value;
	if (strcmp(arg, "fresh") == 0 && strcmp(value, "off") != 0)
		w->is_fresh = true;
	w->n_targets += strcmp(arg, "target") == 0;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct request_word *word = (void *) ((char *) &w->words + rules[i].at);

		if (strcmp(arg, rules[i].query) == 0 && !word->query)
			word->query = value;
	}
}

static int read_arguments(struct lws *wsi, struct words *w, struct cursor *c)
{
	int n;

	for (int i = 0;; i++) {
		if (c->left_bytes < 2)
			return -E2BIG;
		n = lws_hdr_copy_fragment(
			wsi, c->at, (int) c->left_bytes, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (n == -2)
			return -E2BIG;
		if (n < 0)
			return 0;
		c->at[n] = '\0';
		take_argument(w, keep(c, (size_t) n));
	}
}

static int read_headers(struct lws *wsi, struct words *w, struct cursor *c)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		struct request_word *word = (void *) ((char *) &w->words + rules[i].at);
		int n;

		if (!rules[i].header || lws_hdr_custom_length(wsi, rules[i].header,
						(int) strlen(rules[i].header)) < 0)
			continue;
		n = words_header(wsi, rules[i].header, c->at, c->left_bytes);
		if (n < 0)
			return -E2BIG;
		word->header = keep(c, (size_t) n);
	}
	return 0;
}

/* RFC 9111 section 5.2.1.4. */
static bool wants_no_cache(struct lws *wsi)
{
	char text[256];

	return lws_hdr_copy(wsi, text, (int) sizeof(text), WSI_TOKEN_HTTP_CACHE_CONTROL) > 0 &&
	       strcasestr(text, "no-cache");
}

int words_read(struct lws *wsi, struct words *ret)
{
	struct words w;
	struct cursor c;
	int rc;

	memset(&w, 0, sizeof(w));
	w.buf = malloc(WORDS_MAX_BYTES);
	if (!w.buf)
		return -ENOMEM;
	c = (struct cursor){w.buf, WORDS_MAX_BYTES};
	rc = read_arguments(wsi, &w, &c);
	if (rc == 0)
		rc = read_headers(wsi, &w, &c);
	w.is_fresh = w.is_fresh || wants_no_cache(wsi);
	if (rc < 0) {
		free(w.buf);
		return rc;
	}
	*ret = w;
	return 0;
}

void words_done(struct words *w)
{
	free(w->buf);
	memset(w, 0, sizeof(*w));
}
