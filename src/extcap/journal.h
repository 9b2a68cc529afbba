/* SPDX-License-Identifier: MIT */
/* Where the plugin tells what happens. Wireshark shows a person what is on stderr, so that gets one
 * sentence per error, and more only with --debug; a debug file gets everything. */
#ifndef EXTCAP_JOURNAL_H
#define EXTCAP_JOURNAL_H

#include <stdbool.h>

#include "base/err.h"

struct journal {
	int fd; /* owned, of the debug file; -1 = none */
	bool tells_stderr;
};

/* @path: a file to append to, made with mode 0660; "" = none. @debug: details on stderr, unless
 * there is a file. Returns 0, or a negative errno with @e filled; @ret can be used either way. */
int journal_open(struct journal *ret, const char *path, bool debug, struct err *e);
void journal_close(struct journal *j);

/* An error, for everybody to read: @words on a line of stderr, and in the file. */
void journal_error(const struct journal *j, const char *words);

/* A detail. Control characters are replaced by '?'; a line has at most 8 KiB. */
void journal_debug(const struct journal *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* A detail of two parts, the second without passwords: what stands between "://" and '@', and
 * values of "token" parameters, become "...". */
void journal_secret(const struct journal *j, const char *name, const char *value);

#endif
