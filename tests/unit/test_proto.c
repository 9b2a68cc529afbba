/* SPDX-License-Identifier: MIT */
/* Every message there and back, and every other way to write it refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdio.h>
#include <fcntl.h>

#include "base/own.h"
#include "proto/broker.h"
#include "proto/capture_conf.h"
#include "proto/catalog.h"

static const struct ns_ref some_ref = {.inode = 4026531840,
	.kind = NS_REF_MOUNT,
	.pid = 77,
	.starttime_ticks = 123456,
	.index = 9};

static struct msg message(uint16_t op)
{
	struct msg m = {.op = op, .id = 0x01020304};

	switch (op) {
	case MSG_CAPTURE_OPEN:
		m.u.capture_open = (struct msg_capture_open){some_ref, 1 << 20, 1 << 21, 5};
		break;
	case MSG_RING_MAKE:
		m.u.ring_bytes = 1 << 24;
		break;
	case MSG_NETLINK_OPEN:
	case MSG_PORTS_OPEN:
	case MSG_DIG_OPEN:
		m.u.ns_ref = some_ref;
		break;
	case MSG_CAPTURE_OPENED:
	case MSG_RING_MADE:
	case MSG_CAPTURE_ENDED:
	case MSG_EVENTS_OPENED:
	case MSG_PORTS_OPENED:
	case MSG_DIG_OPENED:
		m.u.status.status = -ESRCH;
		strcpy(m.u.status.text, "it is gone");
		break;
	case MSG_RESTARTS:
		m.u.restarts = (struct msg_restarts){3, 4, true};
		break;
	case MSG_RELOAD:
		m.u.reload = (struct msg_reload){true, false};
		break;
	case MSG_CATALOG:
		m.u.catalog = (struct msg_catalog){5, 6, MSG_DOCUMENT_JSON};
		break;
	case MSG_NETLINK_OPENED:
		m.u.netlink_opened = (struct msg_netlink_opened){{0, ""}, -1};
		break;
	case MSG_EVENTS_OPEN:
		m.u.events_open.source = EVENTS_LINKS;
		break;
	case MSG_REFRESH:
	case MSG_CHECK:
		m.u.refresh.documents = MSG_DOCUMENTS;
		break;
	case MSG_TUN_ASK:
		m.u.tun = (struct msg_tun){77, 123456, INT32_MAX};
		break;
	case MSG_TUN_TOLD:
		m.u.tun_netns = 4026531840;
		break;
	case MSG_UTS_NAMES:
		m.u.uts_refs = (struct msg_uts_refs){2, {{4026531838, 7, 8}, {4026531839, 9, 10}}};
		break;
	case MSG_UTS_NAMES_TOLD:
		m.u.uts_names = (struct msg_uts_names){2, {"web-1", ""}};
		break;
	default:
		break;
	}
	return m;
}

/* Encoded, so that two that mean the same are the same bytes. */
static ssize_t encoded(uint16_t op, uint8_t *ret)
{
	struct msg m = message(op);

	return msg_encode(&m, ret, MSG_MAX_BYTES);
}

static void every_message_comes_back_as_it_was(void **state)
{
	(void) state;
	for (uint16_t op = 1; op < MSG_OP_END; op++) {
		uint8_t a[MSG_MAX_BYTES], b[MSG_MAX_BYTES];
		struct msg m;
		ssize_t n = encoded(op, a);

		assert_true(n > 0);
		assert_int_equal(msg_decode(a, (size_t) n, &m), 0);
		assert_true(m.op == op && m.id == 0x01020304);
		assert_int_equal(msg_encode(&m, b, sizeof(b)), n);
		assert_memory_equal(a, b, (size_t) n);
	}
}

