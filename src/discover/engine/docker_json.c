/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/engine/json_in.h"

#define PID_MAX       4194304 /* the kernel's PID_MAX_LIMIT */
#define DOCKER_ID_MAX 65      /* 64 letters and digits, with NUL */

int docker_parse_info(char *body, size_t len_bytes, char ret_id[DOCKER_TEXT_MAX])
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);

	if (!json_is_object(j))
		return -EBADMSG;
	utf8_sanitize(json_in_string(j, "ID"), ret_id, DOCKER_TEXT_MAX);
	return 0;
}

/* The id becomes part of a URL. */
static bool is_id(const char *s)
{
	static const char set[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(s);

	return n > 0 && n < DOCKER_ID_MAX && strspn(s, set) == n;
}

/* A copy of a container's name as it is shown; a container without one goes by its id. */
static char *clean_name(const char *name, const char *id)
{
	char clean[CONTAINER_NAME_MAX];

	utf8_sanitize(name + (name[0] == '/'), clean, sizeof(clean));
	return clean[0] ? strdup(clean) : strndup(id, 12);
}

/* Links to a container ("/other/alias") stand beside its own name in the list. */
static const char *own_name(const json_t *names)
{
	const char *s;

	for (size_t i = 0; i < json_array_size(names); i++) {
		s = json_string_value(json_array_get(names, i));
		if (s && s[0] == '/' && !strchr(s + 1, '/'))
			return s;
	}
	s = json_string_value(json_array_get(names, 0));
	return s ? s : "";
}

/* Labels that say something because the engine, not the image, says it (contract 2.11). */
static const char *const own_labels[] = {
	"gostwire/container/privileged", "github.com/thediveo/whalewatcher/moby/privileged"};

static bool is_own_label(const char *key)
{
	for (size_t i = 0; i < ARRAY_LEN(own_labels); i++) {
		if (strcmp(key, own_labels[i]) == 0)
			return true;
	}
	return false;
}

static int read_labels(const json_t *j, struct labels *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *) j, key, value) {
		const char *s = json_string_value(value);

		if (s && !is_own_label(key) && labels_set(ret, key, s) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* Those of an inspected container; the engine's own first, so that they always fit. */
static int read_all_labels(const json_t *j, struct labels *ret)
{
	const json_t *host = json_object_get(j, "HostConfig");
	bool privileged = json_is_true(json_object_get(host, "Privileged"));

	for (size_t i = 0; privileged && i < ARRAY_LEN(own_labels); i++) {
		if (labels_set(ret, own_labels[i], "") < 0)
			return -ENOMEM;
	}
	return read_labels(json_object_get(json_object_get(j, "Config"), "Labels"), ret);
}

/* Returns 1, 0 when the entry is malformed, or -ENOMEM. */
static int parse_entry(const json_t *j, struct engine_container *ret)
{
	const char *id = json_in_string(j, "Id");
	struct engine_container c = {.paused = strcmp(json_in_string(j, "State"), "paused") == 0};

	if (!is_id(id))
		return 0;
	memcpy(c.id, id, strlen(id) + 1);
	c.name = clean_name(own_name(json_object_get(j, "Names")), id);
	if (!c.name || engine_container_set_image(&c, json_in_string(j, "Image")) < 0 ||
		read_labels(json_object_get(j, "Labels"), &c.labels) < 0) {
		engine_container_done(&c);
		return -ENOMEM;
	}
	*ret = c;
	return 1;
}

int docker_parse_list(char *body, size_t len_bytes, struct engine_list *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	size_t n = json_array_size(j);
	struct engine_list l = {0};

	if (!json_is_array(j))
		return -EBADMSG;
	if (n > ENGINE_CONTAINERS_MAX)
		n = ENGINE_CONTAINERS_MAX;
	l.cap = n + 1;
	l.v = calloc(l.cap, sizeof(*l.v));
	if (!l.v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int rc = parse_entry(json_array_get(j, i), &l.v[l.n]);

		if (rc < 0) {
			engine_list_done(&l);
			return rc;
		}
		l.n += (size_t) rc;
	}
	engine_list_sort(&l);
	*ret = l;
	return 0;
}

/* Of an inspected container; Podman has a member of its own. */
static int read_image(const json_t *j, struct engine_container *c)
{
	const char *image = json_in_string(json_object_get(j, "Config"), "Image");

	return engine_container_set_image(c, image[0] ? image : json_in_string(j, "ImageName"));
}

int docker_parse_inspect(char *body, size_t len_bytes, struct engine_container *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	const json_t *state = json_object_get(j, "State");
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
	const char *id = json_in_string(j, "Id"), *status = json_in_string(state, "Status");
	struct engine_container c = {.detailed = true,
		.paused = json_is_true(json_object_get(state, "Paused")),
		.over = strcmp(status, "exited") == 0 || strcmp(status, "dead") == 0 ||
			strcmp(status, "removing") == 0};

	if (!is_id(id))
		return -EBADMSG;
	memcpy(c.id, id, strlen(id) + 1);
	if (pid > 0 && pid <= PID_MAX)
		c.pid = (int32_t) pid;
	c.name = clean_name(json_in_string(j, "Name"), id);
	if (!c.name || read_image(j, &c) < 0 || read_all_labels(j, &c.labels) < 0) {
		engine_container_done(&c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}
