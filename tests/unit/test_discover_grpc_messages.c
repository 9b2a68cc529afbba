/* SPDX-License-Identifier: MIT */
/* The messages of containerd and of runtimes of Kubernetes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "base/utf8.h"
#include "discover/engine/containerd_msg.h"
#include "discover/engine/cri_msg.h"
#include "discover/engine/proto/containerd.pb-c.h"
#include "discover/engine/proto/cri.pb-c.h"

static uint8_t *pack(const ProtobufCMessage *m, size_t *ret_len)
{
	uint8_t *p = malloc(protobuf_c_message_get_packed_size(m) + 1);

	*ret_len = protobuf_c_message_pack(m, p);
	return p;
}

static int parse_version(char *version, char *revision, char ret[ENGINE_TEXT_MAX])
{
	Pf__Containerd__Version m = PF__CONTAINERD__VERSION__INIT;
	size_t n;

	m.version = version;
	m.revision = revision;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	return containerd_parse_version(p, n, ret);
}

static void containerds_version_is_number_and_revision(void **state)
{
	char text[ENGINE_TEXT_MAX];

	(void) state;
	assert_int_equal(parse_version("1.6.20", "2806fc10", text), 0);
	assert_string_equal(text, "1.6.20 2806fc10");
	assert_int_equal(parse_version("1\xff\n", "", text), 0);
	assert_string_equal(text, "1?? ");
	assert_int_equal(containerd_parse_version((const uint8_t *) "\xff", 1, text), -EBADMSG);
}

static void namespaces_of_docker_and_kubernetes_are_left_to_their_engines(void **state)
{
	static char *names[] = {
		"default", "moby", "lab", "k8s.io", "a b", "", "plugins.moby", "x/y"};
	Pf__Containerd__Namespace v[ARRAY_LEN(names)];
	Pf__Containerd__Namespace *pv[ARRAY_LEN(names)];
	Pf__Containerd__Namespaces m = PF__CONTAINERD__NAMESPACES__INIT;
	struct containerd_names got;
	size_t n;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		v[i] = (Pf__Containerd__Namespace) PF__CONTAINERD__NAMESPACE__INIT;
		v[i].name = names[i];
		pv[i] = &v[i];
	}
	m.n_namespaces = ARRAY_LEN(names);
	m.namespaces = pv;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	assert_int_equal(containerd_parse_namespaces(p, n, &got), 0);
	assert_int_equal(got.n, 3);
	assert_string_equal(got.v[0], "default");
	assert_string_equal(got.v[1], "lab");
	assert_string_equal(got.v[2], "plugins.moby");
}

static void namespaces_stop_at_their_limit(void **state)
{
	char text[16384];
	size_t n = 0;
	struct containerd_names got;

	(void) state;
	for (int i = 0; i <= CONTAINERD_NAMESPACES_MAX; i++) {
		memcpy(text + n, "\x0a\x05\x0a\x03", 4);
		(void) snprintf(text + n + 4, 4, "%03d", i);
		n += 7;
	}
	assert_int_equal(containerd_parse_namespaces((const uint8_t *) text, n, &got), 0);
	assert_int_equal(got.n, CONTAINERD_NAMESPACES_MAX);
}

static void parse_tasks(struct containerd_tasks *ret)
{
	static const struct {
		char *id;
		uint32_t pid;
		Pf__Containerd__Status status;
	} from[] = {{"web", 11, PF__CONTAINERD__STATUS__RUNNING},
		{"ended", 12, PF__CONTAINERD__STATUS__STOPPED},
		{"created", 13, PF__CONTAINERD__STATUS__CREATED},
		{"asleep", 14, PF__CONTAINERD__STATUS__PAUSED},
		{"drowsy", 15, PF__CONTAINERD__STATUS__PAUSING},
		{"huge", 4194305, PF__CONTAINERD__STATUS__RUNNING},
		{"none", 0, PF__CONTAINERD__STATUS__RUNNING},
		{"../x", 16, PF__CONTAINERD__STATUS__RUNNING}};
	Pf__Containerd__Task v[ARRAY_LEN(from)];
	Pf__Containerd__Task *pv[ARRAY_LEN(from)];
	Pf__Containerd__Tasks m = PF__CONTAINERD__TASKS__INIT;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		v[i] = (Pf__Containerd__Task) PF__CONTAINERD__TASK__INIT;
		v[i].id = from[i].id;
		v[i].pid = from[i].pid;
		v[i].status = from[i].status;
		pv[i] = &v[i];
	}
	m.n_tasks = ARRAY_LEN(from);
	m.tasks = pv;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	assert_int_equal(containerd_parse_tasks(p, n, ret), 0);
}

static void tasks_that_run_or_are_paused_are_alive(void **state)
{
	struct containerd_tasks t;

	(void) state;
	parse_tasks(&t);
	assert_int_equal(t.n, 3);
	assert_string_equal(t.v[0].id, "asleep");
	assert_true(t.v[0].paused);
	assert_string_equal(t.v[1].id, "drowsy");
	assert_false(t.v[1].paused);
	assert_string_equal(t.v[2].id, "web");
	assert_int_equal(t.v[2].pid, 11);
	containerd_tasks_done(&t);
}

static int parse_container(char *id, const char *ns, char *nerdctl, struct engine_container *ret)
{
	Pf__Containerd__Label name = PF__CONTAINERD__LABEL__INIT;
	Pf__Containerd__Label *labels[] = {&name};
	Pf__Containerd__Container c = PF__CONTAINERD__CONTAINER__INIT;
	Pf__Containerd__ListedContainer m = PF__CONTAINERD__LISTED_CONTAINER__INIT;
	struct containerd_tasks t;
	size_t n;
	int rc;

	name.key = "nerdctl/name";
	name.value = nerdctl;
	c.id = id;
	c.n_labels = nerdctl ? 1 : 0;
	c.labels = labels;
	m.container = &c;
	parse_tasks(&t);
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	rc = containerd_parse_container(p, n, ns, &t, ret);
	containerd_tasks_done(&t);
	return rc;
}

static void containers_go_by_namespace_and_name(void **state)
{
	static const struct {
		char *id, *ns, *nerdctl, *want_id, *want_name;
	} cases[] = {{"web", "lab", NULL, "lab/web", "lab/web"},
		{"web", "default", NULL, "web", "web"},
		{"web", "lab", "shop", "lab/web", "lab/shop"},
		{"web", "default", "shop", "web", "shop"}, {"web", "lab", "", "lab/web", "lab/web"},
		{"web", "lab", "a\x1b\xff\xc3\xa4", "lab/web", "lab/a??\xc3\xa4"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct engine_container c;

		assert_int_equal(
			parse_container(cases[i].id, cases[i].ns, cases[i].nerdctl, &c), 1);
		assert_string_equal(c.id, cases[i].want_id);
		assert_string_equal(c.name, cases[i].want_name);
		assert_int_equal(c.pid, 11);
		engine_container_done(&c);
	}
}

static void containers_without_a_living_task_are_left_out(void **state)
{
	struct engine_container c;

	(void) state;
	assert_int_equal(parse_container("ended", "lab", NULL, &c), 0);
	assert_int_equal(parse_container("nobody", "lab", NULL, &c), 0);
	assert_int_equal(parse_container("../x", "lab", NULL, &c), 0);
	assert_int_equal(parse_container("", "lab", NULL, &c), 0);
	assert_int_equal(parse_container("asleep", "lab", NULL, &c), 1);
	assert_true(c.paused);
	engine_container_done(&c);
}

static void malformed_messages_are_refused(void **state)
{
	static const uint8_t bad[] = {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f};
	struct containerd_names names;
	struct containerd_tasks tasks = {0};
	struct engine_container c;
	struct engine_list l = {0};
	char text[ENGINE_TEXT_MAX];
	int32_t pid;

	(void) state;
	assert_int_equal(containerd_parse_namespaces(bad, sizeof(bad), &names), -EBADMSG);
	assert_int_equal(containerd_parse_tasks(bad, sizeof(bad), &tasks), -EBADMSG);
	assert_int_equal(containerd_parse_container(bad, sizeof(bad), "lab", &tasks, &c), -EBADMSG);
	assert_int_equal(containerd_parse_server(bad, sizeof(bad), text), -EBADMSG);
	assert_int_equal(cri_parse_version(bad, sizeof(bad), text), -EBADMSG);
	assert_int_equal(cri_parse_pods(bad, sizeof(bad), &l), -EBADMSG);
	assert_int_equal(cri_parse_containers(bad, sizeof(bad), &l), -EBADMSG);
	assert_int_equal(cri_parse_status(bad, sizeof(bad), &pid), -EBADMSG);
}

/* Two bytes for each pod. */
static void a_message_that_unfolds_to_too_much_is_refused(void **state)
{
	size_t n = 4 << 20;
	AUTO_FREE uint8_t *p = malloc(n);
	struct engine_list l = {0};

	(void) state;
	for (size_t i = 0; i < n; i += 2) {
		p[i] = 0x0a;
		p[i + 1] = 0;
	}
	assert_int_equal(cri_parse_pods(p, n, &l), -EBADMSG);
	assert_int_equal(cri_parse_pods(p, 1000, &l), 0);
	assert_int_equal(l.n, 0);
}

