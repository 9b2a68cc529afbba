/* SPDX-License-Identifier: MIT */
#include "discover/host/freezer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"

#define CGROUP_MAX_BYTES 16384 /* a dozen hierarchies, a path each */
#define STATE_MAX_BYTES  256

/* The path of the line at @s that belongs to hierarchy @controllers, "" being the unified one. */
static const char *path_of_line(const char *s, const char *controllers)
{
	size_t n = strlen(controllers);

	s = strchr(s, ':');
	if (!s || strncmp(s + 1, controllers, n) != 0 || s[1 + n] != ':' || s[2 + n] != '/')
		return NULL;
	return s + 2 + n;
}

static bool make_file(const char *text, const char *controllers, const char *top, const char *name,
	struct freezer_file *ret)
{
	for (const char *s = text; s; s = strchr(s, '\n')) {
		const char *path;
		size_t n;

		s += *s == '\n';
		path = path_of_line(s, controllers);
		n = path ? strcspn(path, "\n") : 0;
		/* what lies above the root of our own cgroup namespace cannot be reached */
		if (!path || n > 4096 || strncmp(path, "/..", 3) == 0)
			continue;
		(void) snprintf(ret->path, sizeof(ret->path), "/sys/fs/cgroup%s%.*s/%s", top,
			(int) n, path, name);
		return true;
	}
	return false;
}

bool freezer_file_of(const char *text, struct freezer_file *ret)
{
	ret->word = "FROZEN";
	if (make_file(text, "freezer", "/freezer", "freezer.state", ret))
		return true;
	ret->word = "frozen 1";
	return make_file(text, "", "", "cgroup.events", ret);
}

static bool has_line(const char *text, const char *line)
{
	size_t n = strlen(line);

	for (const char *s = text; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, line, n) == 0 && (s[n] == '\n' || s[n] == '\0'))
			return true;
	}
	return false;
}

bool freezer_is_frozen(int procfd, int32_t pid)
{
	char path[32], text[CGROUP_MAX_BYTES], state[STATE_MAX_BYTES];
	struct freezer_file file;

	(void) snprintf(path, sizeof(path), "%" PRId32 "/cgroup", pid);
	return io_read_file(procfd, path, text, sizeof(text)) > 0 && freezer_file_of(text, &file) &&
	       io_read_file(AT_FDCWD, file.path, state, sizeof(state)) > 0 &&
	       has_line(state, file.word);
}
