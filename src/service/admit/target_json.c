/* SPDX-License-Identifier: MIT */
#include "service/admit/target_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "base/own.h"

static void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON __attribute__((cleanup(json_decref_p)))

static int refuse_json(struct refusal *why, const char *member, const char *words)
{
	return refuse(why, -EINVAL, 400, CLOSE_POLICY,
		"invalid container/target description: member \"%s\" %s", member, words);
}

/* The value of @name in @obj, NULL when absent or null. */
static json_t *get_member(json_t *obj, const char *name)
{
	json_t *found = json_object_get(obj, name), *v;
	const char *key;

	if (!found) {
		json_object_foreach (obj, key, v) {
			if (strcasecmp(key, name) == 0)
				found = v;
		}
	}
	return json_is_null(found) ? NULL : found;
}

/* Replace *@ret by the string member @name, if there is one. */
static int get_string(json_t *obj, const char *name, char **ret, struct refusal *why)
{
	json_t *v = get_member(obj, name);
	char *s;

	if (!v)
		return 0;
	if (!json_is_string(v))
		return refuse_json(why, name, "must be a string");
	if (json_string_length(v) >= REQUEST_NAME_MAX)
		return refuse_json(why, name, "is too long");
	if (strlen(json_string_value(v)) < json_string_length(v))
		return refuse_json(why, name, "holds a NUL character");
	s = strdup(json_string_value(v));
	if (!s)
		return refuse_nomem(why);
	free(*ret);
	*ret = s;
	return 0;
}

static int get_count(
	json_t *obj, const char *name, uint64_t max, uint64_t *ret, struct refusal *why)
{
	json_t *v = get_member(obj, name);

	if (!v)
		return 0;
	if (!json_is_integer(v))
		return refuse_json(why, name, "must be a whole number");
	if (json_integer_value(v) < 0 || (uint64_t) json_integer_value(v) > max)
		return refuse_json(why, name, "is out of range");
	*ret = (uint64_t) json_integer_value(v);
	return 0;
}

/* The name of an interface in the list. A NUL in it must not make it the name of another one, so it
 * becomes something that no interface name holds. */
static char *dup_name(const json_t *v)
{
	size_t len = json_is_null(v) ? 0 : json_string_length(v);
	char *s = malloc(len + 1);

	if (!s)
		return NULL;
	for (size_t i = 0; i < len; i++)
		s[i] = json_string_value(v)[i] ? json_string_value(v)[i] : '/';
	s[len] = '\0';
	return s;
}

static int get_names(json_t *obj, struct request_target *t, struct refusal *why)
{
	static const char name[] = "network-interfaces";
	json_t *list = get_member(obj, name);

	if (!list)
		return 0;
	if (!json_is_array(list))
		return refuse_json(why, name, "must be a list of strings");
	t->names = calloc(json_array_size(list) + 1, sizeof(*t->names));
	if (!t->names)
		return refuse_nomem(why);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *v = json_array_get(list, i);

		if (!json_is_string(v) && !json_is_null(v))
			return refuse_json(why, name, "must be a list of strings");
		t->names[i] = dup_name(v);
		if (!t->names[i])
			return refuse_nomem(why);
		t->n_names++;
	}
	return 0;
}

static int get_cluster(json_t *obj, struct request_target *t, struct refusal *why)
{
	json_t *v = get_member(obj, "cluster");
	AUTO_FREE char *context = NULL;
	int rc;

	if (!v)
		return 0;
	if (!json_is_object(v))
		return refuse_json(why, "cluster", "must be an object");
	t->has_cluster = true;
	rc = get_string(v, "uid", &t->cluster_uid, why);
	return rc < 0 ? rc : get_string(v, "context", &context, why);
}

/* Members that others route by; we only insist on their type. */
static int check_unused(json_t *obj, struct refusal *why)
{
	AUTO_FREE char *service = NULL;
	uint64_t port = 0;
	int rc = get_string(obj, "capture-service", &service, why);

	return rc < 0 ? rc : get_count(obj, "captureport", INT64_MAX, &port, why);
}

