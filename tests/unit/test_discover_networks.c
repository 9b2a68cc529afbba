/* SPDX-License-Identifier: MIT */
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
#include "discover/engine/networks_json.h"
#include "discover/engine/podman_pods.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* The parsers may change what they are given. */
static int parse(int (*fn)(char *body, size_t len_bytes, struct engine_networks *ret),
	const char *text, struct engine_networks *ret)
{
	AUTO_FREE char *copy = strdup(text);

	return fn(copy, strlen(copy), ret);
}

static void dockers_networks_name_their_interfaces(void **state)
{
	static const struct {
		const char *driver, *options, *nif;
	} cases[] = {
		{"bridge", "{\"com.docker.network.bridge.name\":\"docker0\"}", "docker0"},
		{"bridge", "{}", "br-0123456789ab"},
		{"bridge", "null", "br-0123456789ab"},
		{"macvlan", "{\"parent\":\"eth0.7\"}", "eth0.7"},
		{"macvlan", "{}", ""},
		{"passthrough", "{\"ifname\":\"eth7\"}", "eth7"},
		{"passthrough:1.0", "{\"ifname\":\"eth7\"}", "eth7"},
		{"passthroughs", "{\"ifname\":\"eth7\"}", ""},
		{"bridge", "{\"com.docker.network.bridge.name\":\"sixteen-letters-\"}", ""},
		{"overlay", "{}", ""},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct engine_networks l;
		char text[512];

		(void) snprintf(text, sizeof(text),
			"[{\"Name\":\"n\",\"Id\":\"" ID "\",\"Driver\":\"%s\",\"Options\":%s}]",
			cases[i].driver, cases[i].options);
		assert_int_equal(parse(networks_parse_docker, text, &l), 0);
		assert_int_equal(l.n, 1);
		assert_string_equal(l.v[0].nif, cases[i].nif);
		engine_networks_done(&l);
	}
}

static void labels_say_what_a_network_is(void **state)
{
	struct engine_networks l;

	(void) state;
	assert_int_equal(
		parse(networks_parse_docker,
			"[{\"Name\":\"in\\n\",\"Id\":\"bb\",\"Driver\":\"bridge\",\"Internal\":"
			"true,"
			"\"Labels\":{\"colour\":\"blue\",\"gostwire/network/name\":\"lie\"}},"
			"{\"Name\":\"bridge\",\"Id\":\"aa\",\"Driver\":\"bridge\",\"Options\":"
			"{\"com.docker.network.bridge.default_bridge\":\"true\"}},{\"Name\":\"x\"},"
			"7]",
			&l),
		0);
	assert_int_equal(l.n, 2);
	assert_true(l.v[0].default_bridge && !l.v[0].internal && l.v[1].internal);
	assert_int_equal(l.v[0].labels.n, 2);
	assert_string_equal(labels_get(&l.v[0].labels, "gostwire/network/default-bridge"), "true");
	assert_string_equal(l.v[1].name, "in?");
	assert_int_equal(l.v[1].labels.n, 3);
	assert_string_equal(labels_get(&l.v[1].labels, "gostwire/network/name"), "in?");
	assert_string_equal(labels_get(&l.v[1].labels, "gostwire/bridge/internal"), "true");
	assert_string_equal(labels_get(&l.v[1].labels, "colour"), "blue");
	engine_networks_done(&l);
}

static void podmans_networks_tell_their_interface(void **state)
{
	struct engine_networks l;

	(void) state;
	assert_int_equal(
		parse(networks_parse_podman,
			"[{\"name\":\"podman\",\"driver\":\"bridge\",\"network_interface\":"
			"\"cni-podman0\",\"internal\":true,\"labels\":{\"a\":\"b\"}},"
			"{\"name\":\"mac\",\"driver\":\"macvlan\",\"network_interface\":\"eth0\"},"
			"{\"name\":\"odd\",\"driver\":\"odd\",\"network_interface\":\"eth1\"}]",
			&l),
		0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[0].nif, "eth0");
	assert_string_equal(l.v[1].nif, "");
	assert_string_equal(l.v[2].nif, "cni-podman0");
	assert_string_equal(labels_get(&l.v[2].labels, "gostwire/bridge/internal"), "true");
	assert_string_equal(labels_get(&l.v[2].labels, "a"), "b");
	engine_networks_done(&l);
}