static void a_byte_more_or_less_is_no_message(void **state)
{
	(void) state;
	for (uint16_t op = 1; op < MSG_OP_END; op++) {
		uint8_t a[MSG_MAX_BYTES + 1] = {0};
		struct msg m;
		ssize_t n = encoded(op, a);

		for (size_t len = 0; len < (size_t) n; len++)
			assert_int_equal(msg_decode(a, len, &m), -EBADMSG);
		assert_int_equal(msg_decode(a, (size_t) n + 1, &m), -EBADMSG);
		assert_int_equal(encoded(op, a), n);
	}
}

static void unknown_operations_and_used_padding_are_refused(void **state)
{
	uint8_t a[MSG_MAX_BYTES];
	struct msg m = {.op = MSG_OP_END};
	ssize_t n = encoded(MSG_READY, a);

	(void) state;
	assert_int_equal(msg_encode(&m, a + n, 64), -EINVAL);
	a[0] = MSG_OP_END;
	assert_int_equal(msg_decode(a, (size_t) n, &m), -EBADMSG);
	a[0] = 0;
	assert_int_equal(msg_decode(a, (size_t) n, &m), -EBADMSG);
	a[0] = MSG_READY;
	a[2] = 1;
	assert_int_equal(msg_decode(a, (size_t) n, &m), -EBADMSG);
}

static void host_names_come_in_bounded_numbers_and_lengths(void **state)
{
	uint8_t a[MSG_MAX_BYTES];
	struct msg m, names = message(MSG_UTS_NAMES_TOLD);
	size_t count_at = 8; /* behind the header */

	(void) state;
	for (uint16_t op = MSG_UTS_NAMES; op <= MSG_UTS_NAMES_TOLD; op++) {
		struct msg s = {.op = op};
		ssize_t n;

		s.u.uts_refs.n = MSG_UTS_MAX;
		n = msg_encode(&s, a, sizeof(a));
		assert_true(n > 0);
		assert_int_equal(msg_decode(a, (size_t) n, &m), 0);
		a[count_at] = MSG_UTS_MAX + 1;
		assert_int_equal(msg_decode(a, (size_t) n, &m), -EBADMSG);
		a[count_at] = 0;
		assert_int_equal(msg_decode(a, count_at + 1, &m), -EBADMSG);
	}
	names.u.uts_names.n = 1;
	memset(names.u.uts_names.v[0], 'x', MSG_UTS_NAME_BYTES - 1);
	assert_true(msg_encode(&names, a, sizeof(a)) > 0);
	a[count_at + 1]++;
	assert_int_equal(msg_decode(a, count_at + 3 + MSG_UTS_NAME_BYTES, &m), -EBADMSG);
}

static void a_reference_of_no_known_kind_is_refused(void **state)
{
	uint8_t a[MSG_MAX_BYTES];
	struct msg m;

	(void) state;
	for (int kind = 0; kind < 256; kind++) {
		struct msg s = message(MSG_NETLINK_OPEN);
		ssize_t n;

		s.u.ns_ref.kind = (uint8_t) kind;
		s.u.ns_ref.index = kind == NS_REF_PROC ? 0 : 1;
		n = msg_encode(&s, a, sizeof(a));
		assert_int_equal(
			n > 0 && msg_decode(a, (size_t) n, &m) == 0, kind > 0 && kind < NS_REF_END);
	}
}

static void an_unknown_document_is_refused(void **state)
{
	static const uint16_t ops[] = {MSG_REFRESH, MSG_CATALOG};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		uint8_t a[MSG_MAX_BYTES];
		ssize_t n = encoded(ops[i], a);
		struct msg m;

		/* the bits are the last byte of both */
		for (unsigned int bits = 0; bits < 256; bits++) {
			a[n - 1] = (uint8_t) bits;
			assert_int_equal(msg_decode(a, (size_t) n, &m) == 0, bits <= MSG_DOCUMENTS);
		}
	}
}

static void a_message_without_room_is_refused(void **state)
{
	(void) state;
	for (uint16_t op = 1; op < MSG_OP_END; op++) {
		uint8_t a[MSG_MAX_BYTES];
		struct msg m = message(op);
		ssize_t n = encoded(op, a);

		assert_int_equal(msg_encode(&m, a, (size_t) n - 1), -ENOBUFS);
		assert_int_equal(msg_encode(&m, a, (size_t) n), n);
	}
}

