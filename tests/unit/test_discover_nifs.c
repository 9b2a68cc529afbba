/* SPDX-License-Identifier: MIT */
/* How interfaces belong together, on tables made by hand: also kinds that the kernel at hand may
 * lack, and devices nobody has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "discover/detail/network.h"
#include "discover/detail/nif_names.h"
#include "discover/detail/put_nif.h"
#include "discover/detail/sriov.h"
#include "discover/detail/tun_owners.h"

#define NIFS_MAX 8

/* Namespaces 100, 101, ... with room for a few interfaces each. */
struct table {
	struct netstacks all;
	struct netstack v[4];
	struct nif nifs[4][NIFS_MAX];
};

static void begin(struct table *t, size_t n)
{
	memset(t, 0, sizeof(*t));
	t->all = (struct netstacks){t->v, n};
	for (size_t i = 0; i < n; i++) {
		t->v[i].inode = 100 + i;
		t->v[i].nifs = t->nifs[i];
	}
}

static void end(struct table *t)
{
	for (size_t i = 0; i < t->all.n; i++)
		inode_map_done(&t->v[i].nsids);
}

/* Add an interface; indices must grow. */
static struct nif *add(struct table *t, size_t stack, uint32_t index, const char *kind)
{
	struct netstack *s = &t->v[stack];
	struct nif *nif = &s->nifs[s->n_nifs++];

	nif->stack = s;
	nif->d.link.ifindex = index;
	nif->d.lower_nsid = LINK_NO_NSID;
	(void) snprintf(nif->d.link.name, sizeof(nif->d.link.name), "if%u", index);
	(void) snprintf(nif->d.link.kind, sizeof(nif->d.link.kind), "%s", kind);
	nif->d.is_vlan = strcmp(kind, "vlan") == 0;
	nif->d.is_vxlan = strcmp(kind, "vxlan") == 0;
	nif->is_physical = !kind[0];
	return nif;
}

static void know(struct table *t, size_t stack, int32_t nsid, size_t other)
{
	assert_int_equal(
		inode_map_add(&t->v[stack].nsids, (uint64_t) nsid + 1, (uint32_t) other), 1);
}

static size_t slaves(const struct relations *r, const struct nif *nif)
{
	size_t n;

	(void) relation_list_of(&r->slaves, nif, &n);
	return n;
}

static void ports_belong_to_bridges_and_bonds_but_not_to_vrfs(void **state)
{
	static const char *const masters[] = {"bridge", "bond", "team", "vrf"};
	struct table t;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(masters); i++) {
		struct relations r;
		struct nif *master, *port;

		begin(&t, 1);
		master = add(&t, 0, 1, masters[i]);
		port = add(&t, 0, 2, "veth");
		port->d.master = 1;
		assert_int_equal(relations_make(&t.all, &r), 0);
		assert_ptr_equal(port->master, i < 3 ? master : NULL);
		assert_int_equal(slaves(&r, master), i < 3);
		relations_done(&r);
		end(&t);
	}
}

static void a_vlan_goes_by_its_lower_link_even_as_a_port(void **state)
{
	struct table t;
	struct relations r;
	struct nif *lower, *bridge, *vlan;

	(void) state;
	begin(&t, 2);
	lower = add(&t, 0, 7, "");
	bridge = add(&t, 1, 3, "bridge");
	vlan = add(&t, 1, 4, "vlan");
	vlan->d.master = 3;
	vlan->d.lower = 7;
	vlan->d.lower_nsid = 5;
	know(&t, 1, 5, 0);
	assert_int_equal(relations_make(&t.all, &r), 0);
	assert_ptr_equal(vlan->master, lower);
	assert_int_equal(slaves(&r, lower), 1);
	assert_int_equal(slaves(&r, bridge), 1);
	relations_done(&r);
	end(&t);
}