static void parse_pods(struct engine_list *ret)
{
	Pf__Cri__PodMetadata about = PF__CRI__POD_METADATA__INIT;
	Pf__Cri__Entry label = PF__CRI__ENTRY__INIT, note = PF__CRI__ENTRY__INIT;
	Pf__Cri__Entry *labels[] = {&label}, *notes[] = {&note};
	Pf__Cri__Pod pod = PF__CRI__POD__INIT, ended = PF__CRI__POD__INIT;
	Pf__Cri__Pod *v[] = {&pod, &ended};
	Pf__Cri__Pods m = PF__CRI__PODS__INIT;
	size_t n;

	about.name = "web";
	about.uid = "u-1";
	about.namespace_ = "shop";
	label.key = "io.kubernetes.pod.name";
	label.value = "liar";
	note.key = "why";
	note.value = "a\nb";
	pod.id = "p1";
	pod.metadata = &about;
	pod.n_labels = pod.n_annotations = 1;
	pod.labels = labels;
	pod.annotations = notes;
	ended.id = "p0";
	ended.state = 1;
	m.n_items = 2;
	m.items = v;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	assert_int_equal(cri_parse_pods(p, n, ret), 0);
}

static void sandboxes_carry_their_pods_labels(void **state)
{
	struct engine_list l;
	const struct labels *labels;

	(void) state;
	parse_pods(&l);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].id, "p1");
	assert_string_equal(l.v[0].name, "p1");
	assert_true(cri_is_sandbox(&l.v[0]));
	labels = &l.v[0].labels;
	assert_string_equal(labels_get(labels, "io.kubernetes.pod.name"), "web");
	assert_string_equal(labels_get(labels, "io.kubernetes.pod.namespace"), "shop");
	assert_string_equal(labels_get(labels, "io.kubernetes.pod.uid"), "u-1");
	assert_string_equal(labels_get(labels, "io.kubernetes.sandbox"), "");
	assert_string_equal(labels_get(labels, "io.kubernetes.annotation/why"), "a?b");
	engine_list_done(&l);
}

