/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/own.h"
#include "discover/host/cgroup_name.h"

#define ID      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER   "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define SHORT   "0123456789ab"
#define KUBE_V1 "/kubepods/burstable/pod8c2f1a52-0000-4000-8000-000000000000/"
#define KUBE_V2 "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8c2f.slice/"

static const struct {
	const char *text, *type, *name;
} cases[] = {
	{"0::/docker/" ID "\n", "docker", SHORT},
	{"0::/docker/" ID "/init.scope\n", "docker", SHORT},
	{"0::/system.slice/docker-" ID ".scope\n", "docker", SHORT},
	{"12:pids:/docker/" ID "\n11:cpu,cpuacct:/docker/" ID "\n0::/\n", "docker", SHORT},
	{"2:name=systemd:/user.slice\n1:memory:/docker/" ID "\n", "docker", SHORT},
	{"0::/docker/" OTHER "/docker/" ID "\n", "docker", SHORT},
	{"0::/../" ID "\n", "containerd", SHORT},
	{"0::/machine.slice/libpod-" ID ".scope/container\n", "podman", SHORT},
	{"0::/libpod_parent/libpod-" ID "\n", "podman", SHORT},
	{"0::/libpod_parent/" OTHER "/libpod-" ID "\n", "podman", SHORT},
	{"0::/libpod_parent/" OTHER "/conmon\n", NULL, NULL},
	{"0::/libpod_parent/" OTHER "\n", NULL, NULL},
	{"0::/libpod_parent/libpod-" ID "/conmon\n", NULL, NULL},
	{"0::/machine.slice/libpod-conmon-" ID ".scope\n", NULL, NULL},
	{"0::" KUBE_V2 "cri-containerd-" ID ".scope\n", "CRI", SHORT},
	{"0::" KUBE_V2 "crio-" ID ".scope\n", "CRI", SHORT},
	{"0::" KUBE_V2 "crio-conmon-" ID ".scope\n", NULL, NULL},
	{"0::" KUBE_V2 "docker-" ID ".scope\n", "docker", SHORT},
	{"4:cpu:" KUBE_V1 ID "\n", "CRI", SHORT},
	{"0::/system.slice/kubepods-pod8c2f.slice:cri-containerd:" ID "\n", "CRI", SHORT},
	{"0::/system.slice/x.slice:docker:" ID "\n", "docker", SHORT},
	{"0::/system.slice/nerdctl-" ID ".scope\n", "containerd", SHORT},
	{"0::/default/" ID "\n", "containerd", SHORT},
	{"0::/lxc.payload.web\n", "lxc", "web"},
	{"0::/lxc.payload.web/system.slice/cron.service\n", "lxc", "web"},
	{"0::/lxc/web\n", "lxc", "web"},
	{"0::/lxc.monitor.web\n", NULL, NULL},
	{"0::/machine.slice/machine-deb\\x2dian.scope/payload\n", "systemd-nspawn", "deb-ian"},
	{"0::/machine.slice/machine-debian.scope/supervisor\n", NULL, NULL},
	{"0::/machine.slice/systemd-nspawn@debian.service/payload\n", "systemd-nspawn", "debian"},
	{"0::/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt\n", NULL, NULL},
	{"0::/system.slice/ssh.service\n", NULL, NULL},
	{"0::/docker/buildkit/abc\n", NULL, NULL},
	{"0::/docker/0123\n", NULL, NULL},
	{"0::/\n", NULL, NULL},
	{"", NULL, NULL},
	{"no colons", NULL, NULL},
	{":::::", NULL, NULL},
};

static void patterns_of_engines_are_known(void **state)
{
	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cgroup_name r = {.type = "untouched"};

		if (!cases[i].type) {
			assert_int_equal(cgroup_name_parse(cases[i].text, &r), 0);
			assert_string_equal(r.type, "untouched");
			continue;
		}
		assert_int_equal(cgroup_name_parse(cases[i].text, &r), 1);
		assert_string_equal(r.type, cases[i].type);
		assert_string_equal(r.name, cases[i].name);
	}
}

static void the_innermost_container_counts(void **state)
{
	struct cgroup_name r;

	(void) state;
	assert_int_equal(cgroup_name_parse("0::/lxc.payload.outer/docker/" ID "\n", &r), 1);
	assert_string_equal(r.type, "docker");
	assert_string_equal(r.id, ID);
}

static void names_are_made_safe(void **state)
{
	struct cgroup_name r;

	(void) state;
	assert_int_equal(
		cgroup_name_parse("0::/machine.slice/machine-a\\x0ab\\xff.scope\n", &r), 1);
	assert_string_equal(r.name, "a?b?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_of_engines_are_known),
		cmocka_unit_test(the_innermost_container_counts),
		cmocka_unit_test(names_are_made_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
