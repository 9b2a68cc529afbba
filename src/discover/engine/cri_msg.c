/* SPDX-License-Identifier: MIT */
#include "discover/engine/cri_msg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/engine/json_in.h"
#include "discover/engine/pb_read.h"
#include "discover/engine/proto/cri.pb-c.h"

#define SMALL_BYTES      (1 << 20)
#define LIST_BYTES       (64 << 20)
#define STATUS_BYTES     (8 << 20)
#define PID_MAX          4194304 /* the kernel's PID_MAX_LIMIT */
#define STATE_READY      0       /* of a sandbox */
#define STATE_RUNNING    1       /* of a container */
#define SANDBOX          "io.kubernetes.sandbox"
#define SANDBOX_NAME     "POD" /* as the kubelet has always called it */
#define CONTAINER_LABEL  "io.kubernetes.container.name"
#define POD_LABEL        "io.kubernetes.pod."
#define ANNOTATION_LABEL "io.kubernetes.annotation/"

int cri_parse_version(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX])
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Cri__Version *m =
		pb_read(&r, &pf__cri__version__descriptor, p, len_bytes, SMALL_BYTES);
	char all[ENGINE_TEXT_MAX];

	if (!m)
		return -EBADMSG;
	(void) snprintf(all, sizeof(all), "%.40s %.40s [API %.30s]", m->runtime_name,
		m->runtime_version, m->runtime_api_version);
	utf8_sanitize(all, ret, ENGINE_TEXT_MAX);
	return 0;
}

/* Ids are asked for again and stand in cgroup paths; no runtime uses others. */
static bool is_id(const char *s)
{
	static const char set[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
	size_t n = strlen(s);

	return n > 0 && n < ENGINE_ID_MAX && strspn(s, set) == n;
}

static int set_label(struct labels *l, const char *key, const char *value)
{
	/* what does not fit is left out */
	return labels_set(l, key, value) == -ENOMEM ? -ENOMEM : 0;
}

static int set_all(struct labels *l, const char *before, Pf__Cri__Entry *const *v, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		char key[LABEL_KEY_MAX + 1];

		if (snprintf(key, sizeof(key), "%s%s", before, v[i]->key) < LABEL_KEY_MAX)
			rc = set_label(l, key, v[i]->value);
	}
	return rc;
}

/* A container of this name, NULL without memory. */
static struct engine_container *add(struct engine_list *l, const char *id, const char *name)
{
	struct engine_container c = {.detailed = true};
	char clean[CONTAINER_NAME_MAX];

	utf8_sanitize(name, clean, sizeof(clean));
	memcpy(c.id, id, strlen(id) + 1);
	c.name = strdup(clean[0] ? clean : id);
	return c.name && engine_list_append(l, &c) == 0 ? &l->v[l->n - 1] : NULL;
}

static int set_pod(struct labels *l, const Pf__Cri__PodMetadata *p)
{
	int rc = set_label(l, SANDBOX, "");

	if (rc == 0)
		rc = set_label(l, CONTAINER_LABEL, SANDBOX_NAME);
	if (rc == 0 && p)
		rc = set_label(l, POD_LABEL "name", p->name);
	if (rc == 0 && p)
		rc = set_label(l, POD_LABEL "namespace", p->namespace_);
	if (rc == 0 && p)
		rc = set_label(l, POD_LABEL "uid", p->uid);
	return rc;
}

static int add_pod(struct engine_list *l, const Pf__Cri__Pod *p)
{
	struct engine_container *c = add(l, p->id, p->id);
	/* first, as there may not be room for all labels */
	int rc = c ? set_pod(&c->labels, p->metadata) : -ENOMEM;

	if (rc == 0)
		rc = set_all(&c->labels, "", p->labels, p->n_labels);
	if (rc == 0)
		rc = set_all(&c->labels, ANNOTATION_LABEL, p->annotations, p->n_annotations);
	/* and last, as which pod it is is not for its labels to say */
	return rc < 0 ? rc : set_pod(&c->labels, p->metadata);
}

int cri_parse_pods(const uint8_t *p, size_t len_bytes, struct engine_list *ret)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Cri__Pods *m = pb_read(&r, &pf__cri__pods__descriptor, p, len_bytes, LIST_BYTES);
	struct engine_list l = {0};
	int rc = 0;

	if (!m)
		return -EBADMSG;
	for (size_t i = 0; i < m->n_items && l.n < ENGINE_CONTAINERS_MAX && rc == 0; i++) {
		if (m->items[i]->state == STATE_READY && is_id(m->items[i]->id))
			rc = add_pod(&l, m->items[i]);
	}
	if (rc < 0) {
		engine_list_done(&l);
		return rc;
	}
	engine_list_sort(&l);
	*ret = l;
	return 0;
}

