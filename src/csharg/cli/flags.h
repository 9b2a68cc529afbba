/* SPDX-License-Identifier: MIT */
/* Flags of the command line, in the manner of pflag: before, between and after other words,
 * "--flag value", "--flag=value", "-o value", "-ovalue", "-o=value", grouped one-letter switches,
 * "--" ends them. Which flags a command takes stands in tables. */
#ifndef CSHARG_CLI_FLAGS_H
#define CSHARG_CLI_FLAGS_H

#include <stddef.h>

#include "base/err.h"
#include "csharg/cli/options.h"

enum flag_kind {
	FLAG_BOOL,
	FLAG_STRING,
	FLAG_STRINGS, /* repeatable: struct option_words */
	FLAG_DURATION,
	FLAG_SIZE,
	FLAG_COUNT, /* up to 2^32 - 1 */
	FLAG_ON,    /* a string that is only given as "--flag=value"; "--flag" means "on" */
};

struct flag {
	const char *name;
	char letter; /* 0 = none */
	enum flag_kind kind;
	size_t offset;       /* of the value in struct options */
	const char *value;   /* name of the value in help texts, NULL for FLAG_BOOL */
	const char *help;    /* one sentence without full stop */
	const char *initial; /* for help texts, NULL = nothing worth saying */
};

/* Tables that belong together end with an entry without name. */
extern const struct flag flags_global[];
extern const struct flag flags_list[];
extern const struct flag flags_select[]; /* of list and watch */
extern const struct flag flags_capture[];
extern const struct flag flags_capture_pod[];
extern const struct flag flags_watch[];

/* The tables of one command, ended by NULL; flags_global is in every one. */
#define FLAGS_TABLES_MAX 4

#define FLAGS_GIVEN_MAX 64

/* What a command line is made of. Borrowed from it. */
struct flags_words {
	const char **word; /* owned: those that are no flags */
	size_t n_words;
	const struct flag *given[FLAGS_GIVEN_MAX]; /* flags in the order of their first use */
	size_t n_given;
};

void flags_words_done(struct flags_words *w);

/* Take @argv apart, @argc words without the program's name: values go to @options. Flags of all
 * commands are understood here; flags_check() tells those that the command does not take.
 * Errors: -EINVAL with words as pflag has them, -E2BIG, -ENOMEM. */
int flags_parse(int argc, const char *const *argv, struct options *options,
	struct flags_words *ret_words, struct err *e);

/* Refuse flags that are in none of @tables (FLAGS_TABLES_MAX, NULL = none): -EINVAL. */
int flags_check(const struct flags_words *w, const struct flag *const *tables, struct err *e);

/* The flag "--NAME" of any command, of the @len_bytes first bytes of @name; NULL if there is none.
 */
const struct flag *flags_find(const char *name, size_t len_bytes);

/* The flag "-L" of any command, or NULL. */
const struct flag *flags_find_letter(char letter);

#endif
