/* SPDX-License-Identifier: MIT */
/* Where this machine's Wireshark looks for plugins: Wireshark is asked. */
#ifndef EXTCAP_FOLDERS_H
#define EXTCAP_FOLDERS_H

#include <stddef.h>

#define FOLDERS_MAX      8
#define FOLDERS_PATH_MAX 1024

struct folders {
	size_t n;
	char path[FOLDERS_MAX][FOLDERS_PATH_MAX];
	const char *source; /* the program that told; NULL = none could. Static */
};

/* Run the program of @argv (looked for in PATH, ended by NULL) and copy what it says on stdout into
 * @ret, ended by NUL and cut to @cap_bytes. Returns the length, or a negative errno: -ENOENT when
 * there is no such program, -ETIMEDOUT after 20 seconds, -EIO when it failed. */
int folders_run(const char *const argv[], char *ret, size_t cap_bytes);

/* Ask tshark, else wireshark, else pkg-config. */
void folders_ask(struct folders *ret);

/* Take the folders out of what "-G folders" says: the lines about extcap, and the personal folder
 * when it is not among them. At most FOLDERS_MAX, each once, none that is too long. */
void folders_parse(const char *text, struct folders *ret);

#endif
