/* SPDX-License-Identifier: MIT */
#include "csharg/cli/document.h"

#include <ctype.h>
#include <stdint.h>

#include "base/own.h"

static json_t *interfaces(const struct csharg_target *t)
{
	json_t *list = t->has_interfaces ? json_array() : json_null();

	for (size_t i = 0; list && i < t->n_interfaces; i++) {
		if (json_array_append_new(list, json_string(t->interfaces[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *document_full(const struct csharg_target *t)
{
	json_t *cluster = t->has_cluster ? json_pack("{s:s, s:s}", "context", t->cluster_context,
						   "uid", t->cluster_uid)
					 : json_null();

	/* "o" takes over the references, also when packing fails */
	return json_pack("{s:s, s:s++, s:s, s:s, s:I, s:o, s:s, s:I, s:I, s:s, s:o, s:s, s:I}",
		"name", t->name, "full-name", t->prefix, t->prefix[0] ? ":" : "", t->name, "type",
		t->type, "id", t->id ? t->id : "", "netns", (json_int_t) t->netns,
		"network-interfaces", interfaces(t), "prefix", t->prefix, "starttime",
		(json_int_t) t->starttime, "pid", (json_int_t) t->pid, "node-name", t->node_name,
		"cluster", cluster, "capture-service", t->capture_service, "captureport",
		(json_int_t) t->capture_port);
}

json_t *document_plain(const struct csharg_target *target)
{
	AUTO_FREE char *text = NULL;

	return csharg_target_to_json(target, &text) < 0 ? NULL : json_loads(text, 0, NULL);
}

static bool same_name(const char *key, const char *name)
{
	for (;; key++, name++) {
		while (*key == '-')
			key++;
		while (*name == '-')
			name++;
		if (tolower((unsigned char) *key) != tolower((unsigned char) *name))
			return false;
		if (!*key)
			return true;
	}
}

const json_t *document_member(const json_t *object, const char *name)
{
	const json_t *exact = json_object_get(object, name);
	/* jansson has no iterator for what is const; nothing is changed through it */
	json_t *walk = (json_t *) (uintptr_t) object;

	if (exact)
		return exact;
	for (void *at = json_object_iter(walk); at; at = json_object_iter_next(walk, at)) {
		if (same_name(json_object_iter_key(at), name))
			return json_object_iter_value(at);
	}
	return NULL;
}