static void upper_links_are_found_below_where_they_stand(void **state)
{
	static const struct {
		const char *kind;
		bool is_macvlan, has_master, has_lower;
	} cases[] = {{"macvlan", true, false, true}, {"macvtap", true, false, true},
		{"ipvlan", false, true, false}, {"vxlan", false, false, true}};
	struct table t;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct relations r;
		struct nif *lower, *upper;
		size_t n;

		begin(&t, 1);
		lower = add(&t, 0, 1, "");
		upper = add(&t, 0, 2, cases[i].kind);
		upper->d.lower = upper->d.vxlan.lower = 1;
		assert_int_equal(relations_make(&t.all, &r), 0);
		assert_ptr_equal(upper->master, cases[i].has_master ? lower : NULL);
		assert_ptr_equal(upper->lower, cases[i].has_lower ? lower : NULL);
		(void) relation_list_of(&r.macvlans, lower, &n);
		assert_int_equal(n, cases[i].is_macvlan);
		assert_int_equal(slaves(&r, lower), !cases[i].is_macvlan);
		relations_done(&r);
		end(&t);
	}
}

static void what_nobody_knows_relates_to_nothing(void **state)
{
	struct table t;
	struct relations r;
	struct nif *one, *self;

	(void) state;
	begin(&t, 2);
	one = add(&t, 0, 1, "veth");
	one->d.lower = 1;
	one->d.lower_nsid = 9; /* of a namespace that is not known */
	self = add(&t, 0, 2, "macvlan");
	self->d.lower = 2;
	(void) add(&t, 1, 1, "veth");
	assert_int_equal(relations_make(&t.all, &r), 0);
	assert_null(one->peer);
	assert_null(self->lower);
	assert_int_equal(r.slaves.n + r.macvlans.n, 0);
	relations_done(&r);
	end(&t);
}

/* Two veths that are each other's ends, each knowing the other's namespace by a number. */
static void tie(struct nif *a, int32_t a_nsid, struct nif *b, int32_t b_nsid)
{
	a->d.lower = b->d.link.ifindex;
	a->d.lower_nsid = a_nsid;
	b->d.lower = a->d.link.ifindex;
	b->d.lower_nsid = b_nsid;
}

static void one_known_number_tells_the_way_back_and_further(void **state)
{
	struct table t;
	struct nsids n = {.all = &t.all};
	struct relations r;
	struct nif *a, *b, *c, *macvlan;

	(void) state;
	begin(&t, 3);
	a = add(&t, 0, 2, "veth");
	b = add(&t, 1, 2, "veth");
	tie(a, 4, b, 6);
	/* stands on a link of namespace 0, by the number that only the pair tells */
	macvlan = add(&t, 1, 3, "macvlan");
	macvlan->d.lower = 2;
	macvlan->d.lower_nsid = 6;
	c = add(&t, 2, 9, "veth");
	know(&t, 0, 4, 1);
	assert_int_equal(nsids_learn(&n), 0);
	assert_int_equal(relations_make(&t.all, &r), 0);
	assert_ptr_equal(a->peer, b);
	assert_ptr_equal(b->peer, a);
	assert_ptr_equal(macvlan->lower, a);
	assert_null(c->peer);
	assert_int_equal(nsids_prepare(&n), 0);
	assert_int_equal(n.n_questions, 0);
	relations_done(&r);
	nsids_done(&n);
	end(&t);
}

static void each_unknown_number_is_asked_once(void **state)
{
	struct table t;
	struct nsids n = {.all = &t.all};

	(void) state;
	begin(&t, 2);
	for (uint32_t i = 1; i <= 6; i++) {
		struct nif *nif = add(&t, 0, i, "macvlan");

		nif->d.lower = 1;
		nif->d.lower_nsid = i % 2;
	}
	assert_int_equal(nsids_learn(&n), 0);
	assert_int_equal(nsids_prepare(&n), 0);
	assert_int_equal(n.n_questions, 2);
	assert_int_equal(n.n_big, 2);
	nsids_done(&n);
	end(&t);
}