/* A configuration at every limit. */
static void fill(struct capture_conf *c, char (*names)[CONF_NAME_MAX], char *filter,
	struct sock_filter *insns)
{
	memset(c, 0, sizeof(*c));
	c->snaplen = CONF_SNAPLEN_MAX;
	c->promiscuous = true;
	c->n_names = CONF_NAMES_MAX;
	c->names = names;
	for (int i = 0; i < CONF_NAMES_MAX; i++) {
		memset(names[i], 0, CONF_NAME_MAX);
		memcpy(names[i], "if-number-", 10);
		names[i][10] = (char) ('a' + i / 16);
		names[i][11] = (char) ('a' + i % 16);
	}
	memset(filter, 'x', CONF_FILTER_MAX);
	filter[CONF_FILTER_MAX] = '\0';
	c->filter = filter;
	c->n_programs = 2;
	c->programs[0] = (struct conf_program){1, false, 4096, insns};
	c->programs[1] = (struct conf_program){113, true, 0, NULL};
	c->n_endpoints = CONF_ENDPOINTS_MAX;
	for (int i = 0; i < CONF_ENDPOINTS_MAX; i++)
		c->endpoints[i] =
			(struct conf_endpoint){4, (uint16_t) (i + 1), {192, 0, 2, (uint8_t) i}};
}

static void a_configuration_at_its_limits_comes_back(void **state)
{
	static char names[CONF_NAMES_MAX + 1][CONF_NAME_MAX], filter[CONF_FILTER_MAX + 2];
	static struct sock_filter insns[4096];
	static uint8_t a[2 * CONF_MAX_BYTES];
	struct capture_conf c, d;
	ssize_t n;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(insns); i++)
		insns[i] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (uint32_t) i);
	fill(&c, names, filter, insns);
	n = capture_conf_encode(&c, a, sizeof(a));
	assert_true(n > 0 && n <= CONF_MAX_BYTES);
	assert_int_equal(conf_kind(a, (size_t) n), CONF_START);
	assert_int_equal(capture_conf_decode(a, (size_t) n, &d), 0);
	assert_true(d.snaplen == c.snaplen && d.promiscuous && d.n_names == c.n_names &&
		    d.n_programs == 2 && d.programs[1].refuses && d.n_endpoints == c.n_endpoints);
	assert_string_equal(d.filter, filter);
	assert_memory_equal(d.names, names, CONF_NAMES_MAX * CONF_NAME_MAX);
	assert_memory_equal(d.programs[0].insns, insns, sizeof(insns));
	assert_memory_equal(d.endpoints, c.endpoints, sizeof(c.endpoints));
	capture_conf_done(&d);
	assert_int_equal(capture_conf_encode(&c, a, (size_t) n - 1), -ENOBUFS);
}

static void one_above_a_limit_is_refused(void **state)
{
	static char names[CONF_NAMES_MAX + 1][CONF_NAME_MAX], filter[CONF_FILTER_MAX + 2];
	static struct sock_filter insns[4097];
	static uint8_t a[2 * CONF_MAX_BYTES];
	struct capture_conf c;

	(void) state;
	fill(&c, names, filter, insns);
	c.n_names++;
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
	fill(&c, names, filter, insns);
	filter[CONF_FILTER_MAX] = 'x';
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
	fill(&c, names, filter, insns);
	c.n_programs = CONF_PROGRAMS_MAX + 1;
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
	fill(&c, names, filter, insns);
	c.n_endpoints = CONF_ENDPOINTS_MAX + 1;
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
	fill(&c, names, filter, insns);
	c.snaplen = CONF_SNAPLEN_MAX + 1;
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
	c.snaplen = 0;
	assert_int_equal(capture_conf_encode(&c, a, sizeof(a)), -EINVAL);
}

