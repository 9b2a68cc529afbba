/* SPDX-License-Identifier: MIT */
#include "discover/engine/podman_pods.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/engine/json_in.h"
#include "base/grow.h"

#define PODS_TIMEOUT_MS 5000
#define PODS_MAX_BYTES  (4 << 20)

struct members {
	struct podman_member *v; /* owned */
	size_t n, cap;
};

static int add(struct members *m, const json_t *pod, const json_t *container)
{
	struct podman_member *v = grow(m->v, m->n, &m->cap, sizeof(*v));
	const char *id = json_in_string(container, "Id");

	if (!v)
		return -ENOMEM;
	m->v = v;
	v += m->n++;
	*v = (struct podman_member){.infra = strcmp(json_in_string(pod, "InfraId"), id) == 0};
	utf8_sanitize(id, v->id, sizeof(v->id));
	utf8_sanitize(json_in_string(pod, "Id"), v->pod_id, sizeof(v->pod_id));
	utf8_sanitize(json_in_string(pod, "Name"), v->pod, sizeof(v->pod));
	return 0;
}

int podman_pods_parse(char *body, size_t len_bytes, struct podman_member **ret, size_t *ret_n)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	struct members m = {0};
	int rc = 0;

	if (!json_is_array(j))
		return -EBADMSG;
	for (size_t i = 0; i < json_array_size(j) && rc == 0; i++) {
		const json_t *pod = json_array_get(j, i);
		const json_t *containers = json_object_get(pod, "Containers");

		for (size_t k = 0; k < json_array_size(containers) && rc == 0; k++) {
			if (m.n < ENGINE_CONTAINERS_MAX)
				rc = add(&m, pod, json_array_get(containers, k));
		}
	}
	if (rc < 0) {
		free(m.v);
		return rc;
	}
	*ret = m.v;
	*ret_n = m.n;
	return 0;
}

static void on_pods(void *ctx, const struct http_answer *a)
{
	struct podman_pods *p = ctx;
	struct podman_member *v;
	size_t n;

	p->request = NULL;
	if (a->error == 0 && a->status == 200 &&
		podman_pods_parse(a->body, a->len_bytes, &v, &n) == 0) {
		free(p->v);
		p->v = v;
		p->n = n;
	}
	p->done_fn(p->ctx);
}

void podman_pods_init(struct podman_pods *p, struct engine *engine, const struct docker_end *end,
	void (*done_fn)(void *ctx), void *ctx)
{
	*p = (struct podman_pods){.engine = engine, .end = end, .done_fn = done_fn, .ctx = ctx};
}

bool podman_pods_ask(struct podman_pods *p)
{
	struct http_get get = {.timeout_ms = PODS_TIMEOUT_MS,
		.max_bytes = PODS_MAX_BYTES,
		.done_fn = on_pods,
		.ctx = p};

	p->request = docker_end_ask_libpod(p->end, p->engine->env->http, &get, "/pods/json");
	return p->request != NULL;
}

void podman_pods_apply(const struct podman_pods *p)
{
	struct engine_list *l = &p->engine->list;

	for (size_t i = 0; i < p->n; i++) {
		const struct podman_member *m = &p->v[i];
		struct engine_container *c = engine_list_find(l, m->id);

		if (!c)
			continue;
		engine_list_set_label(l, c, "io.podman.pod.name", m->pod);
		engine_list_set_label(l, c, "io.podman.pod.id", m->pod_id);
		if (m->infra)
			engine_list_set_label(l, c, "io.podman.pod.infra", "");
	}
}

void podman_pods_stop(struct podman_pods *p)
{
	if (p->request)
		http_cancel(p->engine->env->http, p->request);
	p->request = NULL;
	free(p->v);
	p->v = NULL;
	p->n = 0;
}
