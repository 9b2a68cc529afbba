/* SPDX-License-Identifier: MIT */
/* packetflix-open: what desktops start for a packetflix: link. It starts Wireshark with the link as
 * the capture URL, the target's name in the title of the window, and the names of addresses that
 * the stream brings. The link is an argument of its own, because desktops of the generic kind
 * (xdg-utils) replace no %u inside a word of a desktop file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/own.h"
#include "base/utf8.h"
#include "base/version.h"
#include "extcap/link.h"

#define NAME_BYTES   256
#define OPTIONS_MAX  16
#define EXIT_USAGE   2
#define EXIT_NO_TOOL 127

/* The name of the target that @url is about, fit for a window's title; "" if it has none. */
static void target_name(const char *url, char ret[NAME_BYTES])
{
	AUTO_LINK struct link link = {NULL};
	struct err e = ERR_NONE;
	json_t *target = link_parse(url, &link, &e) < 0
				 ? NULL
				 : json_loads(link.container, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(target, "name"));

	utf8_sanitize(name ? name : "", ret, NAME_BYTES);
	/* Wireshark replaces %-sequences in titles */
	for (char *c = ret; *c; c++) {
		if (*c == '%')
			*c = '_';
	}
	json_decref(target);
}

/* Tell it to whom sees no terminal, if the desktop can. */
static int no_wireshark(int code)
{
	static const char words[] = "Wireshark cannot be started. Is it installed?";

	(void) fprintf(stderr, "packetflix-open: wireshark: %s\n", strerror(code));
	(void) execlp("notify-send", "notify-send", "Packetflix", words, (char *) NULL);
	return EXIT_NO_TOOL;
}

static int start_wireshark(const char *url)
{
	AUTO_FREE char *capture = NULL;
	AUTO_FREE char *title = NULL;
	char name[NAME_BYTES];
	const char *argv[OPTIONS_MAX] = {"wireshark", "-k", "-i", "packetflix", "-o"};
	size_t n = 5;

	target_name(url, name);
	if (asprintf(&capture, "extcap.packetflix.url:%s", url) < 0)
		capture = NULL;
	if (asprintf(&title, "gui.prepend_window_title:%s", name) < 0)
		title = NULL;
	if (!capture || !title) {
		(void) fprintf(stderr, "packetflix-open: out of memory\n");
		return EXIT_FAILURE;
	}
	argv[n++] = capture;
	argv[n++] = "-o";
	argv[n++] = "nameres.network_name:TRUE";
	argv[n++] = "-o"; /* only the names in the stream: captured addresses are nobody else's
			     business */
	argv[n++] = "nameres.use_external_name_resolver:FALSE";
	if (name[0]) {
		argv[n++] = "-o";
		argv[n++] = title;
	}
	(void) execvp(argv[0], (char *const *) argv);
	return no_wireshark(errno);
}

int main(int argc, char **argv)
{
	static const char usage[] = "usage: packetflix-open packetflix:URL\n"
				    "Starts Wireshark with the capture that the link names.\n";

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void) fputs(usage, stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		(void) printf("packetflix-open version %s\n", PACKETFLIX_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc != 2 || strncmp(argv[1], "packetflix:", 11) != 0) {
		(void) fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return start_wireshark(argv[1]);
}
