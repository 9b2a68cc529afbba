/* SPDX-License-Identifier: MIT */
/* Which of Podman's containers are together in a pod, by its own API. Containers of pods get the
 * labels io.podman.pod.name and io.podman.pod.id; the one that only holds the pod's namespaces gets
 * io.podman.pod.infra, too. */
#ifndef DISCOVER_PODMAN_PODS_H
#define DISCOVER_PODMAN_PODS_H

#include <stdbool.h>

#include "discover/engine/docker_end.h"
#include "discover/engine/engine.h"

#define POD_NAME_MAX 256

/* A container of a pod. */
struct podman_member {
	char id[ENGINE_ID_MAX];
	char pod_id[ENGINE_ID_MAX];
	char pod[POD_NAME_MAX]; /* clean UTF-8 */
	bool infra;
};

/* A zeroed struct is one that was never set up. */
struct podman_pods {
	struct engine *engine;
	const struct docker_end *end;
	struct http_request *request; /* NULL = nothing is being asked */
	struct podman_member *v;      /* owned; as last told */
	size_t n;
	void (*done_fn)(void *ctx);
	void *ctx;
};

/* Fill all of @p; nothing is queried yet. @done_fn(@ctx) reports the end of a query. */
void podman_pods_init(struct podman_pods *p, struct engine *engine, const struct docker_end *end,
	void (*done_fn)(void *ctx), void *ctx);

/* Query the pods; at the end, also after a failure, @p->done_fn is called, never from inside this
 * function. Returns false when no query could be made: the engine is no Podman. @p->request must be
 * NULL. */
bool podman_pods_ask(struct podman_pods *p);

/* Give the engine's containers the labels of their pods. */
void podman_pods_apply(const struct podman_pods *p);

/* Cancel a query under way and forget the pods. Does nothing on a zeroed struct. */
void podman_pods_stop(struct podman_pods *p);

/* Parse GET /libpod/pods/json into *@ret (owned by the caller), *@ret_n elements, at most
 * ENGINE_CONTAINERS_MAX. May change @body. No I/O. Returns 0, -EBADMSG or -ENOMEM. */
int podman_pods_parse(char *body, size_t len_bytes, struct podman_member **ret, size_t *ret_n);

#endif