/* What the sandbox @pod tells of its pod holds for its containers. */
static int inherit_pod(struct labels *l, const struct engine_container *pod)
{
	static const char *const keys[] = {
		POD_LABEL "name", POD_LABEL "namespace", POD_LABEL "uid"};
	int rc = 0;

	for (size_t i = 0; pod && i < ARRAY_LEN(keys) && rc == 0; i++) {
		const char *value = labels_get(&pod->labels, keys[i]);

		if (value)
			rc = set_label(l, keys[i], value);
	}
	return rc;
}

/* A runtime that has resolved the image may tell only its id, and the name apart. */
static int set_image(struct engine_container *c, const Pf__Cri__Image *image)
{
	if (!image)
		return 0;
	return engine_container_set_image(
		c, image->user_specified_image[0] ? image->user_specified_image : image->image);
}

/* @pods: the sandboxes of @l, which come first and are sorted. */
static int add_container(
	struct engine_list *l, const struct engine_list *pods, const Pf__Cri__Container *p)
{
	const char *name = p->metadata ? p->metadata->name : "";
	struct engine_container *c = add(l, p->id, name);
	const struct engine_list sandboxes = {.v = l->v, .n = pods->n};
	const struct engine_container *pod = engine_list_find(&sandboxes, p->pod_sandbox_id);
	/* first and last, as above */
	int rc = c ? inherit_pod(&c->labels, pod) : -ENOMEM;

	if (rc == 0)
		rc = set_image(c, p->image);

	if (rc == 0 && name[0])
		rc = set_label(&c->labels, CONTAINER_LABEL, name);
	if (rc == 0)
		rc = set_all(&c->labels, "", p->labels, p->n_labels);
	if (rc == 0)
		rc = set_all(&c->labels, ANNOTATION_LABEL, p->annotations, p->n_annotations);
	return rc < 0 ? rc : inherit_pod(&c->labels, pod);
}

int cri_parse_containers(const uint8_t *p, size_t len_bytes, struct engine_list *l)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Cri__Containers *m =
		pb_read(&r, &pf__cri__containers__descriptor, p, len_bytes, LIST_BYTES);
	const struct engine_list pods = *l;
	int rc = 0;

	if (!m)
		return -EBADMSG;
	for (size_t i = 0; i < m->n_containers && l->n < ENGINE_CONTAINERS_MAX && rc == 0; i++) {
		if (m->containers[i]->state == STATE_RUNNING && is_id(m->containers[i]->id))
			rc = add_container(l, &pods, m->containers[i]);
	}
	engine_list_sort(l);
	return rc;
}

bool cri_is_sandbox(const struct engine_container *c)
{
	return labels_get(&c->labels, SANDBOX) != NULL;
}

int cri_parse_status(const uint8_t *p, size_t len_bytes, int32_t *ret_pid)
{
	AUTO_PB_READ struct pb_read r;
	const Pf__Cri__Status *m =
		pb_read(&r, &pf__cri__status__descriptor, p, len_bytes, STATUS_BYTES);

	if (!m)
		return -EBADMSG;
	*ret_pid = 0;
	for (size_t i = 0; i < m->n_info; i++) {
		if (strcmp(m->info[i]->key, "info") != 0)
			continue;
		AUTO_JSON json_t *j = json_in_parse(m->info[i]->value, strlen(m->info[i]->value));
		json_int_t pid = json_integer_value(json_object_get(j, "pid"));

		if (pid > 0 && pid <= PID_MAX)
			*ret_pid = (int32_t) pid;
	}
	return 0;
}

static size_t pack(const ProtobufCMessage *m, uint8_t **ret)
{
	*ret = malloc(protobuf_c_message_get_packed_size(m) + 1);
	return *ret ? protobuf_c_message_pack(m, *ret) : 0;
}

size_t cri_make_list(bool sandboxes, uint8_t **ret)
{
	Pf__Cri__State state = PF__CRI__STATE__INIT;
	Pf__Cri__Filter filter = PF__CRI__FILTER__INIT;
	Pf__Cri__ListRequest m = PF__CRI__LIST_REQUEST__INIT;

	state.state = sandboxes ? STATE_READY : STATE_RUNNING;
	filter.state = &state;
	m.filter = &filter;
	return pack(&m.base, ret);
}

size_t cri_make_status(const char *id, uint8_t **ret)
{
	Pf__Cri__StatusRequest m = PF__CRI__STATUS_REQUEST__INIT;
	char copy[ENGINE_ID_MAX];

	(void) snprintf(copy, sizeof(copy), "%s", id);
	m.id = copy;
	m.verbose = 1;
	return pack(&m.base, ret);
}