static int get_target(json_t *obj, struct request_target *t, struct refusal *why)
{
	uint64_t pid = 0;
	int rc;

	if ((rc = get_string(obj, "name", &t->name, why)) < 0 ||
		(rc = get_string(obj, "type", &t->type, why)) < 0 ||
		(rc = get_string(obj, "prefix", &t->prefix, why)) < 0 ||
		(rc = get_string(obj, "node-name", &t->node_name, why)) < 0 ||
		(rc = get_count(obj, "netns", INT64_MAX, &t->netns_inode, why)) < 0 ||
		(rc = get_count(obj, "pid", INT32_MAX, &pid, why)) < 0 ||
		(rc = get_count(obj, "starttime", INT64_MAX, &t->starttime_ticks, why)) < 0 ||
		(rc = get_names(obj, t, why)) < 0 || (rc = get_cluster(obj, t, why)) < 0 ||
		(rc = check_unused(obj, why)) < 0)
		return rc;
	t->pid = (uint32_t) pid;
	/* Only the pair says which process is meant. The original skips its staleness check for a
	 * pid without start time and then fails when it verifies the process against start time 0;
	 * without either it works by namespace or name, and so do we. */
	if (t->pid == 0 || t->starttime_ticks == 0) {
		t->pid = 0;
		t->starttime_ticks = 0;
	}
	return 0;
}

/* Nesting of @text, so that no parser has to recurse deeper than we allow. */
static unsigned int depth_of(const char *text)
{
	unsigned int depth = 0, most = 0;
	bool in_string = false;

	for (const char *p = text; *p; p++) {
		if (in_string && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			in_string = !in_string;
		else if (!in_string && (*p == '{' || *p == '['))
			most = ++depth > most ? depth : most;
		else if (!in_string && (*p == '}' || *p == ']') && depth > 0)
			depth--;
	}
	return most;
}

static int parse(const char *text, json_t **ret, struct refusal *why)
{
	json_error_t e;
	json_t *j;

	if (strlen(text) > REQUEST_JSON_MAX)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid container/target description: more than %d bytes",
			REQUEST_JSON_MAX);
	if (depth_of(text) > REQUEST_DEPTH_MAX)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid container/target description: nested more than %d levels deep",
			REQUEST_DEPTH_MAX);
	if (text[strspn(text, " \t\r\n")] == '\0')
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid container/target description: unexpected end of JSON input");
	j = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (!j)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid container/target description: %s (line %d, column %d)", e.text,
			e.line, e.column);
	*ret = j;
	return 0;
}

/* @j is an object or null. */
static int make_target(json_t *j, struct request_target *ret, struct refusal *why)
{
	struct request_target t;
	int rc = request_target_init(&t) < 0 ? refuse_nomem(why) : 0;

	if (rc == 0 && json_is_object(j))
		rc = get_target(j, &t, why);
	if (rc < 0) {
		request_target_done(&t);
		return rc;
	}
	*ret = t;
	return 0;
}

int target_json_decode(const char *text, struct request_target *ret, struct refusal *why)
{
	AUTO_JSON json_t *j = NULL;
	int rc = parse(text, &j, why);

	if (rc < 0)
		return rc;
	if (!json_is_object(j) && !json_is_null(j))
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid container/target description: must be an object");
	return make_target(j, ret, why);
}

static bool is_text(const json_t *v, const char *text)
{
	return json_is_string(v) && json_string_length(v) == strlen(text) &&
	       memcmp(json_string_value(v), text, strlen(text)) == 0;
}

static int refuse_list(struct refusal *why, const char *words)
{
	return refuse(why, -EINVAL, 502, CLOSE_INTERNAL,
		"cannot update container/target meta data: %s", words);
}

int target_json_find(const char *body, size_t len_bytes, const struct request_target *want,
	struct request_target *ret, struct refusal *why)
{
	json_error_t e;
	AUTO_JSON json_t *j = json_loadb(body, len_bytes, JSON_ALLOW_NUL, &e);
	struct refusal words;
	json_t *list, *v;
	size_t i;

	if (!j)
		return refuse_list(why, e.text);
	list = json_object_get(j, "containers");
	if (list && !json_is_null(list) && !json_is_array(list))
		return refuse_list(why, "member \"containers\" must be a list");
	json_array_foreach (list, i, v) {
		int rc;

		if (!is_text(json_object_get(v, "name"), want->name) ||
			!is_text(json_object_get(v, "prefix"), want->prefix))
			continue;
		rc = make_target(v, ret, &words);
		return rc == -EINVAL ? refuse_list(why, words.text) : rc;
	}
	return -ENOENT;
}
