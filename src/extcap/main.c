/* SPDX-License-Identifier: MIT */
/* cshargextcap: the plugin that Wireshark starts to capture from containers (wire contract 4). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/version.h"
#include "extcap/args.h"
#include "extcap/capture.h"
#include "extcap/check.h"
#include "extcap/connect.h"
#include "extcap/describe.h"
#include "extcap/folders.h"
#include "extcap/help_file.h"
#include "extcap/job.h"
#include "extcap/journal.h"
#include "extcap/reload.h"

static int print(const struct text *t, struct err *e)
{
	if (t->failed)
		return err_set(e, -ENOMEM, "out of memory");
	if (fwrite(t->p, 1, t->len_bytes, stdout) != t->len_bytes || fflush(stdout) != 0)
		return err_sys(e, -errno, "cannot write to stdout");
	return 0;
}

/* The debug file: that of the flags, else that of the environment. */
static const char *log_path(const struct args *a)
{
	const char *path = getenv("CSHARK_LOG");

	return *a->debug_file || !path ? a->debug_file : path;
}

static void tell_start(const struct journal *j, int argc, char *const argv[])
{
	journal_debug(j, "cshargextcap version %s (%s)", PACKETFLIX_VERSION, DESCRIBE_NIF_NAMES);
	for (int i = 1; i < argc; i++)
		journal_secret(j, "argument", argv[i]);
	for (const char *const *p = connect_proxy_variables(); *p; p++) {
		const char *value = getenv(*p);

		journal_secret(j, *p, value ? value : "");
	}
}

static int find_nif(const struct args *a, enum nif *ret, struct err *e)
{
	enum nif nif = describe_find(a->interface);

	if (nif == NIF_UNKNOWN)
		return *a->interface ? err_set(e, -ENODEV, "unknown interface \"%.100s\"",
					       a->interface)
				     : err_set(e, -EINVAL,
					       "no interface is given (--extcap-interface)");
	*ret = nif;
	return 0;
}

/* A reload that fails is no error of the dialog that it is for. The reason is shown in the list. */
static int configure(const struct args *a, enum nif nif, const struct journal *j, struct err *e)
{
	AUTO_TEXT struct text t = {NULL};
	struct err why = ERR_NONE;
	int rc = 0;

	if (!*a->reload_option)
		describe_config(&t, nif);
	else if (nif == NIF_MOBYSHARK)
		rc = reload_put(&t, a, &why);
	else
		rc = err_set(&why, -EINVAL, "interface packetflix has no values to list");
	if (rc < 0) {
		journal_error(j, why.text);
		if (nif == NIF_MOBYSHARK)
			reload_put_failure(&t, a->reload_option, why.text);
	}
	return print(&t, e);
}

static int describe(enum action action, struct err *e)
{
	AUTO_TEXT struct text t = {NULL};
	char help_path[FOLDERS_PATH_MAX];

	if (action == ACTION_INTERFACES) {
		help_file_find(help_path, sizeof(help_path));
		describe_interfaces(&t, help_path);
	} else if (action == ACTION_DLTS)
		describe_dlts(&t);
	else if (action == ACTION_HELP)
		text_put(&t, args_help());
	else
		text_put(&t,
			"cshargextcap version " PACKETFLIX_VERSION " (" DESCRIBE_NIF_NAMES ")\n");
	return print(&t, e);
}

static int capture(const struct args *a, enum nif nif, const struct journal *j, struct err *e)
{
	AUTO_JOB struct job job = {NULL};
	int rc = job_prepare(a, nif, j, &job, e);

	if (rc == 0)
		return capture_run(&job, a->fifo, j, e);
	journal_error(j, e->text); /* before anything is waited for */
	*e = (struct err) ERR_NONE;
	capture_release_reader(a->fifo);
	return rc;
}

static int act(const struct args *a, enum action action, const struct journal *j, struct err *e)
{
	enum nif nif = NIF_UNKNOWN;

	switch (action) {
	case ACTION_NONE:
		return 0;
	case ACTION_CHECK:
		return check_run(a);
	case ACTION_INTERFACES:
	case ACTION_VERSION:
	case ACTION_HELP:
		return describe(action, e);
	default:
		break;
	}
	if (find_nif(a, &nif, e) < 0)
		return e->code;
	if (action == ACTION_DLTS)
		return describe(action, e);
	if (action == ACTION_CONFIG)
		return configure(a, nif, j, e);
	return capture(a, nif, j, e);
}

static int run(int argc, char *const argv[], const char *token, struct journal *j, struct err *e)
{
	enum action action = ACTION_NONE;
	struct args a;
	int rc = args_parse(argc, argv, &a, e);

	if (rc == 0)
		rc = args_action(&a, &action, e);
	if (rc < 0) {
		/* what a person has to look for is in the log, whichever flag was wrong */
		const char *path = getenv("CSHARK_LOG");

		(void) journal_open(j, path ? path : "", false, NULL);
		tell_start(j, argc, argv);
		return rc;
	}
	a.token = token;
	rc = journal_open(j, log_path(&a), a.debug, e);
	if (rc < 0)
		return rc;
	tell_start(j, argc, argv);
	return act(&a, action, j, e);
}

int main(int argc, char *argv[])
{
	AUTO_FREE char *token = NULL;
	struct journal j = {.fd = -1};
	struct err e = ERR_NONE;
	int rc;

	(void) signal(SIGPIPE, SIG_IGN);
	rc = args_hide_token(argc, argv, &token);
	if (rc == 0)
		rc = run(argc, argv, token ? token : "", &j, &e);
	if (rc < 0 && e.text[0])
		journal_error(&j, e.text);
	journal_close(&j);
	return rc < 0 ? 1 : 0;
}
