/* SPDX-License-Identifier: MIT */
#include "csharg/cli/document.h"

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
	return json_pack("{s:s, s:s, s:I, s:o, s:s, s:I, s:I, s:s, s:o, s:s, s:I}", "name", t->name,
		"type", t->type, "netns", (json_int_t) t->netns, "network-interfaces",
		interfaces(t), "prefix", t->prefix, "starttime", (json_int_t) t->starttime, "pid",
		(json_int_t) t->pid, "node-name", t->node_name, "cluster", cluster,
		"capture-service", t->capture_service, "captureport", (json_int_t) t->capture_port);
}

json_t *document_plain(const struct csharg_target *target)
{
	AUTO_FREE char *text = NULL;

	return csharg_target_to_json(target, &text) < 0 ? NULL : json_loads(text, 0, NULL);
}
