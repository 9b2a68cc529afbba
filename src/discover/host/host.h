/* SPDX-License-Identifier: MIT */
/* What the metadata of every answer says about the host (contract 2.8). */
#ifndef DISCOVER_HOST_H
#define DISCOVER_HOST_H

#include <stddef.h>
#include <stdint.h>

#define HOST_TEXT_MAX 256
#define HOST_CPUS_MAX 64

/* Texts are clean UTF-8; empty ones are unknown. */
struct host {
	char hostname[HOST_TEXT_MAX];
	char osrel_name[HOST_TEXT_MAX], osrel_version[HOST_TEXT_MAX];
	char kernel_version[1024];       /* the whole of /proc/version, newline included */
	uint32_t cpus[HOST_CPUS_MAX][2]; /* ranges of CPUs that are online, inclusive */
	size_t n_cpus;
};

/* Find out what can be found out; the host is what process 1 sees. */
void host_read(int procfd, struct host *ret);

/* The name of the host as process @pid sees it (of its UTS namespace), as far as can be told from
 * outside; clean UTF-8. */
void host_read_name(int procfd, int32_t pid, char *ret, size_t cap_bytes);

/* Parse a list such as "0-3,5\n" into at most @cap ranges. Returns their number, 0 if malformed. */
size_t host_parse_cpus(const char *text, uint32_t (*ret)[2], size_t cap);

/* Copy the value of @key out of os-release @text (os-release(5)) into @ret, quotes and backslashes
 * undone; "" when the key is not there. */
void host_parse_osrel(const char *text, const char *key, char *ret, size_t cap_bytes);

#endif
