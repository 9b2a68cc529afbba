/* SPDX-License-Identifier: MIT */
/* A request and a catalog make one network namespace, or a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "service/admit/resolve.h"

#define F7 "could not locate network namespace for container"

/* the longest alternative name the kernel takes: 127 bytes */
#define X16       "xxxxxxxxxxxxxxxx"
#define LONG_NAME X16 X16 X16 X16 X16 X16 X16 "xxxxxxxxxxxxxxx"

static struct catalog_link links_web[] = {{1, 772, 0, "lo"}, {2, 1, 6, "eth0", LONG_NAME " up "}};
static struct catalog_link links_host[] = {{1, 772, 0, "lo"}, {2, 1, 6, "eno1"}, {3, 1, 2, "br0"}};

static struct catalog_netns netns[] = {
	{{100, NS_REF_PROC, 1, 17, 0}, 3, links_host},
	{{200, NS_REF_PROC, 4711, 5000, 0}, 2, links_web},
	{{300, NS_REF_MOUNT, 1, 17, 77}, 1, links_web},
	{{400, NS_REF_PROC, 6001, 6000, 0}, 0, NULL},
};

static struct catalog_target targets[] = {
	{"systemd(1)", "proc", "", 100, 1, 17},
	{"web", "docker", "", 200, 4711, 5000},
	{"web", "containerd", "kind", 400, 6001, 6000},
	{"/proc/1/ns/mnt:/run/netns/blue", "bindmount", "", 300, 0, 0},
	{"db", "docker", "kind", 400, 6001, 6000},
	{"db", "docker", "other", 200, 4712, 5001},
	{"proxy", "docker", "kind", 400, 6001, 6000},
	{"default/nginx", "pod", "", 400, 6001, 6000},
	{"twin", "docker", "", 100, 50, 60},
	{"twin", "podman", "", 200, 51, 60},
	{"lost", "docker", "", 999, 52, 60},
};

static const struct catalog cat = {.n_netns = ARRAY_LEN(netns),
	.n_targets = ARRAY_LEN(targets),
	.netns = netns,
	.targets = targets};

static struct request request(struct request_words w)
{
	struct request r;
	struct refusal why = {0};

	if (request_decode(&w, &r, &why) != 0)
		fail_msg("%s", why.text);
	return r;
}

static struct request from_json(const char *json)
{
	return request((struct request_words){.container = {json, NULL}});
}

static struct request from_name(const char *name)
{
	return request((struct request_words){.target = {name, NULL}});
}

/* Expect success with the namespace @inode and the target name @name. */
static struct ns_ref expect_found(struct request *r, uint64_t inode, const char *name)
{
	struct ns_ref ref;
	struct refusal why = {0};

	if (resolve_target(r, &cat, CATALOG_CURRENT, &ref, &why) != 0)
		fail_msg("%s: %s", name, why.text);
	assert_int_equal(ref.inode, inode);
	assert_int_equal(r->target.netns_inode, inode);
	assert_string_equal(r->target.name, name);
	return ref;
}

/* Expect that the catalog lacks the target, and a refusal once it is fresh: F7, or words with the
 * name that the target parameter gave. */
static void expect_missing(struct request *r)
{
	struct ns_ref ref;
	struct refusal why = {0};
	bool by_short_name = r->target.by_short_name;

	assert_int_equal(resolve_target(r, &cat, CATALOG_CURRENT, &ref, &why), -EAGAIN);
	assert_string_equal(why.text, "");
	assert_int_equal(resolve_target(r, &cat, CATALOG_FRESH, &ref, &why), -ENOENT);
	if (by_short_name)
		assert_non_null(strstr(why.text, r->target.name));
	else
		assert_string_equal(why.text, F7);
	assert_int_equal(why.http_status, 404);
	assert_int_equal(why.close_code, CLOSE_POLICY);
	request_done(r);
}

static void a_namespace_alone_is_looked_up(void **state)
{
	struct request r = request((struct request_words){.netns = {"300", NULL}});
	struct ns_ref ref = expect_found(&r, 300, "");

	(void) state;
	assert_int_equal(ref.kind, NS_REF_MOUNT);
	assert_int_equal(ref.index, 77);
	assert_string_equal(r.target.type, "");
	request_done(&r);
	r = request((struct request_words){.netns = {"301", NULL}});
	expect_missing(&r);
}