static void endpoints_have_an_address(void **state)
{
	struct engine_network n = {0};
	char text[] = "{\"Containers\":{\"aa\":{\"MacAddress\":\"02:42:ac:11:00:fe\"},"
		      "\"bb\":{\"MacAddress\":\"\"},\"cc\":{\"MacAddress\":\"02-42-ac-11-00-02\"},"
		      "\"d/d\":{\"MacAddress\":\"02:42:ac:11:00:03\"},\"ee\":null}}";
	char none[] = "[]";

	(void) state;
	assert_int_equal(networks_parse_endpoints(text, strlen(text), &n), 0);
	assert_int_equal(n.n_endpoints, 1);
	assert_string_equal(n.endpoints[0].id, "aa");
	assert_memory_equal(n.endpoints[0].mac, "\x02\x42\xac\x11\x00\xfe", 6);
	assert_int_equal(networks_parse_endpoints(none, strlen(none), &n), -EBADMSG);
	assert_int_equal(n.n_endpoints, 1);
	free(n.endpoints);
}

static void nerdctls_networks_are_their_first_bridge(void **state)
{
	struct engine_networks l = {0};

	(void) state;
	assert_int_equal(
		parse(networks_parse_nerdctl,
			"{\"name\":\"blue\",\"nerdctlID\":\"17\",\"nerdctlLabels\":{\"a\":\"b\"},"
			"\"plugins\":[{\"type\":\"firewall\"},{\"type\":\"bridge\","
			"\"bridge\":\"br-17\"},{\"type\":\"bridge\",\"bridge\":\"no\"}]}",
			&l),
		0);
	assert_int_equal(
		parse(networks_parse_nerdctl, "{\"name\":\"x\",\"plugins\":[{}]}", &l), -EBADMSG);
	assert_int_equal(parse(networks_parse_nerdctl, "{\"plugins\":[{\"type\":\"bridge\"}]}", &l),
		-EBADMSG);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].nif, "br-17");
	assert_string_equal(labels_get(&l.v[0].labels, "com.docker.network.bridge.name"), "blue");
	assert_string_equal(labels_get(&l.v[0].labels, "a"), "b");
	engine_networks_done(&l);
}

static void networks_stop_at_their_limit(void **state)
{
	size_t cap = (ENGINE_NETWORKS_MAX + 1) * 20 + 3, at = 1;
	char *text = malloc(cap);
	struct engine_networks l;

	(void) state;
	text[0] = '[';
	for (int i = 0; i <= ENGINE_NETWORKS_MAX; i++)
		at += (size_t) snprintf(
			text + at, cap - at, "%s{\"name\":\"%05d\"}", i ? "," : "", i);
	text[at++] = ']';
	assert_int_equal(networks_parse_podman(text, at, &l), 0);
	assert_int_equal(l.n, ENGINE_NETWORKS_MAX);
	engine_networks_done(&l);
	free(text);
}

static void pods_have_members_and_one_that_holds_the_namespaces(void **state)
{
	char text[] = "[{\"Id\":\"p1\",\"Name\":\"web\\u0007\",\"InfraId\":\"c1\",\"Containers\":["
		      "{\"Id\":\"c1\"},{\"Id\":\"c2\"}]},{\"Containers\":null},null]";
	char none[] = "{}";
	struct podman_member *v;
	size_t n;

	(void) state;
	assert_int_equal(podman_pods_parse(none, strlen(none), &v, &n), -EBADMSG);
	assert_int_equal(podman_pods_parse(text, strlen(text), &v, &n), 0);
	assert_int_equal(n, 2);
	assert_true(v[0].infra && !v[1].infra);
	assert_string_equal(v[1].id, "c2");
	assert_string_equal(v[1].pod, "web?");
	assert_string_equal(v[1].pod_id, "p1");
	free(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dockers_networks_name_their_interfaces),
		cmocka_unit_test(labels_say_what_a_network_is),
		cmocka_unit_test(podmans_networks_tell_their_interface),
		cmocka_unit_test(endpoints_have_an_address),
		cmocka_unit_test(nerdctls_networks_are_their_first_bridge),
		cmocka_unit_test(networks_stop_at_their_limit),
		cmocka_unit_test(pods_have_members_and_one_that_holds_the_namespaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
