/* SPDX-License-Identifier: MIT */
/* The commands there are: one verb, one file, and a table of them all. */
#ifndef CSHARG_CLI_COMMAND_H
#define CSHARG_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "csharg/cli/flags.h"
#include "csharg/cli/options.h"

struct command;

/* A command that is run. All borrowed. */
struct call {
	const struct command *command;
	const struct options *options;
	const char *const *args; /* words behind the command's own */
	size_t n_args;
};

struct command {
	const char *words; /* "capture pod" */
	const char *alias; /* another word for it, NULL = none */
	const char *args;  /* for help texts, "" = none */
	const char *help;  /* one sentence without full stop */
	size_t least_args, most_args;
	/* What else is wrong with an argument; completion offers these words. NULL = any word */
	const char *const *choices;
	const struct flag *flags[FLAGS_TABLES_MAX];
	/* Do it. Output goes to stdout, progress and warnings to stderr. Returns 0, or a negative
	 * errno with what is wrong in @e. */
	int (*run)(const struct call *call, struct err *e);
};

/* Ended by an entry without words. */
extern const struct command commands[];

/* The words that choose classes of targets, ended by NULL. */
extern const char *const command_classes[];

/* The command whose words @word begins with, the longest one; *@ret_n of them are its own. NULL if
 * there is none. */
const struct command *command_find(const char *const *word, size_t n_words, size_t *ret_n);

/* Refuse wrong numbers of arguments, and wrong ones. Errors: -EINVAL. */
int command_check_args(const struct call *call, struct err *e);

/* Write the @len_bytes bytes at @s to stdout, whole. Errors: of writing; -EPIPE without words when
 * the reader of a pipe has left, which is no failure of the program. */
int command_print(const char *s, size_t len_bytes, struct err *e);

int verb_list(const struct call *call, struct err *e);
int verb_capture(const struct call *call, struct err *e);
int verb_capture_container(const struct call *call, struct err *e);
int verb_capture_pod(const struct call *call, struct err *e);
int verb_capture_network(const struct call *call, struct err *e);
int verb_watch(const struct call *call, struct err *e);
int verb_options(const struct call *call, struct err *e);
int verb_version(const struct call *call, struct err *e);
int verb_help(const struct call *call, struct err *e);
int verb_completion(const struct call *call, struct err *e);

/* The help text of one command, NULL = of the program, to stdout. Errors: of writing. */
int help_print(const struct command *command, struct err *e);

#endif
