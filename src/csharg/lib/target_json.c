/* SPDX-License-Identifier: MIT */
#include "csharg/lib/target_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/own.h"
#include "base/text.h"
#include "base/utf8.h"
#include "csharg/lib/target.h"

static void json_decref_p(json_t **j)
{
	json_decref(*j);
}

#define AUTO_JSON __attribute__((cleanup(json_decref_p)))

/* True if the text neither nests too deep nor holds so many values that its tree, a hundred times
 * its size, would exhaust memory. */
static bool is_modest(const char *text, size_t len)
{
	size_t depth = 0, values = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if (c == '{' || c == '[')
			depth++, values++;
		else if ((c == '}' || c == ']') && depth > 0)
			depth--;
		else if (c == ',')
			values++;
		if (depth > JSON_DEPTH_MAX || values > JSON_VALUES_MAX)
			return false;
	}
	return true;
}

/* The object in @text; NULL with @e filled. */
static json_t *parse(const char *text, size_t len, struct err *e)
{
	json_error_t why;
	json_t *j;

	if (!is_modest(text, len)) {
		(void) err_set(e, -E2BIG, "too many or too deeply nested values");
		return NULL;
	}
	j = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
	if (!j)
		(void) err_set(
			e, -EINVAL, "%s (line %d, column %d)", why.text, why.line, why.column);
	else if (!json_is_object(j))
		(void) err_set(e, -EINVAL, "not an object");
	else
		return j;
	json_decref(j);
	return NULL;
}

/* NULL when absent or null. */
static const json_t *member(const json_t *obj, const char *name)
{
	const json_t *v = json_object_get(obj, name);

	return json_is_null(v) ? NULL : v;
}

