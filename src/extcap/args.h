/* SPDX-License-Identifier: MIT */
/* The command line that Wireshark and people give (wire contract 4.1). No I/O. */
#ifndef EXTCAP_ARGS_H
#define EXTCAP_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What to do; ACTION_NONE is nothing at all. */
enum action {
	ACTION_NONE,
	ACTION_INTERFACES,
	ACTION_DLTS,
	ACTION_CONFIG,
	ACTION_CAPTURE,
	ACTION_CHECK,
	ACTION_VERSION,
	ACTION_HELP
};

/* Strings are borrowed from argv, "" when not given. */
struct args {
	bool interfaces, dlts, config, capture, check, version, help; /* see args_action() */
	const char *interface, *wireshark_version, *reload_option, *capture_filter, *fifo;
	const char *container, *nif, *dockerhosturl, *url, *token;
	const char *httpproxy, *httpsproxy, *noproxy, *debug_file;
	bool noprom, insecure, plaintoken, proxyoff, debug;
	bool showpods, showcontainers, showprocs, showemptynetns;
	uint32_t timeout_s; /* 0 = no limit */
};

/* Parse the @argc words of @argv, the program's name among them. Flags are --NAME VALUE or
 * --NAME=VALUE; those that are on or off may stand alone, and Wireshark's "--NAME true" and
 * "--NAME false" count as one word, whatever the flag. The last of several counts. Returns 0, or
 * -EINVAL with @e filled: unknown flags, missing or wrong values, words that are no flags. */
int args_parse(int argc, char *const argv[], struct args *ret, struct err *e);

/* Copy the value of --token to *@ret (owned by the caller; NULL = there is none) and overwrite it
 * in @argv, which every user of the machine can read and which is logged. Returns 0 or -ENOMEM. */
int args_hide_token(int argc, char *argv[], char **ret);

/* Choose the action in *@ret. Returns 0, or -EINVAL with @e filled when there is more than one. */
int args_action(const struct args *a, enum action *ret, struct err *e);

/* How the program is used: lines for stdout. Static. */
const char *args_help(void);

#endif
