/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

const char *const command_classes[] = {
	"pod", "pods", "container", "containers", "network", "networks", NULL};

static const char *const shells[] = {"bash", "zsh", "fish", "powershell", NULL};

const struct command commands[] = {
	{"list", "ps", "[pods|containers|networks]...", "List the targets to capture from", 0,
		SIZE_MAX, command_classes, {flags_list, flags_select, flags_global}, verb_list},
	{"watch", NULL, "[pods|containers|networks]...", "Show targets as they come and go", 0,
		SIZE_MAX, command_classes, {flags_watch, flags_select, flags_global}, verb_watch},
	{"capture", NULL, "TARGET", "Capture from a target of any kind", 1, 1, NULL,
		{flags_capture, flags_global}, verb_capture},
	{"capture container", NULL, "CONTAINER [NODE]", "Capture from a container", 1, 2, NULL,
		{flags_capture, flags_global}, verb_capture_container},
	{"capture pod", NULL, "[NAMESPACE/]POD", "Capture from a pod", 1, 1, NULL,
		{flags_capture_pod, flags_capture, flags_global}, verb_capture_pod},
	{"capture network", NULL, "NETWORK NODE",
		"Capture from a network namespace of no container", 2, 2, NULL,
		{flags_capture, flags_global}, verb_capture_network},
	{"completion", NULL, "bash|zsh|fish|powershell",
		"Print a script that completes commands in a shell", 1, 1, shells, {flags_global},
		verb_completion},
	{"options", NULL, "", "Show the flags of every command", 0, 0, NULL, {flags_global},
		verb_options},
	{"version", NULL, "", "Show the version", 0, 0, NULL, {flags_global}, verb_version},
	{"help", NULL, "[COMMAND]", "Show how a command is used", 0, SIZE_MAX, NULL, {flags_global},
		verb_help},
	{NULL},
};

/* How many words of @command @word begins with, 0 if not with all. */
static size_t words_match(const struct command *command, const char *const *word, size_t n_words)
{
	const char *at = command->words;
	size_t n = 0;

	if (n_words > 0 && command->alias && strcmp(word[0], command->alias) == 0)
		return 1;
	for (; *at; n++) {
		size_t len = strcspn(at, " ");

		if (n == n_words || strlen(word[n]) != len || memcmp(word[n], at, len) != 0)
			return 0;
		at += len + (at[len] == ' ');
	}
	return n;
}

const struct command *command_find(const char *const *word, size_t n_words, size_t *ret_n)
{
	const struct command *found = NULL;

	*ret_n = 0;
	for (const struct command *c = commands; c->words; c++) {
		size_t n = words_match(c, word, n_words);

		if (n > *ret_n) {
			*ret_n = n;
			found = c;
		}
	}
	return found;
}

static bool is_choice(const struct command *c, const char *arg)
{
	if (!c->choices)
		return true;
	for (size_t i = 0; c->choices[i]; i++) {
		if (strcmp(c->choices[i], arg) == 0)
			return true;
	}
	return false;
}

int command_check_args(const struct call *call, struct err *e)
{
	const struct command *c = call->command;
	size_t n = call->n_args;

	for (size_t i = 0; i < n; i++) {
		if (!is_choice(c, call->args[i]))
			return err_set(e, -EINVAL, "invalid argument \"%.200s\" for \"csharg %s\"",
				call->args[i], c->words);
	}
	if (n >= c->least_args && n <= c->most_args)
		return 0;
	if (c->most_args == 0)
		return err_set(e, -EINVAL, "unknown command \"%.200s\" for \"csharg %s\"",
			call->args[0], c->words);
	if (c->least_args == c->most_args)
		return err_set(e, -EINVAL, "accepts %zu arg(s), received %zu", c->least_args, n);
	if (c->most_args == SIZE_MAX)
		return err_set(e, -EINVAL, "requires at least %zu arg(s), only received %zu",
			c->least_args, n);
	return err_set(e, -EINVAL, "accepts between %zu and %zu arg(s), received %zu",
		c->least_args, c->most_args, n);
}

int command_print(const char *s, size_t len_bytes, struct err *e)
{
	while (len_bytes > 0) {
		ssize_t n = write(STDOUT_FILENO, s, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			/* the reader has what it wanted */
			if (e)
				*e = (struct err){.code = -EPIPE, .text = ""};
			return -EPIPE;
		}
		if (n < 0)
			return err_sys(e, -errno, "cannot write to stdout");
		s += n;
		len_bytes -= (size_t) n;
	}
	return 0;
}