static void end_points_and_stop_have_one_form(void **state)
{
	struct conf_endpoint ep[CONF_ENDPOINTS_MAX] = {
		{4, 80, {192, 0, 2, 1}}, {6, 443, {0x20, 1}}};
	struct conf_endpoint back[CONF_ENDPOINTS_MAX];
	uint8_t a[8192];
	ssize_t n = conf_exclude_encode(ep, 2, a, sizeof(a));

	(void) state;
	assert_int_equal(conf_kind(a, (size_t) n), CONF_EXCLUDE);
	assert_int_equal(conf_exclude_decode(a, (size_t) n, back), 2);
	assert_memory_equal(back, ep, 2 * sizeof(ep[0]));
	assert_int_equal(conf_exclude_decode(a, (size_t) n - 1, back), -EBADMSG);
	assert_int_equal(conf_exclude_encode(ep, CONF_ENDPOINTS_MAX + 1, a, sizeof(a)), -EINVAL);
	n = conf_stop_encode(a, sizeof(a));
	assert_int_equal(conf_kind(a, (size_t) n), CONF_STOP);
	assert_int_equal(conf_kind(a, 0), 0);
}

static void the_size_of_another_ring_has_one_form(void **state)
{
	uint32_t bytes = 0;
	uint8_t a[8];
	ssize_t n = conf_ring_encode(16 << 20, a, sizeof(a));

	(void) state;
	assert_int_equal(n, 5);
	assert_int_equal(conf_kind(a, (size_t) n), CONF_RING);
	assert_int_equal(conf_ring_decode(a, 4, &bytes), -EBADMSG);
	assert_int_equal(conf_ring_decode(a, 6, &bytes), -EBADMSG);
	assert_int_equal(bytes, 0);
	assert_int_equal(conf_ring_decode(a, 5, &bytes), 0);
	assert_int_equal(bytes, 16 << 20);
	assert_int_equal(conf_ring_encode(1, a, 4), -ENOBUFS);
}

