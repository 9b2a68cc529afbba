/* SPDX-License-Identifier: MIT */
/* What containerd's API answers, taken apart (proto/containerd.proto). No I/O. Every text that
 * leaves here is clean UTF-8 without control characters; entries without a usable id are left out.
 * All parsers return 0 or a count, -EBADMSG when the message is malformed or unfolds to more memory
 * than it may take, or -ENOMEM. */
#ifndef DISCOVER_CONTAINERD_MSG_H
#define DISCOVER_CONTAINERD_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/engine/engine.h"

#define CONTAINERD_NAMESPACES_MAX 64 /* more are left out */
#define CONTAINERD_NAME_MAX       77 /* of ids and namespaces, with NUL (containerd's own limit) */

struct containerd_names {
	char v[CONTAINERD_NAMESPACES_MAX][CONTAINERD_NAME_MAX];
	size_t n;
};

struct containerd_task {
	char id[CONTAINERD_NAME_MAX];
	int32_t pid;
	bool paused; /* not while it is only about to be */
};

/* Tasks that are alive. */
struct containerd_tasks {
	struct containerd_task *v; /* owned, by id */
	size_t n;
};

/* "VERSION REVISION" into @ret. */
int containerd_parse_version(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX]);

/* The engine's id into @ret. */
int containerd_parse_server(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX]);

/* The namespaces to look at: not "moby" and "k8s.io", whose containers other engines tell of. */
int containerd_parse_namespaces(const uint8_t *p, size_t len_bytes, struct containerd_names *ret);

/* Tasks that run or are paused. Free with containerd_tasks_done(). */
int containerd_parse_tasks(const uint8_t *p, size_t len_bytes, struct containerd_tasks *ret);
void containerd_tasks_done(struct containerd_tasks *t);

/* One container of namespace @ns. Returns 1, or 0 when it is left out: it has no usable id or none
 * of the @tasks; @ret is untouched then. Its name is as contract 6.3 says, but for plugins of
 * Docker. */
int containerd_parse_container(const uint8_t *p, size_t len_bytes, const char *ns,
	const struct containerd_tasks *tasks, struct engine_container *ret);

/* The encoded request for the events that tell of containers, of all namespaces but "moby". Returns
 * its length; it belongs to the caller, who frees it, NULL without memory. */
size_t containerd_make_subscribe(uint8_t **ret);

#endif