static void a_name_and_prefix_are_enough(void **state)
{
	struct request r = from_json("{\"name\":\"web\",\"node-name\":\"box\",\"cluster\":{}}");

	(void) state;
	expect_found(&r, 200, "web");
	assert_string_equal(r.target.type, "docker");
	assert_int_equal(r.target.pid, 4711);
	assert_int_equal(r.target.starttime_ticks, 5000);
	assert_string_equal(r.target.node_name, "box");
	assert_true(r.target.has_cluster);
	request_done(&r);
	r = from_json("{\"name\":\"web\",\"prefix\":\"kind\",\"type\":\"nonsense\"}");
	expect_found(&r, 400, "web");
	assert_string_equal(r.target.type, "containerd");
	request_done(&r);
	r = from_json("{\"name\":\"web\",\"prefix\":\"nowhere\"}");
	expect_missing(&r);
	r = from_json("{\"name\":\"Web\"}");
	expect_missing(&r);
	r = from_json("{}");
	expect_missing(&r);
	r = from_json("{\"name\":\"lost\"}"); /* its namespace is not listed */
	expect_missing(&r);
}

static void a_true_description_is_taken_as_it_is(void **state)
{
	struct request r = from_json("{\"name\":\"other\",\"netns\":200,\"pid\":4711,"
				     "\"starttime\":5000}");

	(void) state;
	expect_found(&r, 200, "other");
	request_done(&r);
	/* the process has moved, or the namespace is another one on purpose: as the client says */
	r = from_json("{\"netns\":100,\"pid\":4711,\"starttime\":5000}");
	expect_found(&r, 100, "");
	request_done(&r);
	r = from_json("{\"name\":\"web\",\"netns\":555,\"pid\":4711,\"starttime\":5000}");
	expect_missing(&r);
}

static void a_stale_description_is_resolved_by_name(void **state)
{
	struct request r = from_json("{\"name\":\"web\",\"netns\":100,\"pid\":4711,"
				     "\"starttime\":4999,\"node-name\":\"box\"}");

	(void) state;
	expect_found(&r, 200, "web");
	assert_int_equal(r.target.starttime_ticks, 5000);
	assert_string_equal(r.target.node_name, "box");
	request_done(&r);
	r = from_json("{\"name\":\"gone\",\"netns\":100,\"pid\":4711,\"starttime\":4999}");
	expect_missing(&r);
	r = from_json("{\"netns\":100,\"pid\":4711,\"starttime\":4999}");
	expect_missing(&r);
}

static void a_process_the_catalog_does_not_know_is_for_the_broker(void **state)
{
	struct request r = from_json("{\"name\":\"web\",\"netns\":100,\"pid\":99,"
				     "\"starttime\":12345}");
	struct ns_ref ref = expect_found(&r, 100, "web");

	(void) state;
	assert_int_equal(ref.kind, NS_REF_PROC);
	assert_int_equal(ref.pid, 99);
	assert_int_equal(ref.starttime_ticks, 12345);
	assert_int_equal(ref.index, 0);
	resolve_forget(&r); /* and it says: stale */
	expect_found(&r, 200, "web");
	request_done(&r);
	r = from_json("{\"name\":\"web\",\"pid\":99,\"starttime\":12345}");
	expect_found(&r, 200, "web");
	request_done(&r);
}

static void only_what_can_be_found_again_is_forgotten(void **state)
{
	struct request r = request((struct request_words){.netns = {"300", NULL}});

	(void) state;
	expect_found(&r, 300, "");
	resolve_forget(&r);
	expect_found(&r, 300, ""); /* another process may be in it */
	request_done(&r);
	r = from_name("/proc/1/ns/mnt:/run/netns/blue");
	expect_found(&r, 300, "/proc/1/ns/mnt:/run/netns/blue");
	resolve_forget(&r);
	assert_int_equal(r.target.netns_inode, 0);
	expect_found(&r, 300, "/proc/1/ns/mnt:/run/netns/blue");
	request_done(&r);
}

