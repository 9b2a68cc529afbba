/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define FLAG_WIDTH 36

static void put_padded(struct text *out, const char *s, size_t width)
{
	text_put(out, s);
	for (size_t n = strlen(s); n < width; n++)
		text_put(out, " ");
}

static void put_flag(struct text *out, const struct flag *f)
{
	char left[64];

	(void) snprintf(left, sizeof(left), "  %c%c%c --%s %s", f->letter ? '-' : ' ',
		f->letter ? f->letter : ' ', f->letter ? ',' : ' ', f->name,
		f->value ? f->value : "");
	put_padded(out, left, FLAG_WIDTH);
	text_put(out, f->help);
	if (f->initial) {
		text_put(out, " (default ");
		text_put(out, f->initial);
		text_put(out, ")");
	}
	text_put(out, "\n");
}

static void put_flags(struct text *out, const char *title, const struct flag *table)
{
	text_put(out, title);
	for (const struct flag *f = table; f->name; f++)
		put_flag(out, f);
}

static void put_commands(struct text *out)
{
	for (const struct command *c = commands; c->words; c++) {
		char left[64];

		(void) snprintf(left, sizeof(left), "  %s %s", c->words, c->args);
		put_padded(out, left, FLAG_WIDTH + 8);
		text_put(out, " ");
		text_put(out, c->help);
		text_put(out, "\n");
	}
}

static void put_program(struct text *out)
{
	text_put(out,
		"csharg captures traffic of containers, pods, processes and network namespaces "
		"through a\ncapture service.\n\nUsage:\n  csharg COMMAND [FLAGS]\n\n"
		"Commands:\n");
	put_commands(out);
	put_flags(out, "\nGlobal flags:\n", flags_global);
	text_put(out, "\nThe environment variable CSHARG_TOKEN is the token of the service of "
		      "CSHARG_HOST.\n"
		      "Tokens of other services are in ~/.config/packetflix/tokens.\n"
		      "\"csharg help COMMAND\" tells more about a command.\n");
}

static void put_command(struct text *out, const struct command *c)
{
	const char *title = "\nFlags:\n";

	text_put(out, c->help);
	text_put(out, "\n\nUsage:\n  csharg ");
	text_put(out, c->words);
	text_put(out, *c->args ? " " : "");
	text_put(out, c->args);
	text_put(out, " [FLAGS]\n");
	if (c->alias) {
		text_put(out, "\nAlias:\n  csharg ");
		text_put(out, c->alias);
		text_put(out, "\n");
	}
	for (size_t i = 0; i < FLAGS_TABLES_MAX && c->flags[i]; i++) {
		if (c->flags[i] == flags_global)
			title = "\nGlobal flags:\n";
		put_flags(out, title, c->flags[i]);
		title = "";
	}
}

static int print(struct text *out, struct err *e)
{
	return out->failed ? err_set(e, -ENOMEM, "out of memory")
			   : command_print(out->p, out->len_bytes, e);
}

int help_print(const struct command *command, struct err *e)
{
	AUTO_TEXT struct text out = {0};

	if (command)
		put_command(&out, command);
	else
		put_program(&out);
	return print(&out, e);
}

int verb_help(const struct call *call, struct err *e)
{
	size_t n = 0;
	const struct command *c = command_find(call->args, call->n_args, &n);

	if (call->n_args > 0 && (!c || n < call->n_args))
		return err_set(e, -EINVAL, "unknown help topic \"%.200s\"",
			call->args[n < call->n_args ? n : 0]);
	return help_print(c, e);
}

int verb_options(const struct call *call, struct err *e)
{
	AUTO_TEXT struct text out = {0};

	(void) call;
	put_flags(&out, "The following flags can be passed to any command:\n\n", flags_global);
	return print(&out, e);
}
