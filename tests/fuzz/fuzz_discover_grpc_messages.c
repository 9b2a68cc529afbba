/* SPDX-License-Identifier: MIT */
/* Laws: whatever containerd or a runtime of Kubernetes says, ids are unique, sorted and without
 * bytes that mean something elsewhere, names and labels are safe to show, pids are possible; the
 * same answer twice is no change. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/engine/containerd_msg.h"
#include "discover/engine/cri_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s)
{
	assert(utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

static void check_container(const struct engine_container *c)
{
	assert(c->id[0] && strpbrk(c->id, "?#%: \n\\\"") == NULL);
	assert(c->name[0] && strlen(c->name) < CONTAINER_NAME_MAX);
	check_text(c->name);
	assert(c->pid >= 0 && c->pid <= 4194304);
	for (size_t i = 0; i < c->labels.n; i++) {
		check_text(labels_key(&c->labels, i));
		check_text(labels_value(&c->labels, i));
	}
}

static void check_list(const struct engine_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		check_container(&l->v[i]);
		assert(i == 0 || strcmp(l->v[i - 1].id, l->v[i].id) < 0);
		assert(engine_list_find(l, l->v[i].id) == &l->v[i]);
	}
}

static void check_cri(const uint8_t *data, size_t size)
{
	struct engine_list l, again;
	int32_t pid = 0;

	if (cri_parse_pods(data, size, &l) == 0) {
		check_list(&l);
		assert(cri_parse_pods(data, size, &again) == 0);
		assert(!engine_list_inherit(&again, &l));
		engine_list_done(&again);
		/* the same bytes as a list of containers in these pods */
		(void) cri_parse_containers(data, size, &l);
		check_list(&l);
		engine_list_done(&l);
	}
	if (cri_parse_status(data, size, &pid) == 0)
		assert(pid >= 0 && pid <= 4194304);
}

static void check_containerd(const uint8_t *data, size_t size)
{
	struct containerd_tasks tasks;
	struct containerd_names names;
	struct engine_container c;

	if (containerd_parse_namespaces(data, size, &names) == 0) {
		for (size_t i = 0; i < names.n; i++)
			assert(names.v[i][0] && !strpbrk(names.v[i], "/ \n"));
	}
	if (containerd_parse_tasks(data, size, &tasks) < 0)
		return;
	for (size_t i = 0; i < tasks.n; i++)
		assert(tasks.v[i].pid > 0 &&
			(i == 0 || strcmp(tasks.v[i - 1].id, tasks.v[i].id) <= 0));
	if (containerd_parse_container(data, size, "lab", &tasks, &c) == 1) {
		check_container(&c);
		engine_container_done(&c);
	}
	containerd_tasks_done(&tasks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct containerd_task any = {.id = "web", .pid = 7};
	struct containerd_task copy = any;
	const struct containerd_tasks one = {.v = &copy, .n = 1};
	struct engine_container c;
	char text[ENGINE_TEXT_MAX];

	check_cri(data, size);
	check_containerd(data, size);
	if (containerd_parse_container(data, size, "default", &one, &c) == 1) {
		check_container(&c);
		engine_container_done(&c);
	}
	if (containerd_parse_version(data, size, text) == 0)
		check_text(text);
	if (containerd_parse_server(data, size, text) == 0)
		check_text(text);
	if (cri_parse_version(data, size, text) == 0)
		check_text(text);
	return 0;
}