static void make_file(const char *folder, const char *name)
{
	char path[512];
	int fd;

	(void) snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close_p(&fd);
}

/* A sysfs with a physical function, its virtual function and another device. */
static void make_devices(char *devices)
{
	static const char *const names[] = {"0000:01:00.0", "0000:01:10.0", "0000:02:00.0"};
	char path[256];

	assert_non_null(mkdtemp(devices));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void) snprintf(path, sizeof(path), "%s/%s", devices, names[i]);
		assert_int_equal(mkdir(path, 0700), 0);
		if (i == 0)
			make_file(path, "sriov_numvfs");
	}
	(void) snprintf(path, sizeof(path), "%s/%s/physfn", devices, names[1]);
	assert_int_equal(symlink("../0000:01:00.0", path), 0);
}

static void remove_devices(const char *devices)
{
	static const char *const names[] = {"0000:01:00.0/sriov_numvfs", "0000:01:10.0/physfn",
		"0000:01:00.0", "0000:01:10.0", "0000:02:00.0", ""};
	char path[256];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void) snprintf(path, sizeof(path), "%s/%s", devices, names[i]);
		assert_int_equal(remove(path), 0);
	}
}

static void a_virtual_function_names_its_physical_one_in_any_namespace(void **state)
{
	char devices[] = "/tmp/packetflix-test-XXXXXX";
	struct table t;
	struct relations r;
	struct nif *pf, *vf, *other, *liar;

	(void) state;
	begin(&t, 2);
	pf = add(&t, 0, 1, "");
	strcpy(pf->driver.businfo, "0000:01:00.0");
	other = add(&t, 0, 2, "");
	strcpy(other->driver.businfo, "0000:02:00.0");
	vf = add(&t, 1, 1, "");
	strcpy(vf->driver.businfo, "0000:01:10.0");
	liar = add(&t, 1, 2, "");
	strcpy(liar->driver.businfo, "../x/0000:01:10.0");
	make_devices(devices);
	sriov_find(&t.all, devices);
	remove_devices(devices);
	assert_int_equal(relations_make(&t.all, &r), 0);
	assert_true(pf->sriov == SRIOV_PF && vf->sriov == SRIOV_VF);
	assert_true(other->sriov == SRIOV_NONE && liar->sriov == SRIOV_NONE);
	assert_ptr_equal(vf->pf, pf);
	assert_int_equal(slaves(&r, pf), 1);
	relations_done(&r);
	end(&t);
}

/* The document of @nif alone. */
static void expect_nif(const struct network *n, struct nif *nif, const char *expected)
{
	struct proc_table procs = {.n = 0};
	struct owner_lines lines;
	const struct put_nifs p = {n, &lines};
	AUTO_TEXT struct text text = {0};

	assert_int_equal(owner_lines_init(&lines, -1, &procs), 0);
	text_put(&text, "{");
	put_nifs(&text, &p, nif->stack);
	text_put_bytes(&text, "", 1);
	assert_non_null(strstr(text.p, expected));
	owner_lines_done(&lines);
}

static void kinds_the_kernel_may_lack_are_written_as_others(void **state)
{
	struct table t;
	struct network n = {.stage = NETWORK_DONE};
	struct nif *lower, *vlan;

	(void) state;
	begin(&t, 1);
	lower = add(&t, 0, 1, "");
	lower->sriov = SRIOV_PF;
	vlan = add(&t, 0, 2, "vlan");
	vlan->d.lower = 1;
	vlan->d.vlan = (struct link_vlan){42, 0x88a8};
	vlan->d.link.addr_len = 6;
	memcpy(vlan->d.link.addr, "\x02\x00\x5e\x00\x53\xff", 6);
	assert_int_equal(relations_make(&t.all, &n.relations), 0);
	expect_nif(&n, vlan, "\"mac\":\"02:00:5e:00:53:ff\"");
	expect_nif(&n, vlan, "\"vlan\":{\"vid\":42,\"vlan-protocol\":34984}");
	expect_nif(&n, vlan, "\"master\":{\"idref\":\"nif-100-1\",\"index\":1,\"name\":\"if1\"}");
	expect_nif(&n, lower,
		"\"slaves\":[{\"idref\":\"nif-100-2\",\"index\":2,\"name\":\"if2\"}],"
		"\"sr-iov-role\":1}");
	expect_nif(&n, lower, "\"mac\":\"00:00:00:00:00:00\"");
	relations_done(&n.relations);
	end(&t);
}

