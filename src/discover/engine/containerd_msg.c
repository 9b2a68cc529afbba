/* SPDX-License-Identifier: MIT */
#include "discover/engine/containerd_msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/engine/pb_read.h"
#include "discover/engine/proto/containerd.pb-c.h"

#define SMALL_BYTES (1 << 20)
#define TASKS_BYTES (64 << 20)
#define ONE_BYTES   (8 << 20)
#define PID_MAX     4194304 /* the kernel's PID_MAX_LIMIT */

int containerd_parse_version(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX])
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Containerd__Version *m =
		pb_read(&r, &pf__containerd__version__descriptor, p, len_bytes, SMALL_BYTES);
	char both[ENGINE_TEXT_MAX];

	if (!m)
		return -EBADMSG;
	(void) snprintf(both, sizeof(both), "%.60s %.60s", m->version, m->revision);
	utf8_sanitize(both, ret, ENGINE_TEXT_MAX);
	return 0;
}

int containerd_parse_server(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX])
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Containerd__Server *m =
		pb_read(&r, &pf__containerd__server__descriptor, p, len_bytes, SMALL_BYTES);

	if (!m)
		return -EBADMSG;
	utf8_sanitize(m->uuid, ret, ENGINE_TEXT_MAX);
	return 0;
}

/* Namespaces go into header fields, both into names. */
static bool is_identifier(const char *s)
{
	static const char set[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
	size_t n = strlen(s);

	return n > 0 && n < CONTAINERD_NAME_MAX && strspn(s, set) == n;
}

int containerd_parse_namespaces(const uint8_t *p, size_t len_bytes, struct containerd_names *ret)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Containerd__Namespaces *m =
		pb_read(&r, &pf__containerd__namespaces__descriptor, p, len_bytes, SMALL_BYTES);

	if (!m)
		return -EBADMSG;
	ret->n = 0;
	for (size_t i = 0; i < m->n_namespaces && ret->n < CONTAINERD_NAMESPACES_MAX; i++) {
		const char *name = m->namespaces[i]->name;

		if (is_identifier(name) && strcmp(name, "moby") != 0 && strcmp(name, "k8s.io") != 0)
			memcpy(ret->v[ret->n++], name, strlen(name) + 1);
	}
	return 0;
}

static int cmp_task(const void *a, const void *b)
{
	const struct containerd_task *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static bool is_alive(const Pf__Containerd__Task *t)
{
	return t->status == PF__CONTAINERD__STATUS__RUNNING ||
	       t->status == PF__CONTAINERD__STATUS__PAUSING ||
	       t->status == PF__CONTAINERD__STATUS__PAUSED;
}

int containerd_parse_tasks(const uint8_t *p, size_t len_bytes, struct containerd_tasks *ret)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Containerd__Tasks *m =
		pb_read(&r, &pf__containerd__tasks__descriptor, p, len_bytes, TASKS_BYTES);
	struct containerd_tasks t = {0};

	if (!m)
		return -EBADMSG;
	t.v = calloc(m->n_tasks + 1, sizeof(*t.v));
	if (!t.v)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_tasks; i++) {
		const Pf__Containerd__Task *from = m->tasks[i];
		const char *id = from->id[0] ? from->id : from->container_id;

		if (!is_alive(from) || !is_identifier(id) || from->pid == 0 || from->pid > PID_MAX)
			continue;
		memcpy(t.v[t.n].id, id, strlen(id) + 1);
		t.v[t.n].pid = (int32_t) from->pid;
		t.v[t.n++].paused = from->status == PF__CONTAINERD__STATUS__PAUSED;
	}
	if (t.n > 0)
		qsort(t.v, t.n, sizeof(*t.v), cmp_task);
	*ret = t;
	return 0;
}

void containerd_tasks_done(struct containerd_tasks *t)
{
	free(t->v);
	*t = (struct containerd_tasks){0};
}

static const struct containerd_task *find_task(const struct containerd_tasks *t, const char *id)
{
	struct containerd_task key;

	memcpy(key.id, id, strlen(id) + 1);
	return t->n ? bsearch(&key, t->v, t->n, sizeof(key), cmp_task) : NULL;
}

/* "NAMESPACE/WORD", in namespace "default" just "WORD". */
static void join(const char *ns, const char *word, char *ret, size_t cap_bytes)
{
	if (strcmp(ns, "default") == 0)
		(void) snprintf(ret, cap_bytes, "%s", word);
	else
		(void) snprintf(ret, cap_bytes, "%s/%s", ns, word);
}

static int set_name(struct engine_container *c, const char *ns, const char *id)
{
	const char *nerdctl = labels_get(&c->labels, "nerdctl/name");
	char name[CONTAINER_NAME_MAX], clean[CONTAINER_NAME_MAX];

	join(ns, nerdctl && *nerdctl ? nerdctl : id, name, sizeof(name));
	utf8_sanitize(name, clean, sizeof(clean));
	c->name = strdup(clean);
	return c->name ? 0 : -ENOMEM;
}

int containerd_parse_container(const uint8_t *p, size_t len_bytes, const char *ns,
	const struct containerd_tasks *tasks, struct engine_container *ret)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Containerd__ListedContainer *m =
		pb_read(&r, &pf__containerd__listed_container__descriptor, p, len_bytes, ONE_BYTES);
	const Pf__Containerd__Container *from = m ? m->container : NULL;
	const struct containerd_task *task;
	struct engine_container c = {.detailed = true};
	int rc = 0;

	if (!m)
		return -EBADMSG;
	task = from && is_identifier(from->id) ? find_task(tasks, from->id) : NULL;
	if (!task)
		return 0;
	c.pid = task->pid;
	c.paused = task->paused;
	join(ns, from->id, c.id, sizeof(c.id));
	for (size_t i = 0; i < from->n_labels && rc != -ENOMEM; i++)
		rc = labels_set(&c.labels, from->labels[i]->key, from->labels[i]->value);
	if (rc == -ENOMEM || set_name(&c, ns, from->id) < 0 ||
		engine_container_set_image(&c, from->image) < 0) {
		engine_container_done(&c);
		return -ENOMEM;
	}
	*ret = c;
	return 1;
}

size_t containerd_make_subscribe(uint8_t **ret)
{
	/* one of them has to match; the parts of each all have to */
	static const char *const topics[] = {
		"create", "start", "exit", "paused", "resumed", "delete"};
	char text[ARRAY_LEN(topics)][64];
	char *filters[ARRAY_LEN(topics)];
	Pf__Containerd__Subscribe m = PF__CONTAINERD__SUBSCRIBE__INIT;

	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		(void) snprintf(text[i], sizeof(text[i]), "topic==\"/tasks/%s\",namespace!=moby",
			topics[i]);
		filters[i] = text[i];
	}
	m.n_filters = ARRAY_LEN(topics);
	m.filters = filters;
	*ret = malloc(pf__containerd__subscribe__get_packed_size(&m));
	return *ret ? pf__containerd__subscribe__pack(&m, *ret) : 0;
}
