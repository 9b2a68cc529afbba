/* SPDX-License-Identifier: MIT */
#include "csharg/cli/govalue.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

bool govalue_is_true(const json_t *v)
{
	switch (v ? json_typeof(v) : JSON_NULL) {
	case JSON_TRUE:
		return true;
	case JSON_STRING:
		return json_string_length(v) > 0;
	case JSON_INTEGER:
		return json_integer_value(v) != 0;
	case JSON_REAL:
		return json_real_value(v) < 0 || json_real_value(v) > 0;
	case JSON_ARRAY:
		return json_array_size(v) > 0;
	case JSON_OBJECT:
		return json_object_size(v) > 0;
	default:
		return false;
	}
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

const char **govalue_keys(const json_t *value)
{
	/* jansson has no iterator for what is const; nothing is changed through it */
	json_t *walk = (json_t *) (uintptr_t) value;
	const char **keys = calloc(json_object_size(value) + 1, sizeof(*keys));
	size_t n = 0;

	if (!keys)
		return NULL;
	for (void *at = json_object_iter(walk); at; at = json_object_iter_next(walk, at))
		keys[n++] = json_object_iter_key(at);
	qsort(keys, n, sizeof(*keys), compare_keys);
	return keys;
}

static int put_list(struct text *out, const json_t *list)
{
	int rc = 0;

	text_put(out, "[");
	for (size_t i = 0; rc == 0 && i < json_array_size(list); i++) {
		text_put(out, i ? " " : "");
		rc = govalue_put(out, json_array_get(list, i));
	}
	text_put(out, "]");
	return rc;
}

static int put_map(struct text *out, const json_t *object)
{
	AUTO_FREE const char **keys = govalue_keys(object);
	int rc = keys ? 0 : -ENOMEM;

	text_put(out, "map[");
	for (size_t i = 0; rc == 0 && keys[i]; i++) {
		text_put(out, i ? " " : "");
		text_put(out, keys[i]);
		text_put(out, ":");
		rc = govalue_put(out, json_object_get(object, keys[i]));
	}
	text_put(out, "]");
	return rc;
}

int govalue_put(struct text *out, const json_t *v)
{
	AUTO_FREE char *dump = NULL;

	if (!v || json_is_null(v)) {
		text_put(out, "<no value>");
		return 0;
	}
	if (json_is_string(v)) {
		text_put_bytes(out, json_string_value(v), json_string_length(v));
		return 0;
	}
	if (json_is_array(v))
		return put_list(out, v);
	if (json_is_object(v))
		return put_map(out, v);
	dump = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!dump)
		return -ENOMEM;
	text_put(out, dump);
	return 0;
}