static void networks_name_interfaces_where_their_engine_lives(void **state)
{
	struct process p = {.pid = 40, .ppid = 1, .netns = 101, .starttime_ticks = 1};
	struct proc_table procs = {.v = &p, .n = 1};
	struct engine_network net = {.name = "front", .driver = "bridge", .nif = "if3"};
	struct engine e = {.pid = 40, .privileged = true, .networks = {.v = &net, .n = 1}};
	struct engines es = {.first = &e, .n = 1};
	struct table t;
	struct nif *here, *elsewhere;

	(void) state;
	begin(&t, 2);
	elsewhere = add(&t, 0, 3, "bridge");
	here = add(&t, 1, 3, "bridge");
	nif_names_set(&t.all, &procs, &es, 101);
	assert_ptr_equal(here->network, &net);
	assert_null(elsewhere->network);
	/* anybody may run an engine, but not name what is ours */
	here->network = NULL;
	e.privileged = false;
	nif_names_set(&t.all, &procs, &es, 101);
	assert_null(here->network);
	nif_names_set(&t.all, &procs, &es, 100);
	assert_ptr_equal(here->network, &net);
	end(&t);
}

static void a_device_is_named_by_its_line_alone(void **state)
{
	static const struct {
		const char *text, *name;
	} cases[] = {{"pos:\t0\nflags:\t02\niff:\ttap0\n", "tap0"}, {"iff:\ttun1", "tun1"},
		{"pos:\t0\nxiff:\ttap0\n", ""}, {"iff:\t0123456789abcdef\n", ""}, {"", ""}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char name[LINK_NAME_MAX];

		tun_owners_parse(cases[i].text, name);
		assert_string_equal(name, cases[i].name);
	}
}

static void owners_are_found_by_namespace_and_name(void **state)
{
	struct process p[] = {{.pid = 5}, {.pid = 6}};
	struct tun_owner v[] = {{&p[1], 3, 101, "tap0"}, {&p[0], 3, 100, "tap0"},
		{&p[1], 4, 101, "tap0"}, {&p[0], 9, 101, "tap0"}, {&p[0], 4, 101, "tap1"}};
	struct tun_owners t = {.v = v, .n = ARRAY_LEN(v)};
	const struct tun_owner *o;

	(void) state;
	tun_owners_sort(&t);
	assert_int_equal(tun_owners_find(&t, 101, "tap0", &o), 2);
	assert_true(o[0].proc == &p[0] && o[1].proc == &p[1]);
	assert_int_equal(tun_owners_find(&t, 100, "tap0", &o), 1);
	assert_int_equal(tun_owners_find(&t, 100, "tap1", &o), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_belong_to_bridges_and_bonds_but_not_to_vrfs),
		cmocka_unit_test(a_vlan_goes_by_its_lower_link_even_as_a_port),
		cmocka_unit_test(upper_links_are_found_below_where_they_stand),
		cmocka_unit_test(what_nobody_knows_relates_to_nothing),
		cmocka_unit_test(one_known_number_tells_the_way_back_and_further),
		cmocka_unit_test(each_unknown_number_is_asked_once),
		cmocka_unit_test(a_virtual_function_names_its_physical_one_in_any_namespace),
		cmocka_unit_test(kinds_the_kernel_may_lack_are_written_as_others),
		cmocka_unit_test(networks_name_interfaces_where_their_engine_lives),
		cmocka_unit_test(a_device_is_named_by_its_line_alone),
		cmocka_unit_test(owners_are_found_by_namespace_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
