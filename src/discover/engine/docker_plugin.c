/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_plugin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/host/root_path.h"

#define ENTRIES_MAX 64 /* of a plugin's directory; more are not looked at */
#define SUFFIX      ".sock"

/* The id if @c is a plugin, else NULL. */
static const char *plugin_id(const struct engine_container *c)
{
	size_t n = strlen(DOCKER_PLUGIN_NAMESPACE "/");

	return strncmp(c->id, DOCKER_PLUGIN_NAMESPACE "/", n) == 0 ? c->id + n : NULL;
}

/* The name of a plugin's directory. Returns false when there can be none of this name. */
static bool directory_of(const struct engine_container *c, char *ret, size_t cap_bytes)
{
	const char *bundle = labels_get(&c->labels, "com.docker/engine.bundle.path");
	const char *last = bundle ? strrchr(bundle, '/') : NULL;
	int n;

	if (last)
		last++;
	else
		last = bundle;
	n = last && *last ? snprintf(ret, cap_bytes, "/run/docker/plugins/%s", last)
			  : snprintf(ret, cap_bytes, "/run/docker/plugins/%s" SUFFIX, plugin_id(c));
	return n > 0 && (size_t) n < cap_bytes;
}

/* Find the socket that is first by name in @dir. */
static bool find_socket(DIR *dir, char *ret, size_t cap_bytes)
{
	const struct dirent *d;
	bool found = false;

	for (size_t i = 0; i < ENTRIES_MAX && (d = readdir(dir)); i++) {
		if (d->d_type != DT_SOCK || strlen(d->d_name) >= cap_bytes ||
			(found && strcmp(d->d_name, ret) > 0))
			continue;
		memcpy(ret, d->d_name, strlen(d->d_name) + 1);
		found = true;
	}
	return found;
}

static bool read_name(
	int procfd, int32_t pid, const struct engine_container *c, char ret[CONTAINER_NAME_MAX])
{
	char path[512], name[NAME_MAX + 1];
	AUTO_CLOSE int place = -1;
	size_t n;
	int fd;

	if (!directory_of(c, path, sizeof(path)))
		return false;
	place = root_path_open(procfd, pid, path);
	fd = place < 0 ? -1 : openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSEDIR DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		close_p(&fd);
		return false;
	}
	if (!find_socket(dir, name, sizeof(name)))
		return false;
	n = strlen(name);
	if (n > strlen(SUFFIX) && strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0)
		name[n - strlen(SUFFIX)] = '\0';
	utf8_sanitize(name, ret, CONTAINER_NAME_MAX);
	return true;
}

int docker_plugin_name(int procfd, int32_t pid, struct engine_container *c)
{
	char name[CONTAINER_NAME_MAX];
	char *copy;

	if (!plugin_id(c) || !read_name(procfd, pid, c, name))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(c->name);
	c->name = copy;
	return labels_set(&c->labels, "plugin.docker.com/name", name) == -ENOMEM ? -ENOMEM : 0;
}
