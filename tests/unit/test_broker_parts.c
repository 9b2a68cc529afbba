/* SPDX-License-Identifier: MIT */
/* The broker's parts that see words or numbers of others: command line, addresses, mounts, limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/own.h"
#include "broker/captures.h"
#include "broker/host_names.h"
#include "broker/listen.h"
#include "broker/options.h"
#include "broker/users.h"

#define WORDS_MAX 40

static int parse(const char *const *words, const char *env, struct options *ret)
{
	char *argv[WORDS_MAX] = {(char *) "packetflix"};
	struct err e = ERR_NONE;
	int argc = 1, rc;

	while (words[argc - 1]) {
		argv[argc] = (char *) words[argc - 1];
		argc++;
	}
	rc = options_parse(argc, argv, env, ret, &e);
	assert_true(rc == 0 || (rc == -EINVAL && e.text[0]));
	return rc;
}

static void defaults_are_those_of_the_original(void **state)
{
	static const char *const none[] = {NULL};
	struct options o;

	(void) state;
	assert_int_equal(parse(none, NULL, &o), 0);
	assert_true(o.port == 5001 && o.gw_port == 5000 && !o.debug && !o.log_requests &&
		    !o.log_headers && !o.proxy_discovery && !o.help && !o.version);
	assert_string_equal(o.discovery_service, "127.0.0.1");
	options_done(&o);
}

static void a_port_may_be_written_in_every_form(void **state)
{
	static const char *const forms[][3] = {{"--port", "7000"}, {"--port=7000"},
		{"-port", "7000"}, {"-port=7000"}, {"-p", "7000"}, {"-p=7000"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct options o;

		assert_int_equal(parse(forms[i], NULL, &o), 0);
		assert_int_equal(o.port, 7000);
		options_done(&o);
	}
}

static void switches_may_say_true_or_false(void **state)
{
	static const struct {
		const char *word[2];
		bool debug;
	} rows[] = {{{"--debug"}, true}, {{"-debug"}, true}, {{"--debug=true"}, true},
		{{"--debug=false"}, false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options o;

		assert_int_equal(parse(rows[i].word, NULL, &o), 0);
		assert_int_equal(o.debug, rows[i].debug);
		options_done(&o);
	}
}

static void what_is_no_option_is_refused(void **state)
{
	static const char *const rows[][3] = {{"--nonsense"}, {"word"}, {"--port"}, {"--port", "0"},
		{"--port=65536"}, {"--port=-1"}, {"--port=5001x"}, {"--port="}, {"--debug=maybe"},
		{"---debug"}, {"--memory=1M"}, {"--memory=99999999999G"}, {"--memory=1Q"},
		{"--latency=0"}, {"--latency=1001"}, {"--max-age=60001"}, {"--max-captures=0"},
		{"--max-captures=4097"}, {"--max-viewers=65537"}, {"--max-connections=0"},
		{"--ring-size=1025M"}, {"--stream-size=1048575"},
		{"--memory=18446744073709551616"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct options o;

		if (parse(rows[i], NULL, &o) == 0)
			fail_msg("accepted %s", rows[i][0]);
	}
}

static void numbers_are_taken_up_to_their_limits(void **state)
{
	static const char *const words[] = {"--memory=4M", "--ring-size=1024M", "--stream-size=1G",
		"--latency=1000", "--max-age=60000", "--max-captures=4096", "--max-viewers=65536",
		"--port=65535", NULL};
	struct options o;

	(void) state;
	assert_int_equal(parse(words, NULL, &o), 0);
	assert_true(o.memory_bytes == 4 << 20 && o.ring_bytes == 1 << 30 &&
		    o.stream_bytes == 1 << 30 && o.latency_ms == 1000 && o.max_age_ms == 60000 &&
		    o.max_captures == 4096 && o.port == 65535);
	options_done(&o);
}

static void the_environment_counts_without_listen(void **state)
{
	static const char *const none[] = {NULL}, *const flag[] = {"--listen", "192.0.2.1", NULL};
	struct options o;

	(void) state;
	assert_int_equal(parse(none, "127.0.0.1,[::1]:99", &o), 0);
	assert_int_equal(o.n_listen, 2);
	assert_string_equal(o.listen[1], "[::1]:99");
	options_done(&o);
	assert_int_equal(parse(flag, "127.0.0.1,[::1]:99", &o), 0);
	assert_int_equal(o.n_listen, 1);
	assert_string_equal(o.listen[0], "192.0.2.1");
	options_done(&o);
}

static void lists_have_a_limit(void **state)
{
	const char *words[OPTIONS_LISTEN_MAX + 2] = {NULL};
	struct options o;

	(void) state;
	for (int i = 0; i < OPTIONS_LISTEN_MAX; i++)
		words[i] = "--listen=127.0.0.1";
	assert_int_equal(parse(words, NULL, &o), 0);
	assert_int_equal(o.n_listen, OPTIONS_LISTEN_MAX);
	options_done(&o);
	words[OPTIONS_LISTEN_MAX] = "--listen=127.0.0.1";
	assert_int_equal(parse(words, NULL, &o), -EINVAL);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *) &a, &len), 0);
	return ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *) &a)->sin_port
					    : ((struct sockaddr_in6 *) &a)->sin6_port);
}

static uint16_t free_port(void)
{
	AUTO_CLOSE int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6};

	assert_int_equal(bind(fd, (struct sockaddr *) &a, sizeof(a)), 0);
	return port_of(fd);
}

static void addresses_are_listened_on_with_and_without_port(void **state)
{
	static const struct {
		const char *address;
		bool loopback;
	} rows[] = {{"127.0.0.1", true}, {"127.9.9.9", true}, {"::1", true}, {"[::1]", true},
		{"0.0.0.0", false}, {"::", false}, {"[::]", false}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = ERR_NONE;
		uint16_t port = free_port();
		bool loopback = !rows[i].loopback;
		AUTO_CLOSE int fd = listen_open(rows[i].address, port, &loopback, &e);

		assert_true(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC));
		assert_int_equal(loopback, rows[i].loopback);
		assert_int_equal(port_of(fd), port);
	}
}

static void texts_that_are_no_address_are_refused(void **state)
{
	static const char *const rows[] = {"", "localhost", "127.0.0.1:", "127.0.0.1:0",
		"127.0.0.1:65536", "127.0.0.1:1x", "[::1", "[::1]x", "[::1]:", "[127.0.0.1.1]",
		"256.0.0.1", "::1::", ":80", "127.0.0.1:-1", "127.0.0.1: 80",
		"0000000000000000000000000000000000000000000000000000000000000000000000000001"};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err e = ERR_NONE;
		bool loopback;

		if (listen_open(rows[i], 5001, &loopback, &e) != -EINVAL || !e.text[0])
			fail_msg("accepted \"%s\"", rows[i]);
	}
}

static void an_address_in_use_is_told(void **state)
{
	struct err e = ERR_NONE;
	bool loopback;
	uint16_t port = free_port();
	AUTO_CLOSE int first = listen_open("127.0.0.1", port, &loopback, &e);

	(void) state;
	assert_true(first >= 0);
	assert_int_equal(listen_open("127.0.0.1", port, &loopback, &e), -EADDRINUSE);
	assert_true(e.text[0]);
}

static void users_come_from_the_passwd_file_or_are_fixed(void **state)
{
	static const char text[] = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:\n"
				   "packetflix-reader:x:901:902::/:\npacketflix:x:0:0::/:\n";
	char path[] = "/tmp/packetflix-passwd-XXXXXX";
	int fd = mkstemp(path);
	struct users u;

	(void) state;
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	(void) close(fd);
	users_find_in(path, &u);
	assert_true(u.reader.uid == 901 && u.reader.gid == 902);
	assert_true(u.service.uid == 65530 && u.dig.uid == 65529);
	(void) unlink(path);
	users_find_in(path, &u);
	assert_true(u.reader.uid == 65531 && u.service.gid == 65530);
}

static void the_machine_is_known_by_its_names_in_its_files(void **state)
{
	char hosts[] = "127.0.0.1 localhost box.localhost\n127.0.1.1\tbox.lab.example box # Box2\n"
		       "192.0.2.7 other other.example\n\n";
	char resolv[] = "nameserver 192.0.2.1\nsearch lab.example corp.example\noptions edns0\n";
	static const char *const expected[] = {"box", "host-1", "box.lab.example",
		"host-1.lab.example", "box.corp.example", "host-1.corp.example"};
	struct host_names h = {.n = 0};

	(void) state;
	host_names_add(&h, "box");
	host_names_add(&h, "host-1");
	host_names_add(&h, "BOX");
	host_names_add(&h, "evil\nexample");
	host_names_add(&h, "localhost");
	host_names_add_aliases(&h, hosts);
	host_names_add_domains(&h, resolv);
	assert_int_equal(h.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < h.n; i++)
		assert_string_equal(h.v[i], expected[i]);
	for (int i = 0; i < 2 * HOST_NAMES_MAX; i++) {
		char name[32];

		(void) snprintf(name, sizeof(name), "name%d", i);
		host_names_add(&h, name);
	}
	assert_int_equal(h.n, HOST_NAMES_MAX);
}

static void captures_are_admitted_up_to_both_limits(void **state)
{
	struct captures c = {.limits = {.memory_bytes = 1000, .max_captures = 3}};
	struct running_capture r = {.epoch = 1,
		.target_pidfd = -1,
		.spare_sockets = {-1, -1},
		.bytes = 400,
		.ring_bytes = 300};

	(void) state;
	for (uint32_t id = 1; id <= 2; id++) {
		r.id = id;
		r.reader = (pid_t) (100 + id);
		assert_int_equal(captures_admit(&c, id, 1, 400), 0);
		assert_non_null(captures_add(&c, &r));
	}
	assert_int_equal(captures_admit(&c, 2, 1, 1), -EEXIST);
	assert_int_equal(captures_admit(&c, 2, 2, 1), 0);
	assert_int_equal(captures_admit(&c, 3, 1, 200), 0);
	assert_int_equal(captures_admit(&c, 3, 1, 201), -ENOMEM);
	assert_int_equal(captures_admit(&c, 3, 1, UINT64_MAX), -ENOMEM);
	r = (struct running_capture){
		.id = 3, .epoch = 1, .reader = 103, .target_pidfd = -1, .spare_sockets = {-1, -1}};
	assert_non_null(captures_add(&c, &r));
	assert_int_equal(captures_admit(&c, 4, 1, 1), -EBUSY);
	captures_remove(&c, captures_find_reader(&c, 101));
	assert_null(captures_find(&c, 1, 1));
	assert_true(c.bytes == 400 && captures_find(&c, 2, 1)->reader == 102);
	assert_int_equal(captures_admit(&c, 4, 1, 600), 0);
	captures_done(&c);
}

static void a_larger_ring_must_fit_beside_the_present_one(void **state)
{
	struct captures c = {.limits = {.memory_bytes = 1000, .max_captures = 3}};
	struct running_capture r = {.id = 1,
		.epoch = 1,
		.reader = 101,
		.target_pidfd = -1,
		.spare_sockets = {-1, -1},
		.bytes = 400,
		.ring_bytes = 300};

	(void) state;
	assert_non_null(captures_add(&c, &r));
	assert_int_equal(captures_grow(&c, captures_find(&c, 1, 1), 601), -ENOMEM);
	assert_int_equal(captures_grow(&c, captures_find(&c, 1, 1), 299), -EINVAL);
	assert_int_equal(c.bytes, 400);
	assert_int_equal(captures_grow(&c, captures_find(&c, 1, 1), 600), 0);
	assert_int_equal(c.bytes, 700);
	captures_remove(&c, captures_find(&c, 1, 1));
	assert_int_equal(c.bytes, 0);
	captures_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_original),
		cmocka_unit_test(a_port_may_be_written_in_every_form),
		cmocka_unit_test(switches_may_say_true_or_false),
		cmocka_unit_test(what_is_no_option_is_refused),
		cmocka_unit_test(numbers_are_taken_up_to_their_limits),
		cmocka_unit_test(the_environment_counts_without_listen),
		cmocka_unit_test(lists_have_a_limit),
		cmocka_unit_test(addresses_are_listened_on_with_and_without_port),
		cmocka_unit_test(texts_that_are_no_address_are_refused),
		cmocka_unit_test(an_address_in_use_is_told),
		cmocka_unit_test(users_come_from_the_passwd_file_or_are_fixed),
		cmocka_unit_test(the_machine_is_known_by_its_names_in_its_files),
		cmocka_unit_test(captures_are_admitted_up_to_both_limits),
		cmocka_unit_test(a_larger_ring_must_fit_beside_the_present_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
