/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/container/oci_state.h"
#include "discover/container/supervised.h"

/* The parsers may change what they are given. */
static int parse(int (*fn)(char *body, size_t len_bytes, struct oci_state *ret), const char *text,
	struct oci_state *ret)
{
	AUTO_FREE char *copy = strdup(text);

	return fn(copy, strlen(copy), ret);
}

static void runcs_state_tells_process_name_and_pod(void **state)
{
	struct oci_state s;

	(void) state;
	assert_int_equal(
		parse(oci_state_parse_runc,
			"{\"id\":\"x\",\"init_process_pid\":4711,\"init_process_start\":99,"
			"\"config\":{\"labels\":[\"bundle=/"
			"b\",7,\"io.kubernetes.cri.container-name=web\","
			"\"io.kubernetes.cri.sandbox-name=pod\\n\",\"colour=blue\",\"none\","
			"\"io.kubernetes.cri.sandbox-namespace=default\"]}}",
			&s),
		0);
	assert_int_equal(s.pid, 4711);
	assert_int_equal(s.starttime_ticks, 99);
	assert_string_equal(s.name, "web");
	assert_int_equal(s.labels.n, 3);
	assert_string_equal(labels_get(&s.labels, "io.kubernetes.pod.name"), "pod?");
	assert_string_equal(labels_get(&s.labels, "io.kubernetes.pod.namespace"), "default");
	assert_string_equal(labels_get(&s.labels, "io.kubernetes.container.name"), "web");
	oci_state_done(&s);
}

static void cruns_name_stands_in_its_config(void **state)
{
	char config[] = "{\"annotations\":{\"nerdctl/name\":\"box\",\"x\":{}}}", none[] = "[]";
	struct oci_state s;

	(void) state;
	assert_int_equal(
		parse(oci_state_parse_crun, "{\"pid\":7,\"process-start-time\":8}", &s), 0);
	assert_string_equal(s.name, "");
	assert_int_equal(oci_state_add_config(none, strlen(none), &s), -EBADMSG);
	assert_int_equal(oci_state_add_config(config, strlen(config), &s), 0);
	assert_string_equal(s.name, "box");
	oci_state_done(&s);
}

static void accounts_without_a_process_are_refused(void **state)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"init_process_pid\":0,\"pid\":0}",
		"{\"init_process_pid\":-1,\"pid\":-1}",
		"{\"init_process_pid\":\"1\",\"pid\":\"1\"}",
		"{\"init_process_pid\":4194305,\"pid\":4194305}",
		("{\"init_process_pid\":1,\"pid\":1,\"init_process_start\":-1,"
		 "\"process-start-time\":-1}")};
	struct oci_state s;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_int_equal(parse(oci_state_parse_runc, texts[i], &s), -EBADMSG);
		assert_int_equal(parse(oci_state_parse_crun, texts[i], &s), -EBADMSG);
	}
}

#define LINE(s) (s), sizeof(s)

static void supervisors_name_their_containers(void **state)
{
	static const struct {
		const char *comm, *line;
		size_t len;
		const char *type, *name;
	} cases[] = {
		{"lxc-start", LINE("[lxc monitor] /var/lib/lxc web"), "lxc", "web"},
		{"lxc-start", LINE("[lxc monitor] /with blanks/lxc web"), "lxc", "web"},
		{"lxc-start", LINE("[lxc monitor] "), NULL, NULL},
		{"lxc-start", LINE("lxc-start\0-n\0web"), NULL, NULL},
		{"systemd-nspawn", LINE("systemd-nspawn\0-M\0box\0-D\0/x/y"), "systemd-nspawn",
			"box"},
		{"systemd-nspawn", LINE("systemd-nspawn\0-qMbox\0-D\0/x/y"), "systemd-nspawn",
			"box"},
		{"systemd-nspawn", LINE("systemd-nspawn\0--machine=box"), "systemd-nspawn", "box"},
		{"systemd-nspawn", LINE("systemd-nspawn\0--machine\0box"), "systemd-nspawn", "box"},
		{"systemd-nspawn", LINE("systemd-nspawn\0-bD\0/x/deb/"), "systemd-nspawn", "deb"},
		{"systemd-nspawn", LINE("systemd-nspawn\0-i\0/x/img.raw"), "systemd-nspawn", "img"},
		{"systemd-nspawn", LINE("systemd-nspawn\0-D/x\0/bin/sh\0-M\0no"), "systemd-nspawn",
			"x"},
		{"systemd-nspawn", LINE("systemd-nspawn\0-D\0/"), NULL, NULL},
		{"systemd-nspawn", LINE("systemd-nspawn\0-M"), NULL, NULL},
		{"systemd-nspawn", LINE("systemd-nspawn\0--machine"), NULL, NULL},
		{"systemd-nspawn", LINE("systemd-nspawn\0-M\0\x1b[2J"), "systemd-nspawn", "?[2J"},
		{"bash", LINE("systemd-nspawn\0-M\0box"), NULL, NULL},
		{"systemd-nspawn", LINE(""), NULL, NULL},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgroup_name name;
		int rc = supervised_parse(cases[i].comm, cases[i].line, cases[i].len, &name);

		assert_int_equal(rc, cases[i].name != NULL);
		if (!cases[i].name)
			continue;
		assert_string_equal(name.type, cases[i].type);
		assert_string_equal(name.name, cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runcs_state_tells_process_name_and_pod),
		cmocka_unit_test(cruns_name_stands_in_its_config),
		cmocka_unit_test(accounts_without_a_process_are_refused),
		cmocka_unit_test(supervisors_name_their_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
