/* SPDX-License-Identifier: MIT */
#include "csharg/cli/flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/cli/amounts.h"

static const struct flag *const all_tables[] = {
	flags_global, flags_list, flags_select, flags_capture, flags_capture_pod, flags_watch};

void flags_words_done(struct flags_words *w)
{
	free(w->word);
	*w = (struct flags_words){0};
}

const struct flag *flags_find(const char *name, size_t len_bytes)
{
	for (size_t t = 0; t < ARRAY_LEN(all_tables); t++) {
		for (const struct flag *f = all_tables[t]; f->name; f++) {
			if (strlen(f->name) == len_bytes && memcmp(f->name, name, len_bytes) == 0)
				return f;
		}
	}
	return NULL;
}

const struct flag *flags_find_letter(char letter)
{
	for (size_t t = 0; letter && t < ARRAY_LEN(all_tables); t++) {
		for (const struct flag *f = all_tables[t]; f->name; f++) {
			if (f->letter == letter)
				return f;
		}
	}
	return NULL;
}

static int set_bool(const char *value, bool *ret, struct err *e)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (strcmp(value, yes[i]) == 0 || strcmp(value, no[i]) == 0) {
			*ret = value == yes[i] || strcmp(value, yes[i]) == 0;
			return 0;
		}
	}
	return err_set(e, -EINVAL, "neither true nor false");
}

static int add_word(struct option_words *words, const char *word, struct err *e)
{
	if (words->n == OPTIONS_WORDS_MAX)
		return err_set(e, -E2BIG, "more than %d of them", OPTIONS_WORDS_MAX);
	words->word[words->n++] = word;
	return 0;
}

static int set_value(const struct flag *f, const char *value, struct options *o, struct err *e)
{
	void *at = (char *) o + f->offset;

	switch (f->kind) {
	case FLAG_BOOL:
		return set_bool(value, at, e);
	case FLAG_STRING:
	case FLAG_ON:
		*(const char **) at = value;
		return 0;
	case FLAG_STRINGS:
		return add_word(at, value, e);
	case FLAG_DURATION:
		return amounts_duration(value, at, e);
	case FLAG_SIZE:
		return amounts_size(value, at, e);
	case FLAG_COUNT:
		return amounts_count(value, UINT32_MAX, at, e);
	}
	return -EINVAL;
}

static int set(const struct flag *f, const char *value, struct options *o, struct flags_words *w,
	struct err *e)
{
	struct err why = ERR_NONE;
	bool known = false;

	if (set_value(f, value, o, &why) < 0)
		return err_set(e, -EINVAL,
			"invalid argument \"%.100s\" for \"%s%.1s%s--%s\" flag: %s", value,
			f->letter ? "-" : "", f->letter ? &f->letter : "", f->letter ? ", " : "",
			f->name, why.text);
	for (size_t i = 0; i < w->n_given; i++)
		known = known || w->given[i] == f;
	if (!known && w->n_given < FLAGS_GIVEN_MAX)
		w->given[w->n_given++] = f;
	return 0;
}

/* The words of a command line that have not been looked at yet. */
struct rest {
	int n;
	const char *const *word;
};

static const char *take(struct rest *r)
{
	return r->n > 0 ? (r->n--, *r->word++) : NULL;
}

static int parse_long(const char *text, struct rest *rest, struct options *o, struct flags_words *w,
	struct err *e)
{
	size_t len_bytes = strcspn(text, "=");
	const struct flag *f = flags_find(text, len_bytes);
	const char *value = text[len_bytes] ? text + len_bytes + 1 : NULL;

	if (!f)
		return err_set(e, -EINVAL, "unknown flag: --%.*s", (int) len_bytes, text);
	if (!value)
		value = f->kind == FLAG_BOOL ? "true" : f->kind == FLAG_ON ? "on" : take(rest);
	if (!value)
		return err_set(e, -EINVAL, "flag needs an argument: --%s", f->name);
	return set(f, value, o, w, e);
}

static int parse_letters(const char *text, struct rest *rest, struct options *o,
	struct flags_words *w, struct err *e)
{
	for (const char *at = text; *at; at++) {
		const struct flag *f = flags_find_letter(*at);
		const char *value = at[1] == '=' ? at + 2 : at + 1;
		int rc;

		if (!f)
			return err_set(
				e, -EINVAL, "unknown shorthand flag: '%c' in -%s", *at, text);
		if (f->kind == FLAG_BOOL && at[1] != '=') {
			rc = set(f, "true", o, w, e);
			if (rc < 0)
				return rc;
			continue;
		}
		if (!at[1])
			value = take(rest);
		if (!value)
			return err_set(
				e, -EINVAL, "flag needs an argument: '%c' in -%s", *at, text);
		return set(f, value, o, w, e);
	}
	return 0;
}

int flags_parse(int argc, const char *const *argv, struct options *options,
	struct flags_words *ret_words, struct err *e)
{
	struct rest rest = {argc, argv};
	struct flags_words w = {.word = calloc((size_t) argc + 1, sizeof(*w.word))};
	bool only_words = false;
	const char *text;
	int rc = 0;

	if (!w.word)
		return err_set(e, -ENOMEM, "out of memory");
	while (rc == 0 && (text = take(&rest))) {
		if (only_words || text[0] != '-' || !text[1])
			w.word[w.n_words++] = text;
		else if (strcmp(text, "--") == 0)
			only_words = true;
		else if (text[1] == '-')
			rc = parse_long(text + 2, &rest, options, &w, e);
		else
			rc = parse_letters(text + 1, &rest, options, &w, e);
	}
	if (rc < 0)
		flags_words_done(&w);
	else
		*ret_words = w;
	return rc;
}

static bool in_table(const struct flag *table, const struct flag *flag)
{
	for (const struct flag *f = table; f->name; f++) {
		if (strcmp(f->name, flag->name) == 0)
			return true;
	}
	return false;
}

int flags_check(const struct flags_words *w, const struct flag *const *tables, struct err *e)
{
	for (size_t i = 0; i < w->n_given; i++) {
		bool takes = false;

		for (size_t t = 0; t < FLAGS_TABLES_MAX && tables[t]; t++)
			takes = takes || in_table(tables[t], w->given[i]);
		if (!takes)
			return err_set(e, -EINVAL, "unknown flag: --%s", w->given[i]->name);
	}
	return 0;
}
