/* SPDX-License-Identifier: MIT */
#include "csharg/cli/complete.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "csharg/cli/command.h"
#include "csharg/cli/connect.h"

#define ANSWER_MS 2000

struct completion {
	const char *last; /* the word to complete */
	struct text out;
};

static void offer(struct completion *c, const char *word, size_t len_bytes)
{
	size_t n = strlen(c->last);

	if (len_bytes < n || memcmp(word, c->last, n) != 0)
		return;
	text_put_bytes(&c->out, word, len_bytes);
	text_put(&c->out, "\n");
}

static void offer_flags(struct completion *c, const struct command *command)
{
	static const struct flag *const only_global[FLAGS_TABLES_MAX] = {flags_global};
	const struct flag *const *tables = command ? command->flags : only_global;

	for (size_t t = 0; t < FLAGS_TABLES_MAX && tables[t]; t++) {
		for (const struct flag *f = tables[t]; f->name; f++) {
			char word[64] = "--";

			strncat(word, f->name, sizeof(word) - 3);
			offer(c, word, strlen(word));
		}
	}
}

/* The words of commands that follow those of @words. */
static void offer_commands(struct completion *c, const char *const *words, size_t n_words)
{
	for (const struct command *cmd = commands; cmd->words; cmd++) {
		const char *at = cmd->words;
		size_t i = 0;

		for (; i < n_words && *at; i++) {
			size_t len = strcspn(at, " ");

			if (strlen(words[i]) != len || memcmp(words[i], at, len) != 0)
				break;
			at += len + (at[len] == ' ');
		}
		if (i == n_words && *at && !strchr(at, ' '))
			offer(c, at, strlen(at));
	}
}

static void offer_formats(struct completion *c)
{
	static const char *const formats[] = {"wide", "name", "json", "yaml",
		"jsonpath=", "jsonpath-file=", "go-template=", "go-template-file=",
		"custom-columns=", "custom-columns-file="};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		offer(c, formats[i], strlen(formats[i]));
}

static bool fits(const struct command *command, const struct csharg_target *t)
{
	enum csharg_class class = csharg_class_of(t->type);

	if (strcmp(command->words, "capture container") == 0)
		return class == CSHARG_CONTAINERS;
	if (strcmp(command->words, "capture pod") == 0)
		return class == CSHARG_PODS;
	return strcmp(command->words, "capture") == 0 || class == CSHARG_NETWORKS;
}

/* Silent when the service does not answer: there is a person at the prompt. */
static void offer_targets(
	struct completion *c, const struct command *command, const struct options *options)
{
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	struct options quick = *options;
	const char *before = NULL;

	quick.request_timeout_ms = ANSWER_MS;
	quick.ask_token = false;
	quick.quiet = true;
	if (connect_client(&quick, &client, NULL) < 0 ||
		csharg_client_targets(client, &all, NULL) < 0)
		return;
	for (size_t i = 0; i < all->n; i++) {
		const char *name = all->target[i]->name;

		if (fits(command, all->target[i]) && (!before || strcmp(before, name) != 0))
			offer(c, name, strlen(name));
		before = name;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static void offer_names_of(struct completion *c, const struct csharg_target *t)
{
	AUTO_FREE const char **names = calloc(t->n_interfaces + 1, sizeof(*names));

	for (size_t i = 0; names && i < t->n_interfaces; i++)
		names[i] = t->interfaces[i];
	if (names)
		qsort(names, t->n_interfaces, sizeof(*names), by_name);
	for (size_t i = 0; names && i < t->n_interfaces; i++)
		offer(c, names[i], strlen(names[i]));
}

/* Interfaces of the target that the line names; silent as above. */
static void offer_interfaces(struct completion *c, const struct call *call)
{
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	const struct csharg_target *target;
	struct options quick = *call->options;
	struct csharg_query query = {.pod_namespace = quick.pod_namespace};

	if (!call->command || call->n_args == 0)
		return;
	query.name = call->args[0];
	if (strcmp(call->command->words, "capture pod") == 0)
		query.type_class = CSHARG_PODS;
	quick.request_timeout_ms = ANSWER_MS;
	quick.ask_token = false;
	quick.quiet = true;
	if (connect_client(&quick, &client, NULL) == 0 &&
		csharg_client_targets(client, &all, NULL) == 0 &&
		csharg_targets_find(all, &query, &target, NULL) == 0)
		offer_names_of(c, target);
}

static void offer_args(struct completion *c, const struct call *call)
{
	const struct command *command = call->command;

	if (command->choices) {
		for (size_t i = 0; command->choices[i]; i++)
			offer(c, command->choices[i], strlen(command->choices[i]));
	} else if (strncmp(command->words, "capture", strlen("capture")) == 0) {
		if (call->n_args == 0)
			offer_targets(c, command, call->options);
	}
}

/* The flag whose value @word waits for, NULL if it does not. */
static const struct flag *awaiting(const char *word)
{
	const struct flag *f = NULL;

	if (strncmp(word, "--", 2) == 0 && word[2])
		f = flags_find(word + 2, strlen(word + 2));
	else if (word[0] == '-' && word[1])
		f = flags_find_letter(word[strlen(word) - 1]);
	return f && f->kind != FLAG_BOOL && f->kind != FLAG_ON ? f : NULL;
}

/* @words is what stands before the last one. */
static void offer_all(struct completion *c, const struct flags_words *words,
	const struct options *options, const struct flag *waiting)
{
	struct call call = {.options = options};
	size_t n = 0;

	call.command = command_find(words->word, words->n_words, &n);
	call.args = words->word + n;
	call.n_args = words->n_words - n;
	if (waiting) {
		if (waiting->letter == 'o')
			offer_formats(c);
		if (waiting->letter == 'i')
			offer_interfaces(c, &call);
		if (waiting->value && strcmp(waiting->value, "FILE") == 0)
			text_put(&c->out, COMPLETE_FILES "\n");
		return;
	}
	if (c->last[0] == '-') {
		offer_flags(c, call.command);
		return;
	}
	if (n == words->n_words || (call.command && strcmp(call.command->words, "help") == 0))
		offer_commands(c, words->word + (n < words->n_words ? n : 0),
			n < words->n_words ? words->n_words - n : n);
	if (call.command)
		offer_args(c, &call);
}

int complete_print(const char *const *word, size_t n_words, struct err *e)
{
	struct completion c = {.last = n_words > 0 ? word[n_words - 1] : ""};
	size_t n = n_words > 0 ? n_words - 1 : 0;
	const struct flag *waiting = n > 0 ? awaiting(word[n - 1]) : NULL;
	struct options options = options_defaults();
	struct flags_words words = {0};
	int rc = 0;

	/* a flag without its value is none yet; a line that is wrong has no completion */
	if (flags_parse((int) (waiting ? n - 1 : n), word, &options, &words, NULL) == 0)
		offer_all(&c, &words, &options, waiting);
	if (!c.out.failed && c.out.len_bytes > 0)
		rc = command_print(c.out.p, c.out.len_bytes, e);
	flags_words_done(&words);
	text_done(&c.out);
	return rc;
}