static void containers_belong_to_the_pod_of_their_sandbox(void **state)
{
	Pf__Cri__ContainerMetadata about = PF__CRI__CONTAINER_METADATA__INIT;
	Pf__Cri__Container c = PF__CRI__CONTAINER__INIT, stray = PF__CRI__CONTAINER__INIT;
	Pf__Cri__Container exited = PF__CRI__CONTAINER__INIT;
	Pf__Cri__Container *v[] = {&c, &stray, &exited};
	Pf__Cri__Containers m = PF__CRI__CONTAINERS__INIT;
	struct engine_list l;
	const struct engine_container *got;
	size_t n;

	(void) state;
	about.name = "main";
	c.id = "c1";
	c.pod_sandbox_id = "p1";
	c.metadata = &about;
	c.state = 1;
	stray.id = "a0";
	stray.pod_sandbox_id = "unheard-of";
	stray.state = 1;
	exited.id = "c2";
	exited.state = 2;
	m.n_containers = 3;
	m.containers = v;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	parse_pods(&l);
	assert_int_equal(cri_parse_containers(p, n, &l), 0);
	assert_int_equal(l.n, 3);
	got = engine_list_find(&l, "c1");
	assert_string_equal(got->name, "main");
	assert_false(cri_is_sandbox(got));
	assert_string_equal(labels_get(&got->labels, "io.kubernetes.pod.name"), "web");
	assert_string_equal(labels_get(&got->labels, "io.kubernetes.container.name"), "main");
	got = engine_list_find(&l, "a0");
	assert_string_equal(got->name, "a0");
	assert_null(labels_get(&got->labels, "io.kubernetes.pod.name"));
	assert_null(engine_list_find(&l, "c2"));
	engine_list_done(&l);
}

