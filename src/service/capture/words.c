/* SPDX-License-Identifier: MIT */
#include "service/capture/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "service/http/request.h"

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
	{"container", "clustershark-container", AT(container)},
	{"netns", NULL, AT(netns)},
	{"nif", "clustershark-nif", AT(nif)},
	{"filter", "clustershark-filter", AT(filter)},
	{"chaste", "clustershark-chaste", AT(chaste)},
	{"target", NULL, AT(target)},
	{"snaplen", NULL, AT(snaplen)},
	{"follow", NULL, AT(follow)},
	{"names", NULL, AT(names)},
	{"statistics", NULL, AT(statistics)},
	{"duration", NULL, AT(duration)},
	{"max-packets", NULL, AT(max_packets)},
	{"max-bytes", NULL, AT(max_bytes)},
};

/* Keep the string of @len bytes that was just written at the cursor. */
static char *keep(struct cursor *c, size_t len)
{
	char *s = c->at;

	c->at += len + 1;
	c->left_bytes -= len + 1;
	return s;
}

static struct request_word *word_of(struct words *w, const struct word_rule *rule)
{
	return (void *) ((char *) &w->words + rule->at);
}

/* The rule for the argument @name, NULL if there is none. */
static const struct word_rule *rule_for(struct http_slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (http_decodes_to(name, true, rules[i].query))
			return &rules[i];
	}
	return NULL;
}

static void note_unknown(struct words *w, struct http_slice name)
{
	/* the token is checked before the words are read */
	if (w->unknown[0] || http_decodes_to(name, true, "token"))
		return;
	if (http_decode(name, true, w->unknown, sizeof(w->unknown)) <= 0)
		(void) snprintf(w->unknown, sizeof(w->unknown), "%.*s",
			(int) (name.len_bytes < sizeof(w->unknown) ? name.len_bytes
								   : sizeof(w->unknown) - 1),
			name.p);
}

/* The first argument of a name counts, but every target does. */
static void read_arguments(struct words *w, struct http_slice query, struct cursor *c)
{
	struct http_slice name, value;

	while (http_query_next(&query, &name, &value)) {
		const struct word_rule *rule = rule_for(name);
		struct request_word *word = rule ? word_of(w, rule) : NULL;
		bool is_target = word == &w->words.target;
		const char *text;
		long n;

		if (!rule)
			note_unknown(w, name);
		if (!rule || (word->query && !is_target))
			continue;
		n = http_decode(value, true, c->at, c->left_bytes);
		if (n < 0)
			continue;
		text = keep(c, (size_t) n);
		if (!word->query)
			word->query = text;
		if (is_target)
			w->targets[w->words.n_targets++] = text;
	}
}

/* How many arguments have the name of a target. */
static size_t count_targets(struct http_slice query)
{
	struct http_slice name, value;
	size_t n = 0;

	while (http_query_next(&query, &name, &value))
		n += http_decodes_to(name, true, "target");
	return n;
}

static void read_headers(struct words *w, const struct http_head *h, struct cursor *c)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct http_slice *s =
			rules[i].header ? http_head_field(h, rules[i].header) : NULL;

		if (!s)
			continue;
		memcpy(c->at, s->p, s->len_bytes);
		c->at[s->len_bytes] = '\0';
		word_of(w, &rules[i])->header = keep(c, s->len_bytes);
	}
}

/* All words fit: decoding makes nothing longer, and an argument's name has room for a NUL. */
static size_t room_for(const struct http_request *r)
{
	size_t bytes = r->query.len_bytes + 2 * ARRAY_LEN(rules);

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		const struct http_slice *s =
			rules[i].header ? http_head_field(r->head, rules[i].header) : NULL;

		bytes += s ? s->len_bytes : 0;
	}
	return bytes;
}

int words_read(const struct http_request *r, struct words *ret)
{
	size_t bytes = room_for(r);
	struct words w = {.buf = malloc(bytes)};
	struct cursor c = {w.buf, bytes};

	w.targets = calloc(count_targets(r->query) + 1, sizeof(*w.targets));
	if (!w.buf || !w.targets) {
		words_done(&w);
		return -ENOMEM;
	}
	w.words.targets = w.targets;
	read_arguments(&w, r->query, &c);
	if (!r->has_ticket)
		read_headers(&w, r->head, &c);
	*ret = w;
	return 0;
}

void words_done(struct words *w)
{
	free(w->buf);
	free(w->targets);
	memset(w, 0, sizeof(*w));
}

void words_known(char *ret, size_t cap_bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rules) && n < cap_bytes; i++)
		n += (size_t) snprintf(ret + n, cap_bytes - n, "%s, ", rules[i].query);
	if (n < cap_bytes)
		(void) snprintf(ret + n, cap_bytes - n, "token");
}