static void an_old_list_of_interfaces_survives_unless_nif_is_given(void **state)
{
	static const char json[] = "{\"name\":\"web\",\"network-interfaces\":[\"eth0\"]}";
	struct request r = from_json(json);

	(void) state;
	expect_found(&r, 200, "web");
	assert_int_equal(r.n_names, 1);
	assert_string_equal(r.names[0], "eth0");
	request_done(&r);
	r = request((struct request_words){.container = {json, NULL}, .nif = {"any", NULL}});
	expect_found(&r, 200, "web");
	assert_true(r.all);
	assert_int_equal(r.n_names, 0);
	request_done(&r);
	r = request((struct request_words){.container = {json, NULL}, .nif = {"lo", NULL}});
	expect_found(&r, 200, "web");
	assert_int_equal(r.n_names, 1);
	assert_string_equal(r.names[0], "lo");
	request_done(&r);
}

static void short_names_find_their_target(void **state)
{
	static const struct {
		const char *text, *name, *prefix;
		uint64_t inode;
	} cases[] = {
		{"web", "web", "", 200},
		{"kind:web", "web", "kind", 400},
		{"proxy", "proxy", "kind", 400},
		{"other:db", "db", "other", 200},
		{"default/nginx", "default/nginx", "", 400},
		{"/proc/1/ns/mnt:/run/netns/blue", "/proc/1/ns/mnt:/run/netns/blue", "", 300},
		{"blue", "/proc/1/ns/mnt:/run/netns/blue", "", 300},
	};
	static const char *const missing[] = {
		"nobody", ":web", "web:", "kind:", "other:web", "kind:kind:web"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request r = from_name(cases[i].text);

		expect_found(&r, cases[i].inode, cases[i].name);
		assert_string_equal(r.target.prefix, cases[i].prefix);
		assert_false(r.target.by_short_name);
		request_done(&r);
	}
	for (size_t i = 0; i < ARRAY_LEN(missing); i++) {
		struct request r = from_name(missing[i]);

		expect_missing(&r);
	}
}

