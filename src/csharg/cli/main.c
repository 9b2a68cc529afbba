/* SPDX-License-Identifier: MIT */
/* csharg: from the command line to one command. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "csharg/cli/command.h"
#include "csharg/cli/complete.h"
#include "csharg/cli/flags.h"
#include "csharg/cli/options.h"
#include "csharg/cli/say.h"
#include "csharg/csharg.h"

static int run_call(const struct call *call, const struct flags_words *words, struct err *e)
{
	int rc = flags_check(words, call->command->flags, e);

	if (rc < 0)
		return rc;
	if (call->options->help)
		return help_print(call->command, e);
	rc = command_check_args(call, e);
	if (rc < 0)
		return rc;
	if (call->options->debug)
		say_debug("csharg version %s", csharg_version());
	return call->command->run(call, e);
}

static int run_words(const struct flags_words *words, const struct options *options, struct err *e)
{
	static const struct flag *const only_global[FLAGS_TABLES_MAX] = {flags_global};
	struct call call = {.options = options};
	size_t n;

	if (options->version) {
		const struct command *version = command_find((const char *[]){"version"}, 1, &n);

		return version->run(&call, e);
	}
	call.command = command_find(words->word, words->n_words, &n);
	if (!call.command && words->n_words > 0)
		return err_set(
			e, -EINVAL, "unknown command \"%.200s\" for \"csharg\"", words->word[0]);
	if (!call.command) {
		int rc = flags_check(words, only_global, e);

		return rc < 0 ? rc : help_print(NULL, e);
	}
	call.args = words->word + n;
	call.n_args = words->n_words - n;
	return run_call(&call, words, e);
}

int main(int argc, char **argv)
{
	struct options options = options_defaults();
	struct flags_words words = {0};
	struct err e = ERR_NONE;
	int rc;

	/* as an error of write(2), it ends the program without a failure */
	(void) signal(SIGPIPE, SIG_IGN);
	if (argc > 2 && strcmp(argv[1], "__complete") == 0) {
		/* words of an unfinished line, not ours to obey */
		rc = complete_print((const char *const *) argv + 2, (size_t) argc - 2, &e);
	} else {
		rc = flags_parse(argc - 1, (const char *const *) argv + 1, &options, &words, &e);
		if (rc == 0)
			rc = run_words(&words, &options, &e);
	}
	flags_words_done(&words);
	if (rc == -EPIPE && !e.text[0])
		return EXIT_SUCCESS;
	/* names in it are those of a server */
	utf8_sanitize(e.text, e.text, sizeof(e.text));
	if (rc < 0)
		(void) fprintf(stderr, "Error: %s\n", e.text);
	return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
