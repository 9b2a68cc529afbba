/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_json.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define PID_MAX 4194304 /* the kernel's PID_MAX_LIMIT */

static void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON __attribute__((cleanup(json_decref_p)))

/* The parser refuses a whole document for one malformed byte; a '?' harms but one name. */
static void repair(char *p, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		unsigned char c = (unsigned char) p[i];

		if (c < 0x20 && c != '\n' && c != '\r' && c != '\t')
			p[i] = '?';
	}
	if (utf8_valid(p, len_bytes))
		return;
	for (size_t i = 0; i < len_bytes;) {
		size_t n = 1;

		while (n < 4 && n < len_bytes - i && !utf8_valid(p + i, n))
			n++;
		if (!utf8_valid(p + i, n)) {
			p[i] = '?';
			n = 1;
		}
		i += n;
	}
}

static json_t *parse(char *body, size_t len_bytes)
{
	repair(body, len_bytes);
	return json_loadb(body, len_bytes, JSON_ALLOW_NUL, NULL);
}

/* The string member @key, "" if there is none. */
static const char *get_string(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static bool is_api_version(const char *s)
{
	size_t major = strspn(s, "0123456789");
	size_t minor = s[major] == '.' ? strspn(s + major + 1, "0123456789") : 0;

	return major > 0 && minor > 0 && s[major + 1 + minor] == '\0' && strlen(s) < 16;
}

int docker_parse_version(char *body, size_t len_bytes, struct docker_version *ret)
{
	AUTO_JSON json_t *j = parse(body, len_bytes);
	const char *api = get_string(j, "ApiVersion");

	if (!is_api_version(api))
		return -EBADMSG;
	memcpy(ret->api, api, strlen(api) + 1);
	utf8_sanitize(get_string(j, "Version"), ret->version, sizeof(ret->version));
	return 0;
}

int docker_parse_info(char *body, size_t len_bytes, char ret_id[DOCKER_TEXT_MAX])
{
	AUTO_JSON json_t *j = parse(body, len_bytes);

	if (!json_is_object(j))
		return -EBADMSG;
	utf8_sanitize(get_string(j, "ID"), ret_id, DOCKER_TEXT_MAX);
	return 0;
}

/* The id becomes part of a URL. */
static bool is_id(const char *s)
{
	static const char set[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strlen(s);

	return n > 0 && n < ENGINE_ID_MAX && strspn(s, set) == n;
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

/* Returns 1, 0 when the entry is malformed, or -ENOMEM. */
static int parse_entry(const json_t *j, struct engine_container *ret)
{
	const char *id = get_string(j, "Id");
	struct engine_container c = {.paused = strcmp(get_string(j, "State"), "paused") == 0};

	if (!is_id(id))
		return 0;
	memcpy(c.id, id, strlen(id) + 1);
	c.name = clean_name(own_name(json_object_get(j, "Names")), id);
	if (!c.name)
		return -ENOMEM;
	*ret = c;
	return 1;
}

int docker_parse_list(char *body, size_t len_bytes, struct engine_list *ret)
{
	AUTO_JSON json_t *j = parse(body, len_bytes);
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

int docker_parse_inspect(char *body, size_t len_bytes, struct engine_container *ret)
{
	AUTO_JSON json_t *j = parse(body, len_bytes);
	const json_t *state = json_object_get(j, "State");
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
	const char *id = get_string(j, "Id"), *status = get_string(state, "Status");
	struct engine_container c = {.paused = json_is_true(json_object_get(state, "Paused")),
		.over = strcmp(status, "exited") == 0 || strcmp(status, "dead") == 0 ||
			strcmp(status, "removing") == 0};

	if (!is_id(id))
		return -EBADMSG;
	memcpy(c.id, id, strlen(id) + 1);
	if (pid > 0 && pid <= PID_MAX)
		c.pid = (int32_t) pid;
	c.name = clean_name(get_string(j, "Name"), id);
	if (!c.name)
		return -ENOMEM;
	*ret = c;
	return 0;
}