static void sandboxes_stop_at_their_limit(void **state)
{
	size_t n = 0;
	AUTO_FREE char *p = malloc((ENGINE_CONTAINERS_MAX + 1) * 9 + 1);
	struct engine_list l;

	(void) state;
	for (int i = 0; i <= ENGINE_CONTAINERS_MAX; i++) {
		memcpy(p + n, "\x0a\x07\x0a\x05", 4);
		(void) snprintf(p + n + 4, 6, "%05d", i);
		n += 9;
	}
	assert_int_equal(cri_parse_pods((const uint8_t *) p, n, &l), 0);
	assert_int_equal(l.n, ENGINE_CONTAINERS_MAX);
	engine_list_done(&l);
}

static int32_t pid_of(char *info)
{
	Pf__Cri__Entry e = PF__CRI__ENTRY__INIT;
	Pf__Cri__Entry *v[] = {&e};
	Pf__Cri__Status m = PF__CRI__STATUS__INIT;
	int32_t pid = -1;
	size_t n;

	e.key = "info";
	e.value = info;
	m.n_info = 1;
	m.info = v;
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	assert_int_equal(cri_parse_status(p, n, &pid), 0);
	return pid;
}

static void the_process_is_told_in_json(void **state)
{
	(void) state;
	assert_int_equal(pid_of("{\"sandboxID\":\"x\",\"pid\":4711,\"config\":{\"pid\":1}}"), 4711);
	assert_int_equal(pid_of("{\"pid\":0}"), 0);
	assert_int_equal(pid_of("{\"pid\":-4}"), 0);
	assert_int_equal(pid_of("{\"pid\":4194305}"), 0);
	assert_int_equal(pid_of("{\"pid\":\"7\"}"), 0);
	assert_int_equal(pid_of("[4711]"), 0);
	assert_int_equal(pid_of("{"), 0);
	assert_int_equal(pid_of(""), 0);
}

static void a_runtimes_version_names_all_three(void **state)
{
	Pf__Cri__Version m = PF__CRI__VERSION__INIT;
	char text[ENGINE_TEXT_MAX];
	size_t n;

	(void) state;
	m.runtime_name = "cri-o";
	m.runtime_version = "1.30.1";
	m.runtime_api_version = "v1";
	AUTO_FREE uint8_t *p = pack(&m.base, &n);
	assert_int_equal(cri_parse_version(p, n, text), 0);
	assert_string_equal(text, "cri-o 1.30.1 [API v1]");
}

static void requests_have_the_fields_of_the_api(void **state)
{
	static const uint8_t ready[] = {0x0a, 0x02, 0x12, 0x00};
	static const uint8_t running[] = {0x0a, 0x04, 0x12, 0x02, 0x08, 0x01};
	static const uint8_t status[] = {0x0a, 0x02, 'p', '1', 0x10, 0x01};
	uint8_t *p;

	(void) state;
	assert_int_equal(cri_make_list(true, &p), sizeof(ready));
	assert_memory_equal(p, ready, sizeof(ready));
	free(p);
	assert_int_equal(cri_make_list(false, &p), sizeof(running));
	assert_memory_equal(p, running, sizeof(running));
	free(p);
	assert_int_equal(cri_make_status("p1", &p), sizeof(status));
	assert_memory_equal(p, status, sizeof(status));
	free(p);
	assert_true(containerd_make_subscribe(&p) > 0);
	assert_memory_equal(p, "\x0a\x26topic==\"/tasks/create\",namespace!=moby", 40);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(containerds_version_is_number_and_revision),
		cmocka_unit_test(namespaces_of_docker_and_kubernetes_are_left_to_their_engines),
		cmocka_unit_test(namespaces_stop_at_their_limit),
		cmocka_unit_test(tasks_that_run_or_are_paused_are_alive),
		cmocka_unit_test(containers_go_by_namespace_and_name),
		cmocka_unit_test(containers_without_a_living_task_are_left_out),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(a_message_that_unfolds_to_too_much_is_refused),
		cmocka_unit_test(sandboxes_carry_their_pods_labels),
		cmocka_unit_test(containers_belong_to_the_pod_of_their_sandbox),
		cmocka_unit_test(sandboxes_stop_at_their_limit),
		cmocka_unit_test(the_process_is_told_in_json),
		cmocka_unit_test(a_runtimes_version_names_all_three),
		cmocka_unit_test(requests_have_the_fields_of_the_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
