/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_plugin.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "files/root_path.h"

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

/* Find the socket that is first by name in @list. */
static bool find_socket(struct root_list *list, char *ret, size_t cap_bytes)
{
	struct root_entry e;
	bool found = false;

	for (size_t i = 0; i < ENTRIES_MAX && root_list_next(list, &e); i++) {
		if (e.type != DT_SOCK || strlen(e.name) >= cap_bytes ||
			(found && strcmp(e.name, ret) > 0))
			continue;
		memcpy(ret, e.name, strlen(e.name) + 1);
		found = true;
	}
	return found;
}

static bool read_name(
	int procfd, int32_t pid, const struct engine_container *c, char ret[CONTAINER_NAME_MAX])
{
	char path[512], name[NAME_MAX + 1];
	AUTO_CLOSE int root = root_path_root(procfd, pid);
	AUTO_ROOT_LIST struct root_list list = {0};
	size_t n;

	if (root < 0 || !directory_of(c, path, sizeof(path)) ||
		root_path_list(root, path, &list) < 0)
		return false;
	if (!find_socket(&list, name, sizeof(name)))
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
