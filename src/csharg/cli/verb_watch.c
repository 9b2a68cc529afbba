/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "csharg/cli/connect.h"
#include "csharg/cli/selection.h"

#define LINE "%-10s%-13s%s%s%s\n"

struct watching {
	struct selection selection;
	bool as_json;
	struct err why; /* of printing */
};

static const char *change_name(enum csharg_change change)
{
	switch (change) {
	case CSHARG_ADDED:
		return "added";
	case CSHARG_REMOVED:
		return "removed";
	case CSHARG_CHANGED:
		return "changed";
	case CSHARG_CURRENT:
		break;
	}
	return "";
}

static int print_json(const char *change, const struct csharg_target *target, struct err *e)
{
	AUTO_FREE char *json = NULL;
	AUTO_TEXT struct text out = {0};

	if (csharg_target_to_json(target, &json) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	text_put(&out, "{");
	text_put_string(&out, "change", change);
	text_put_key(&out, "target");
	text_put(&out, json);
	text_put(&out, "}\n");
	if (out.failed)
		return err_set(e, -ENOMEM, "out of memory");
	return command_print(out.p, out.len_bytes, e);
}

static int print_line(const char *change, const struct csharg_target *t, struct err *e)
{
	AUTO_FREE char *line = NULL;
	int n = asprintf(&line, LINE, change, t->type, t->prefix, *t->prefix ? ":" : "", t->name);

	return n < 0 ? err_set(e, -ENOMEM, "out of memory") : command_print(line, (size_t) n, e);
}

static int on_change(void *ctx, enum csharg_change change, const struct csharg_target *target)
{
	struct watching *w = ctx;

	if (!target || !selection_has(&w->selection, target))
		return 0;
	return w->as_json ? print_json(change_name(change), target, &w->why)
			  : print_line(change_name(change), target, &w->why);
}

/* Every line is written when its change is told: there is nothing left to do. */
static void on_signal(int number)
{
	(void) number;
	_exit(EXIT_SUCCESS);
}

static int end_by_signals(struct err *e)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (sigaction(SIGINT, &action, NULL) < 0 || sigaction(SIGTERM, &action, NULL) < 0)
		return err_sys(e, -errno, "cannot handle signals");
	return 0;
}

/* The reader of stdout is noticed when it leaves, not only with the next event. */
static void *wait_for_reader(void *unused)
{
	struct pollfd out = {.fd = STDOUT_FILENO};

	(void) unused;
	while (poll(&out, 1, -1) <= 0)
		continue;
	_exit(EXIT_SUCCESS);
}

static int end_with_reader(struct err *e)
{
	pthread_t thread;
	struct stat st;
	int rc;

	if (fstat(STDOUT_FILENO, &st) < 0 || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
		return 0;
	rc = pthread_create(&thread, NULL, wait_for_reader, NULL);
	return rc ? err_sys(e, -rc, "cannot watch the reader of stdout") : 0;
}

static int print_header(const struct call *call, struct err *e)
{
	char line[64];

	if (call->options->no_headers)
		return 0;
	(void) snprintf(line, sizeof(line), LINE, "CHANGE", "TYPE", "TARGET", "", "");
	return command_print(line, strlen(line), e);
}

int verb_watch(const struct call *call, struct err *e)
{
	const char *format = call->options->output;
	struct watching w = {.as_json = format && strcmp(format, "json") == 0};
	AUTO_CLIENT struct csharg_client *client = NULL;
	struct csharg_error why;
	int rc;

	if (format && *format && !w.as_json)
		return err_set(e, -EINVAL,
			"unknown output format \"%.100s\", supported formats are: json", format);
	rc = selection_make(call, &w.selection, e);
	if (rc == 0)
		rc = connect_client(call->options, &client, e);
	if (rc == 0)
		rc = end_by_signals(e);
	if (rc == 0)
		rc = end_with_reader(e);
	if (rc == 0 && !w.as_json)
		rc = print_header(call, e);
	if (rc < 0)
		return rc;
	rc = csharg_watch_run(client, 0, on_change, &w, &why);
	if (rc >= 0)
		return 0;
	if (w.why.code == 0)
		return connect_refused(client, &why, e);
	*e = w.why; /* of printing */
	return rc;
}