static int get_string(const json_t *obj, const char *name, const char **field, struct err *e)
{
	const json_t *v = member(obj, name);

	if (!v)
		return 0;
	if (!json_is_string(v))
		return err_set(e, -EINVAL, "member \"%s\" must be a string", name);
	if (target_set(field, json_string_value(v), json_string_length(v)) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

static int get_count(
	const json_t *obj, const char *name, uint64_t max, uint64_t *ret, struct err *e)
{
	const json_t *v = member(obj, name);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
		(uint64_t) json_integer_value(v) > max)
		return err_set(e, -EINVAL, "member \"%s\" must be a whole number in range", name);
	*ret = (uint64_t) json_integer_value(v);
	return 0;
}

static int get_interfaces(const json_t *obj, struct csharg_target *t, struct err *e)
{
	const json_t *list = member(obj, "network-interfaces"), *v;
	size_t i;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return err_set(e, -EINVAL, "member \"network-interfaces\" must be a list");
	t->has_interfaces = true;
	json_array_foreach (list, i, v) {
		int rc;

		if (!json_is_string(v))
			return err_set(e, -EINVAL,
				"member \"network-interfaces\" must be a list of strings");
		rc = target_add_interface(t, json_string_value(v), json_string_length(v));
		if (rc < 0)
			return err_set(e, rc, "too many interfaces");
	}
	return 0;
}

static int get_cluster(const json_t *obj, struct csharg_target *t, struct err *e)
{
	const json_t *v = member(obj, "cluster");
	int rc;

	if (!v)
		return 0;
	if (!json_is_object(v))
		return err_set(e, -EINVAL, "member \"cluster\" must be an object");
	t->has_cluster = true;
	rc = get_string(v, "context", &t->cluster_context, e);
	return rc < 0 ? rc : get_string(v, "uid", &t->cluster_uid, e);
}

/* NULL with @e filled. */
static struct csharg_target *get_target(const json_t *obj, struct err *e)
{
	AUTO_TARGET struct csharg_target *t = target_new();
	uint64_t pid = 0, port = 0;

	if (!t) {
		(void) err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	if (get_string(obj, "name", &t->name, e) < 0 || get_string(obj, "type", &t->type, e) < 0 ||
		get_string(obj, "prefix", &t->prefix, e) < 0 ||
		get_string(obj, "node-name", &t->node_name, e) < 0 ||
		get_string(obj, "capture-service", &t->capture_service, e) < 0 ||
		get_string(obj, "id", &t->id, e) < 0 ||
		get_string(obj, "netns-name", &t->netns_name, e) < 0 ||
		get_count(obj, "netns", INT64_MAX, &t->netns, e) < 0 ||
		get_count(obj, "starttime", INT64_MAX, &t->starttime, e) < 0 ||
		get_count(obj, "pid", INT32_MAX, &pid, e) < 0 ||
		get_count(obj, "captureport", UINT32_MAX, &port, e) < 0 ||
		get_interfaces(obj, t, e) < 0 || get_cluster(obj, t, e) < 0)
		return NULL;
	t->pid = (int32_t) pid;
	t->capture_port = (uint32_t) port;
	return TAKE_PTR(t);
}

int target_json_decode(const char *text, struct csharg_target **ret, struct err *e)
{
	struct err why = ERR_NONE;
	AUTO_JSON json_t *j = parse(text, strlen(text), &why);
	struct csharg_target *t = j ? get_target(j, &why) : NULL;

	if (!t)
		return err_set(e, why.code, "invalid target description: %.400s", why.text);
	*ret = t;
	return 0;
}

static int add_all(
	const json_t *list, const char *node_name, struct csharg_targets *all, struct err *e)
{
	const json_t *v;
	size_t i;

	json_array_foreach (list, i, v) {
		struct csharg_target *t;
		int rc;

		if (!json_is_object(v))
			return err_set(e, -EINVAL, "target %zu is not an object", i);
		t = get_target(v, e);
		if (!t)
			return e->code;
		rc = target_set(&t->node_name, node_name, strlen(node_name));
		if (rc == 0)
			rc = targets_add(all, t);
		else
			csharg_target_free(t);
		if (rc < 0)
			return err_set(e, rc, "too many targets");
	}
	return 0;
}

int target_json_list(const char *text, size_t len_bytes, const char *node_name,
	struct csharg_targets **ret, struct err *e)
{
	struct err why = ERR_NONE;
	AUTO_JSON json_t *j = parse(text, len_bytes, &why);
	AUTO_TARGETS struct csharg_targets *all = targets_new();
	const json_t *list = j ? member(j, "containers") : NULL;

	if (!all)
		return err_set(e, -ENOMEM, "out of memory");
	if (j && list && !json_is_array(list))
		(void) err_set(&why, -EINVAL, "member \"containers\" must be a list");
	else if (j && !json_object_get(j, "containers"))
		(void) err_set(&why, -EINVAL, "there is no list of targets in it");
	else if (j)
		(void) add_all(list, node_name, all, &why);
	if (why.code)
		return err_set(e, why.code == -EINVAL ? -EPROTO : why.code,
			"the answer is no list of targets: %.400s", why.text);
	targets_sort(all);
	*ret = TAKE_PTR(all);
	return 0;
}

struct service_box {
	struct csharg_service s; /* first: the public pointer is that of the box */
	char name[256], version[256];
};

static void copy_text(const json_t *obj, const char *key, char *ret, size_t cap)
{
	const char *s = json_string_value(json_object_get(obj, key));

	utf8_sanitize(s ? s : "", ret, cap);
}

int target_json_service(const char *text, size_t len_bytes, struct csharg_service **ret)
{
	struct err why = ERR_NONE;
	AUTO_JSON json_t *j = parse(text, len_bytes, &why);
	struct service_box *b = calloc(1, sizeof(*b));
	const json_t *v;
	size_t i;

	if (!b)
		return -ENOMEM;
	b->s.name = b->name;
	b->s.version = b->version;
	copy_text(j, "name", b->name, sizeof(b->name));
	copy_text(j, "version", b->version, sizeof(b->version));
	json_array_foreach (json_object_get(j, "features"), i, v) {
		const char *s = json_string_value(v);

		if (s && strcmp(s, "filter-every-interface") == 0)
			b->s.is_ours = strcmp(b->name, "packetflix") == 0;
	}
	*ret = &b->s;
	return 0;
}

void csharg_service_free(struct csharg_service *s)
{
	free(s);
}

bool target_json_error(const char *text, size_t len_bytes, char *ret, size_t cap_bytes)
{
	struct err why = ERR_NONE;
	AUTO_JSON json_t *j = parse(text, len_bytes, &why);
	const char *s = json_string_value(json_object_get(j, "error"));

	if (!s)
		return false;
	utf8_sanitize(s, ret, cap_bytes);
	return true;
}

int csharg_target_from_json(
	const char *text, struct csharg_target **ret_target, struct csharg_error *e)
{
	struct err why = ERR_NONE;
	int rc = target_json_decode(text, ret_target, &why);

	if (rc < 0 && e) {
		e->code = rc;
		utf8_sanitize(why.text, e->text, sizeof(e->text));
	}
	return rc;
}

static void put_interfaces(struct text *t, const struct csharg_target *target)
{
	text_put_key(t, "network-interfaces");
	if (!target->has_interfaces) {
		text_put(t, "null");
		return;
	}
	text_put(t, "[");
	for (size_t i = 0; i < target->n_interfaces; i++) {
		text_next(t);
		text_put_json(t, target->interfaces[i]);
	}
	text_put(t, "]");
}

static void put_optional(struct text *t, const char *key, const char *value)
{
	if (value[0])
		text_put_string(t, key, value);
}

static void put_optional_number(struct text *t, const char *key, uint64_t v)
{
	if (v)
		text_put_number(t, key, v);
}

static void put_cluster(struct text *t, const struct csharg_target *target)
{
	if (!target->has_cluster)
		return;
	text_put_key(t, "cluster");
	text_put(t, "{");
	text_put_string(t, "context", target->cluster_context);
	put_optional(t, "uid", target->cluster_uid);
	text_put(t, "}");
}

int csharg_target_to_json(const struct csharg_target *target, char **ret_text)
{
	AUTO_TEXT struct text t = {0};

	text_put(&t, "{");
	text_put_string(&t, "name", target->name);
	text_put_string(&t, "type", target->type);
	text_put_number(&t, "netns", target->netns);
	put_interfaces(&t, target);
	text_put_string(&t, "prefix", target->prefix);
	put_optional_number(&t, "starttime", target->starttime);
	put_optional_number(&t, "pid", (uint64_t) target->pid);
	put_optional(&t, "node-name", target->node_name);
	put_cluster(&t, target);
	put_optional(&t, "capture-service", target->capture_service);
	put_optional_number(&t, "captureport", target->capture_port);
	text_put(&t, "}");
	text_put_bytes(&t, "", 1);
	if (t.failed)
		return -ENOMEM;
	*ret_text = TAKE_PTR(t.p);
	return 0;
}
