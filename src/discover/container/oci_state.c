/* SPDX-License-Identifier: MIT */
#include "discover/container/oci_state.h"

#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/engine/json_in.h"

#define PID_MAX 4194304 /* the kernel's PID_MAX_LIMIT */

/* Annotations that say what a container is called. */
static const char *const names[] = {
	"nerdctl/name", "io.kubernetes.cri.container-name", "io.kubernetes.container.name"};

/* Annotations of engines, and the labels they are shown as (contract 2.11). */
static const struct {
	const char *annotation, *label;
} pod_labels[] = {
	{"io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"},
	{"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"},
	{"io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"},
	{"io.kubernetes.cri.container-name", "io.kubernetes.container.name"},
	{"io.kubernetes.pod.name", "io.kubernetes.pod.name"},
	{"io.kubernetes.pod.namespace", "io.kubernetes.pod.namespace"},
	{"io.kubernetes.pod.uid", "io.kubernetes.pod.uid"},
	{"io.kubernetes.container.name", "io.kubernetes.container.name"},
};

void oci_state_done(struct oci_state *s)
{
	labels_done(&s->labels);
}

static int note(struct oci_state *s, const char *key, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (strcmp(key, names[i]) == 0 && s->name[0] == '\0')
			utf8_sanitize(value, s->name, sizeof(s->name));
	}
	for (size_t i = 0; i < ARRAY_LEN(pod_labels); i++) {
		if (strcmp(key, pod_labels[i].annotation) == 0 &&
			labels_set(&s->labels, pod_labels[i].label, value) == -ENOMEM)
			return -ENOMEM;
	}
	return 0;
}

/* runc keeps annotations as "KEY=VALUE". */
static int note_pair(struct oci_state *s, const char *pair)
{
	const char *equals = strchr(pair, '=');
	char key[LABEL_KEY_MAX];

	if (!equals || (size_t) (equals - pair) >= sizeof(key))
		return 0;
	memcpy(key, pair, (size_t) (equals - pair));
	key[equals - pair] = '\0';
	return note(s, key, equals + 1);
}

static int set_process(struct oci_state *s, const json_t *pid, const json_t *start)
{
	json_int_t n = json_integer_value(pid), ticks = json_integer_value(start);

	if (n <= 0 || n > PID_MAX || ticks < 0)
		return -EBADMSG;
	s->pid = (int32_t) n;
	s->starttime_ticks = (uint64_t) ticks;
	return 0;
}

int oci_state_parse_runc(char *body, size_t len_bytes, struct oci_state *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	const json_t *labels = json_object_get(json_object_get(j, "config"), "labels");
	struct oci_state s = {0};
	int rc = set_process(&s, json_object_get(j, "init_process_pid"),
		json_object_get(j, "init_process_start"));

	for (size_t i = 0; rc == 0 && i < json_array_size(labels); i++) {
		const char *pair = json_string_value(json_array_get(labels, i));

		rc = pair ? note_pair(&s, pair) : 0;
	}
	if (rc < 0)
		oci_state_done(&s);
	else
		*ret = s;
	return rc;
}

int oci_state_parse_crun(char *body, size_t len_bytes, struct oci_state *ret)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	struct oci_state s = {0};
	int rc = set_process(
		&s, json_object_get(j, "pid"), json_object_get(j, "process-start-time"));

	if (rc == 0)
		*ret = s;
	return rc;
}

int oci_state_add_config(char *body, size_t len_bytes, struct oci_state *s)
{
	AUTO_JSON json_t *j = json_in_parse(body, len_bytes);
	const char *key;
	json_t *value;

	if (!json_is_object(j))
		return -EBADMSG;
	json_object_foreach (json_object_get(j, "annotations"), key, value) {
		const char *text = json_string_value(value);

		if (text && note(s, key, text) < 0)
			return -ENOMEM;
	}
	return 0;
}