static void an_ambiguous_short_name_is_refused_with_the_choices(void **state)
{
	static const struct {
		const char *name, *text;
	} cases[] = {
		{"db", "target \"db\" is ambiguous: kind:db (docker, netns 400), other:db (docker, "
		       "netns 200)"},
		{"twin", "target \"twin\" is ambiguous: twin (docker, netns 100), twin (podman, "
			 "netns 200)"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request r = from_name(cases[i].name);
		struct refusal why = {0};
		struct ns_ref ref;

		assert_int_equal(resolve_target(&r, &cat, CATALOG_CURRENT, &ref, &why), -EAGAIN);
		assert_int_equal(resolve_target(&r, &cat, CATALOG_FRESH, &ref, &why), -ENOTUNIQ);
		assert_int_equal(why.http_status, 409);
		assert_string_equal(why.text, cases[i].text);
		request_done(&r);
	}
}

static struct request with_nif(const char *nif)
{
	struct request r = request((struct request_words){
		.container = {"{\"name\":\"web\"}", NULL}, .nif = {nif, NULL}});

	return r;
}

static void chosen_interfaces_must_exist(void **state)
{
	static const struct {
		const char *nif;
		int rc, status;
		const char *text;
	} cases[] = {
		{"eth0", 0, 0, ""},
		{"lo/eth0", 0, 0, ""},
		{"any", 0, 0, ""},
		{"eth0/eth7", -ENODEV, 404, "no interface \"eth7\" in \"web\"; there is lo, eth0"},
		{"-", -ENODEV, 404, "no interface \"-\" in \"web\"; there is lo, eth0"},
		{"any/eth0", -ENODEV, 404, "no interface \"any\" in \"web\"; there is lo, eth0"},
		{"ETH0", -ENODEV, 404, "no interface \"ETH0\" in \"web\"; there is lo, eth0"},
		{"eth0/", -EINVAL, 400, "invalid nif: empty interface name; there is lo, eth0"},
		{"rpcap://x", -ENODEV, 404,
			"no interface \"rpcap:\" in \"web\"; there is lo, eth0"},
		{"TCP@192.0.2.1:1", -ENODEV, 404,
			"no interface \"TCP@192.0.2.1:1\" in \"web\"; there is lo, eth0"},
		{"up", 0, 0, ""},
		{"lo/up", 0, 0, ""},
		{LONG_NAME, 0, 0, ""},
		{"interface-name-x", -ENODEV, 404,
			"no interface \"interface-name-x\" in \"web\"; there is lo, eth0"},
		{LONG_NAME "x", -EINVAL, 400,
			"invalid nif: no interface name is as long as \"" X16 X16 X16 X16
			"xxxxxxxxxxxx...\"; there is lo, eth0"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct request r = with_nif(cases[i].nif);
		struct refusal why = {0};

		assert_int_equal(
			resolve_interfaces(&r, &netns[1], CATALOG_FRESH, &why), cases[i].rc);
		assert_string_equal(why.text, cases[i].text);
		assert_int_equal(why.http_status, cases[i].status);
		request_done(&r);
	}
}

static void a_missing_interface_asks_for_a_fresh_catalog_first(void **state)
{
	struct request r = with_nif("eth7");
	struct refusal why = {0};

	(void) state;
	assert_int_equal(resolve_interfaces(&r, &netns[1], CATALOG_CURRENT, &why), -EAGAIN);
	assert_int_equal(resolve_interfaces(&r, NULL, CATALOG_FRESH, &why), 0);
	assert_int_equal(resolve_interfaces(&r, &netns[3], CATALOG_FRESH, &why), -ENODEV);
	assert_string_equal(why.text, "no interface \"eth7\" in \"web\"; there is none");
	request_done(&r);
	r = with_nif("x/");
	assert_int_equal(resolve_interfaces(&r, NULL, CATALOG_FRESH, &why), -EINVAL);
	assert_string_equal(why.text, "invalid nif: empty interface name");
	request_done(&r);
	r = request((struct request_words){.netns = {"200", NULL}, .nif = {"x", NULL}});
	assert_int_equal(resolve_interfaces(&r, &netns[1], CATALOG_FRESH, &why), -ENODEV);
	assert_string_equal(
		why.text, "no interface \"x\" in this network namespace; there is lo, eth0");
	request_done(&r);
}

static void listed_interfaces_that_are_gone_are_left_out(void **state)
{
	struct request r = from_json("{\"name\":\"web\",\"network-interfaces\":[\"veth1\",\"eth0\","
				     "\"much-too-long-a-name\",\"lo\",\"\"]}");
	struct refusal why = {0};

	(void) state;
	assert_int_equal(resolve_interfaces(&r, &netns[1], CATALOG_CURRENT, &why), -EAGAIN);
	assert_int_equal(r.n_names, 5);
	assert_int_equal(resolve_interfaces(&r, &netns[1], CATALOG_FRESH, &why), 0);
	assert_int_equal(r.n_names, 2);
	assert_string_equal(r.names[0], "eth0");
	assert_string_equal(r.names[1], "lo");
	request_done(&r);
	r = from_json("{\"name\":\"web\",\"network-interfaces\":[\"veth1\",\"veth2\"]}");
	assert_int_equal(resolve_interfaces(&r, &netns[1], CATALOG_FRESH, &why), -ENODEV);
	assert_string_equal(why.text, "no interface \"veth1\" in \"web\"; there is lo, eth0");
	assert_int_equal(r.n_names, 2);
	request_done(&r);
}

static void a_long_list_of_interfaces_is_cut(void **state)
{
	static struct catalog_link many[200];
	struct catalog_netns ns = {{1, NS_REF_PROC, 1, 1, 0}, ARRAY_LEN(many), many};
	struct request r = with_nif("x");
	struct refusal why = {0};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(many); i++)
		memcpy(many[i].name, "veth0123456789a", 16);
	assert_int_equal(resolve_interfaces(&r, &ns, CATALOG_FRESH, &why), -ENODEV);
	assert_true(strlen(why.text) < 400);
	assert_string_equal(why.text + strlen(why.text) - 22, ", veth0123456789a, ...");
	request_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_namespace_alone_is_looked_up),
		cmocka_unit_test(a_name_and_prefix_are_enough),
		cmocka_unit_test(a_true_description_is_taken_as_it_is),
		cmocka_unit_test(a_stale_description_is_resolved_by_name),
		cmocka_unit_test(a_process_the_catalog_does_not_know_is_for_the_broker),
		cmocka_unit_test(only_what_can_be_found_again_is_forgotten),
		cmocka_unit_test(an_old_list_of_interfaces_survives_unless_nif_is_given),
		cmocka_unit_test(short_names_find_their_target),
		cmocka_unit_test(an_ambiguous_short_name_is_refused_with_the_choices),
		cmocka_unit_test(chosen_interfaces_must_exist),
		cmocka_unit_test(a_missing_interface_asks_for_a_fresh_catalog_first),
		cmocka_unit_test(listed_interfaces_that_are_gone_are_left_out),
		cmocka_unit_test(a_long_list_of_interfaces_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