static void a_table_comes_back_and_namespaces_are_found(void **state)
{
	static const char *const names_of_eth0[] = {"eth0", "up", "link-to-the-world"};
	static const char *const names_of_nothing[] = {"", " ", "u", "link", "world", "up "};
	struct catalog_link links[] = {
		{1, 772, 0, "lo", ""}, {2, 1, 6, "eth0", "up link-to-the-world "}};
	struct catalog_netns ns[] = {
		{{.inode = 5, .kind = NS_REF_PROC, .pid = 1, .starttime_ticks = 1}, 2, links},
		{{.inode = 9, .kind = NS_REF_FD, .pid = 2, .starttime_ticks = 3, .index = 4}, 0,
			NULL, "blue"}};
	struct catalog_target targets[] = {
		{"web", "docker", "p", 5, 1, 1, 1000, 70, 71,
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
		{"", "bindmount", "", 9, 0, 0, CATALOG_OWNER_NONE, 0, 0, ""}};
	struct catalog_name names[] = {{4, {192, 0, 2, 1}, 5, 7, 8, "web"},
		{4, {192, 0, 2, 1}, 5, 7, 8, "a.b"}, {4, {192, 0, 2, 1}, 9, 0, 0, "x"},
		{6, {0x20, 1}, 5, 0, 0, "web"}};
	struct catalog c = {2, 2, 4, 3, 1, ns, targets, names}, d = {0};
	AUTO_FREE uint8_t *a = NULL;
	ssize_t n = catalog_encode(&c, &a);

	(void) state;
	assert_true(n > 0);
	assert_int_equal(catalog_decode(a, (size_t) n, &d), 0);
	assert_true(catalog_find_netns(&d, 9) == &d.netns[1] && !catalog_find_netns(&d, 6));
	assert_string_equal(d.netns[0].links[1].name, "eth0");
	for (size_t i = 0; i < ARRAY_LEN(names_of_eth0); i++)
		assert_ptr_equal(
			catalog_find_link(&d.netns[0], names_of_eth0[i]), &d.netns[0].links[1]);
	for (size_t i = 0; i < ARRAY_LEN(names_of_nothing); i++)
		assert_null(catalog_find_link(&d.netns[0], names_of_nothing[i]));
	assert_string_equal(d.targets[0].prefix, "p");
	assert_string_equal(d.targets[0].id, targets[0].id);
	assert_string_equal(d.targets[1].id, "");
	assert_true(d.n_names == 4 && memcmp(d.names, names, sizeof(names)) == 0);
	catalog_done(&d);
	for (size_t len = 0; len < (size_t) n; len++)
		assert_int_equal(catalog_decode(a, len, &d), -EBADMSG);
}

static void unsorted_namespaces_are_refused(void **state)
{
	struct catalog_netns ns[] = {{{.inode = 9, .kind = NS_REF_PROC, .pid = 1}, 0, NULL},
		{{.inode = 5, .kind = NS_REF_PROC, .pid = 2}, 0, NULL}};
	struct catalog c = {.n_netns = 2, .netns = ns}, d = {0};
	AUTO_FREE uint8_t *a = NULL;
	ssize_t n = catalog_encode(&c, &a);

	(void) state;
	assert_true(n < 0 || catalog_decode(a, (size_t) n, &d) == -EBADMSG);
}

static void unsorted_and_empty_names_are_refused(void **state)
{
	struct catalog_name bad[][2] = {
		{{6, {1}, 1, 0, 0, "b"}, {4, {1}, 1, 0, 0, "a"}},
		{{4, {2}, 1, 0, 0, "b"}, {4, {1}, 1, 0, 0, "a"}},
		{{4, {1}, 2, 0, 0, "b"}, {4, {1}, 1, 0, 0, "a"}},
		{{4, {1}, 1, 0, 0, ""}, {4, {1}, 1, 0, 0, "a"}},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct catalog c = {.n_names = 2, .names = bad[i]}, d = {0};
		AUTO_FREE uint8_t *a = NULL;
		ssize_t n = catalog_encode(&c, &a);

		assert_true(n > 0);
		assert_int_equal(catalog_decode(a, (size_t) n, &d), -EBADMSG);
	}
}

/* Seeds of a former form of the table would all be refused at once, and the fuzz target find
 * nothing. */
static void the_seeds_of_the_fuzz_target_are_tables(void **state)
{
	static const char *const seeds[] = {"empty", "links", "names", "one", "two"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(seeds); i++) {
		uint8_t bytes[1024];
		char path[64];
		struct catalog c;
		ssize_t n;
		AUTO_CLOSE int fd = -1;

		(void) snprintf(path, sizeof(path), "tests/fuzz/corpus/catalog/%s", seeds[i]);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, bytes, sizeof(bytes));
		assert_true(n > 0);
		assert_int_equal(catalog_decode(bytes, (size_t) n, &c), 0);
		catalog_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_seeds_of_the_fuzz_target_are_tables),
		cmocka_unit_test(every_message_comes_back_as_it_was),
		cmocka_unit_test(a_byte_more_or_less_is_no_message),
		cmocka_unit_test(unknown_operations_and_used_padding_are_refused),
		cmocka_unit_test(host_names_come_in_bounded_numbers_and_lengths),
		cmocka_unit_test(a_reference_of_no_known_kind_is_refused),
		cmocka_unit_test(an_unknown_document_is_refused),
		cmocka_unit_test(a_message_without_room_is_refused),
		cmocka_unit_test(a_configuration_at_its_limits_comes_back),
		cmocka_unit_test(one_above_a_limit_is_refused),
		cmocka_unit_test(end_points_and_stop_have_one_form),
		cmocka_unit_test(the_size_of_another_ring_has_one_form),
		cmocka_unit_test(a_table_comes_back_and_namespaces_are_found),
		cmocka_unit_test(unsorted_namespaces_are_refused),
		cmocka_unit_test(unsorted_and_empty_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
