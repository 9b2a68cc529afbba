/* SPDX-License-Identifier: MIT */
#include "broker/memory_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

#define CGROUP_BYTES 65536
#define NUMBER_BYTES 64
#define DEFAULT_MAX  (1ULL << 30)

uint64_t memory_default_bytes(void)
{
	uint64_t ram = (uint64_t) sysconf(_SC_PHYS_PAGES) * (uint64_t) sysconf(_SC_PAGESIZE);

	return ram / 8 > DEFAULT_MAX ? DEFAULT_MAX : ram / 8;
}

/* The number in file @name of group @path below @folder, UINT64_MAX for "max" and without such a
 * file. */
static uint64_t read_limit(const char *folder, const char *path, const char *name)
{
	char file[2 * PATH_MAX], text[NUMBER_BYTES];
	unsigned long long v;

	if (snprintf(file, sizeof(file), "%s%s/%s", folder, path, name) >= (int) sizeof(file) ||
		io_read_file(AT_FDCWD, file, text, sizeof(text)) <= 0)
		return UINT64_MAX;
	errno = 0;
	v = strtoull(text, NULL, 10);
	return text[0] < '0' || text[0] > '9' || errno ? UINT64_MAX : v;
}

/* The lowest limit of the group @path and those above it. Inside a container the root of the mount
 * may be the own group while @path is as the host names it: then only the root has a file. */
static uint64_t lowest(const char *folder, const char *path, const char *name)
{
	char group[PATH_MAX];
	uint64_t limit = UINT64_MAX, one;

	(void) snprintf(group, sizeof(group), "%s", path);
	for (;;) {
		char *slash = strrchr(group, '/');

		one = read_limit(folder, strcmp(group, "/") == 0 ? "" : group, name);
		limit = one < limit ? one : limit;
		if (!slash)
			return limit;
		*slash = '\0';
	}
}

/* Is "memory" one of the comma-separated @controllers of @len characters? */
static bool has_memory(const char *controllers, size_t len)
{
	const char *end = controllers + len;

	while (controllers < end) {
		const char *comma = memchr(controllers, ',', (size_t) (end - controllers));
		size_t n = (size_t) ((comma ? comma : end) - controllers);

		if (n == strlen("memory") && memcmp(controllers, "memory", n) == 0)
			return true;
		controllers += n + 1;
	}
	return false;
}

/* A line is "NUMBER:CONTROLLERS:PATH"; version 2 has no controllers there. */
static uint64_t limit_of_line(const char *line, const char *folder)
{
	const char *controllers = strchr(line, ':'), *path;
	char memory[PATH_MAX];

	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return UINT64_MAX;
	controllers++;
	if (controllers == path)
		return lowest(folder, path + 1, "memory.max");
	if (!has_memory(controllers, (size_t) (path - controllers)))
		return UINT64_MAX;
	(void) snprintf(memory, sizeof(memory), "%s/memory", folder);
	return lowest(memory, path + 1, "memory.limit_in_bytes");
}

uint64_t memory_limit_read_in(const char *cgroup, const char *folder)
{
	char *text = strdup(cgroup), *save = NULL;
	uint64_t limit = UINT64_MAX;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
		line = strtok_r(NULL, "\n", &save)) {
		uint64_t one = limit_of_line(line, folder);

		limit = one < limit ? one : limit;
	}
	free(text);
	return limit;
}

uint64_t memory_limit_read(void)
{
	char *text = malloc(CGROUP_BYTES);
	uint64_t limit = UINT64_MAX;

	if (text && io_read_file(AT_FDCWD, "/proc/self/cgroup", text, CGROUP_BYTES) > 0)
		limit = memory_limit_read_in(text, "/sys/fs/cgroup");
	free(text);
	return limit;
}

uint64_t memory_limit_for_captures(uint64_t limit_bytes)
{
	uint64_t least = limit_bytes / 4;

	if (limit_bytes == UINT64_MAX)
		return UINT64_MAX;
	return limit_bytes > MEMORY_OWN_BYTES + least ? limit_bytes - MEMORY_OWN_BYTES : least;
}
