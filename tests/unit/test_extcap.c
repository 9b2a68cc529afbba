/* SPDX-License-Identifier: MIT */
/* The Wireshark plugin: its words, its links, its lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"
#include "base/version.h"
#include "extcap/args.h"
#include "extcap/connect.h"
#include "extcap/describe.h"
#include "extcap/escape.h"
#include "extcap/folders.h"
#include "extcap/job.h"
#include "extcap/journal.h"
#include "extcap/link.h"
#include "extcap/reload.h"

#define PARSE(a, e, ...) parse((const char *const[]){"cshargextcap", __VA_ARGS__, NULL}, a, e)

static int parse(const char *const *words, struct args *a, struct err *e)
{
	int n = 0;

	while (words[n])
		n++;
	return args_parse(n, (char *const *) words, a, e);
}

static void assert_text(struct text *t, const char *expected)
{
	text_put_bytes(t, "", 1);
	assert_false(t->failed);
	assert_string_equal(t->p, expected);
	t->len_bytes--;
}

static void flags_take_values_in_every_form(void **state)
{
	struct args a;

	(void) state;
	assert_int_equal(PARSE(&a, NULL, "--capture", "--fifo", "/f", "--nif=eth0/lo", "--noprom",
				 "--insecure", "false", "--showpods", "true", "--proxyoff=F",
				 "--timeout", "5", "--container", "--odd"),
		0);
	assert_true(a.capture && a.noprom && a.showpods);
	assert_false(a.insecure || a.proxyoff || a.showcontainers);
	assert_string_equal(a.fifo, "/f");
	assert_string_equal(a.nif, "eth0/lo");
	assert_string_equal(a.container, "--odd");
	assert_string_equal(a.url, "");
	assert_int_equal(a.timeout_s, 5);
}

static void words_of_no_meaning_are_refused(void **state)
{
	static const struct {
		const char *words[3], *error;
	} cases[] = {
		{{"--extcap-foo"}, "unknown flag: --extcap-foo"},
		{{"--fif", "x"}, "unknown flag: --fif"},
		{{"--fifo"}, "flag needs an argument: --fifo"},
		{{"word"}, "unknown argument \"word\""},
		{{"--"}, "unknown argument \"--\""},
		{{"-x"}, "unknown argument \"-x\""},
		{{"--debug=maybe"}, "invalid argument \"maybe\" for \"--debug\" flag"},
		{{"--timeout", "-1"}, "invalid argument \"-1\" for \"--timeout\" flag"},
		{{"--timeout", "86401"}, "invalid argument \"86401\" for \"--timeout\" flag"},
		{{"--capture", "true", "true"}, "unknown argument \"true\""},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *words[] = {
			"x", cases[i].words[0], cases[i].words[1], cases[i].words[2], NULL};
		struct err e = ERR_NONE;
		struct args a;

		assert_int_equal(parse(words, &a, &e), -EINVAL);
		assert_string_equal(e.text, cases[i].error);
	}
}

static void there_is_one_action_or_none(void **state)
{
	enum action action;
	struct args a;

	(void) state;
	assert_int_equal(PARSE(&a, NULL, "--debug"), 0);
	assert_int_equal(args_action(&a, &action, NULL), 0);
	assert_int_equal(action, ACTION_NONE);
	assert_int_equal(PARSE(&a, NULL, "--extcap-dlts"), 0);
	assert_int_equal(args_action(&a, &action, NULL), 0);
	assert_int_equal(action, ACTION_DLTS);
	assert_int_equal(PARSE(&a, NULL, "--extcap-dlts", "--capture"), 0);
	assert_int_equal(args_action(&a, &action, NULL), -EINVAL);
}

static void a_token_does_not_stay_on_the_command_line(void **state)
{
	static const char *const forms[][4] = {
		{"x", "--token", "secret", "--debug"},
		{"x", "--token=secret", "--debug", ""},
		{"x", "--token", "first", "--token=secret"},
		{"x", "--tokens", "--debug", "--token"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		char words[4][24], *argv[5] = {words[0], words[1], words[2], words[3], NULL};
		AUTO_FREE char *token = NULL;

		for (size_t k = 0; k < 4; k++)
			(void) snprintf(words[k], sizeof(words[k]), "%s", forms[i][k]);
		assert_int_equal(args_hide_token(4, argv, &token), 0);
		if (i == 3)
			assert_null(token);
		else
			assert_string_equal(token, "secret");
		for (size_t k = 0; k < 4; k++) {
			assert_null(strstr(words[k], "secret"));
			assert_null(strstr(words[k], "first"));
		}
	}
}

static void interfaces_are_told_in_a_stable_order(void **state)
{
	AUTO_TEXT struct text t = {NULL};

	(void) state;
	describe_interfaces(&t, "/usr/share/doc/README.md");
	text_put_bytes(&t, "", 1);
	assert_non_null(
		strstr(t.p, "}\ninterface {value=mobyshark}{display=Docker host capture "
			    "(" PACKETFLIX_VERSION ")}\n"
			    "interface {value=packetflix}{display=packetflix:// remote "
			    "cluster and container host capture (" PACKETFLIX_VERSION ")}\n"));
	assert_ptr_equal(strstr(t.p, "extcap {version=" PACKETFLIX_VERSION
				     "}{help=file:///usr/share/doc/README.md}\n"),
		t.p);
	assert_int_equal(describe_find("mobyshark"), NIF_MOBYSHARK);
	assert_int_equal(describe_find("packetflix"), NIF_PACKETFLIX);
	assert_int_equal(describe_find("Packetflix"), NIF_UNKNOWN);
}

static void options_of_packetflix_are_told_byte_by_byte(void **state)
{
	AUTO_TEXT struct text t = {NULL};

	(void) state;
	describe_config(&t, NIF_PACKETFLIX);
	assert_text(&t,
		"arg {number=2}{call=--insecure}{type=boolflag}{display=\u26a0 INSECURE \u26a0 "
		"Skip server certificate validation}\n"
		"arg {number=3}{call=--token}{type=password}{display=Token}{tooltip=Bearer token "
		"of this service; not saved. Saved ones are in ~/.config/packetflix/tokens}\n"
		"arg {number=4}{call=--plaintoken}{type=boolflag}{display=Send token without TLS}"
		"{default=false}{tooltip=Others on the way can read it}\n"
		"arg {number=10}{call=--url}{type=string}{required=true}{display=capture URL}"
		"{tooltip=URL of the remote capture service}{placeholder=packetflix://...}\n"
		"arg {number=600}{group=Proxy}{call=--proxyoff}{type=boolflag}{default=yes}"
		"{display=Disable proxies}{tooltip=Turns all proxies off}\n"
		"arg {number=666}{group=Proxy}{call=--httpproxy}{type=string}{display=HTTP proxy}"
		"{placeholder=http://poxyproxy.acme.com:1234}\n"
		"arg {number=667}{group=Proxy}{call=--httpsproxy}{type=string}{display=HTTPS "
		"proxy}{placeholder=http://poxyproxy.acme.com:1234}\n"
		"arg {number=668}{group=Proxy}{call=--noproxy}{type=string}{display=No proxy}"
		"{placeholder=destinations to be reached without a proxy}\n");
}

static void options_of_mobyshark_are_told_byte_by_byte(void **state)
{
	AUTO_TEXT struct text t = {NULL};
	AUTO_TEXT struct text both = {NULL};

	(void) state;
	describe_config(&t, NIF_MOBYSHARK);
	text_put(&both,
		"arg {number=1}{call=--dockerhosturl}{type=string}{required=true}{display=Docker "
		"host URL}{tooltip=Name or address of the Docker host}{placeholder=http://"
		"host-ip-or-dns:5001}\n"
		"arg {number=2}{call=--insecure}{type=boolflag}{display=\u26a0 INSECURE \u26a0 "
		"Skip server certificate validation}\n"
		"arg {number=3}{call=--token}{type=password}{display=Token}{tooltip=Bearer token "
		"of this service; not saved. Saved ones are in ~/.config/packetflix/tokens}\n"
		"arg {number=4}{call=--plaintoken}{type=boolflag}{display=Send token without TLS}"
		"{default=false}{tooltip=Others on the way can read it}\n"
		"arg {number=10}{call=--container}{type=selector}{reload=true}"
		"{display=Containers}{placeholder=refresh}\n"
		"arg {number=20}{call=--nif}{type=selector}{reload=true}{display=Interfaces}"
		"{placeholder=refresh}\n"
		"arg {number=30}{call=--showpods}{type=boolflag}{display=Show pods}"
		"{default=false}\n"
		"arg {number=31}{call=--showcontainers}{type=boolflag}{display=Show standalone "
		"containers}{default=true}\n"
		"arg {number=32}{call=--showprocs}{type=boolflag}{display=Show processes}"
		"{default=false}\n"
		"arg {number=33}{call=--showemptynetns}{type=boolflag}{display=Show process-less "
		"IP stacks}{default=false}\n"
		"arg {number=40}{call=--noprom}{type=boolflag}{display=No promiscuous mode}"
		"{default=false}\n");
	text_put_bytes(&both, "", 1);
	text_put_bytes(&t, "", 1);
	assert_int_equal(strncmp(t.p, both.p, both.len_bytes - 1), 0);
	assert_int_equal(strncmp(t.p + both.len_bytes - 1, "arg {number=600}", 16), 0);
	assert_non_null(strstr(t.p, "\nvalue {arg=20}{value=any}{display=all}{default=true}\n"));
}

static void escapes_are_those_of_forms(void **state)
{
	AUTO_TEXT struct text t = {NULL};
	AUTO_FREE char *plain = NULL;
	char *none = NULL;

	(void) state;
	escape_put(&t, "a b+{\"\xc3\xbc\"}~-_.");
	assert_text(&t, "a+b%2B%7B%22%C3%BC%22%7D~-_.");
	assert_int_equal(escape_undo("a+%2b%zz%", 9, &plain), 0);
	assert_string_equal(plain, "a +%zz%");
	assert_int_equal(escape_undo("%00", 3, &none), -EINVAL);
	assert_null(none);
}

static void links_become_their_parts(void **state)
{
	static const struct {
		const char *text, *service, *container, *nif, *filter, *token;
		bool chaste;
	} cases[] = {
		{"packetflix:ws://h:5001/capture?container=%7B%22name%22%3A%22a%22%7D&nif=eth0/lo",
			"http://h:5001", "{\"name\":\"a\"}", "eth0/lo", "", "", false},
		{"packetflix:wss://h/base/x/capture?chaste&filter=tcp+port%2080&nif=any&token=t%2B",
			"https://h/base/x", "", "any", "tcp port 80", "t+", true},
		{"packetflix://h/capture?container={}#frag?x", "https://h", "{}", "", "", "",
			false},
		{"PACKETFLIX:WS://h?chaste=&&nif=a&nif=b", "http://h", "", "a", "", "", true},
		{"ws://h/other?container=%257B%2522a%252Bb%2522%257D", "http://h/other",
			"{\"a+b\"}", "", "", "", false},
		{"packetflix:ws://h/capture?container=%7B%22n%22%3A%22a%2Bb%25%22%7D", "http://h",
			"{\"n\":\"a+b%\"}", "", "", "", false},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_LINK struct link l = {NULL};

		assert_int_equal(link_parse(cases[i].text, &l, NULL), 0);
		assert_string_equal(l.service_url, cases[i].service);
		assert_string_equal(l.container, cases[i].container);
		assert_string_equal(l.nif, cases[i].nif);
		assert_string_equal(l.filter, cases[i].filter);
		assert_string_equal(l.token, cases[i].token);
		assert_int_equal(l.chaste, cases[i].chaste);
	}
}

static void what_is_no_link_is_refused(void **state)
{
	static const char *const bad[] = {"", "packetflix:", "packetflix:http://h/capture",
		"http://h", "packetflix:ws:h", "packetflix:ws://h/?nif=%00"};
	char *huge = malloc(LINK_BYTES_MAX + 2);
	AUTO_LINK struct link l = {NULL};
	struct err e = ERR_NONE;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(link_parse(bad[i], &l, &e), -EINVAL);
		assert_non_null(strstr(e.text, "the capture URL "));
	}
	memset(huge, 'a', LINK_BYTES_MAX + 1);
	huge[LINK_BYTES_MAX + 1] = '\0';
	memcpy(huge, "ws://", 5);
	assert_int_equal(link_parse(huge, &l, &e), -EINVAL);
	huge[LINK_BYTES_MAX] = '\0';
	assert_int_equal(link_parse(huge, &l, &e), 0);
	free(huge);
}

static void both_filters_count(void **state)
{
	static const char *const cases[][3] = {{"", "", ""}, {"a", "", "a"}, {"", "b", "b"},
		{"a or b", "c", "(a or b) and (c)"}, {"a", "a", "a"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_FREE char *both = NULL;

		assert_int_equal(link_join_filters(cases[i][0], cases[i][1], &both), 0);
		assert_string_equal(both, cases[i][2]);
	}
}

static void interface_names_are_taken_apart(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *first, *last;
	} cases[] = {{"", 0, NULL, NULL}, {"/", 0, NULL, NULL}, {"any", 1, "any", "any"},
		{"all", 1, "any", "any"}, {"a//b/", 2, "a", "b"}, {"all/b", 2, "all", "b"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_JOB struct job job = {NULL};

		assert_int_equal(job_split_interfaces(&job, cases[i].text), 0);
		assert_int_equal(job.n_interfaces, cases[i].n);
		if (cases[i].n == 0)
			continue;
		assert_string_equal(job.interfaces[0], cases[i].first);
		assert_string_equal(job.interfaces[cases[i].n - 1], cases[i].last);
	}
}

#define TARGET(of_name, of_type, of_prefix, of_node, inode)                                        \
	{                                                                                          \
		.name = (of_name), .type = (of_type), .prefix = (of_prefix),                       \
		.node_name = (of_node), .netns = (inode), .cluster_context = "",                   \
		.cluster_uid = "", .capture_service = ""                                           \
	}

static const struct csharg_target listed[] = {
	TARGET("web", "docker", "kind", "n", 1),
	TARGET("web", "docker", "", "m", 2),
	TARGET("a}{", "pod", "", "n", 3),
	TARGET("init(1)", "proc", "", "n", 4),
	TARGET("/run/x", "bindmount", "", "n", 5),
};
static const struct csharg_target *const all_of_them[] = {
	&listed[0], &listed[1], &listed[2], &listed[3], &listed[4]};
static const struct csharg_targets all = {.n = 5, .target = all_of_them};

static void a_link_gets_the_only_target_of_its_name_and_type(void **state)
{
	struct csharg_target wanted = {.name = "web", .type = "docker", .node_name = ""};

	(void) state;
	assert_null(job_match(&all, &wanted));
	wanted.node_name = "m";
	assert_ptr_equal(job_match(&all, &wanted), &listed[1]);
	wanted.type = "pod";
	assert_null(job_match(&all, &wanted));
}

static void containers_are_listed_as_the_flags_show_them(void **state)
{
	AUTO_TEXT struct text t = {NULL};
	AUTO_TEXT struct text pods = {NULL};
	struct args a;
	const char *first, *second;

	(void) state;
	assert_int_equal(PARSE(&a, NULL, "--showcontainers"), 0);
	assert_int_equal(reload_put_targets(&t, &all, &a), 0);
	text_put_bytes(&t, "", 1);
	first = strstr(t.p, "{display=kind:web}{default=false}\n");
	assert_non_null(first);
	second = strstr(first, "{display=web}{default=false}\n");
	assert_non_null(second);
	assert_string_equal(second, "{display=web}{default=false}\n");
	assert_int_equal(PARSE(&a, NULL, "--showpods"), 0);
	assert_int_equal(reload_put_targets(&pods, &all, &a), 0);
	assert_text(&pods,
		"value {arg=10}{value=%7B%22name%22%3A%22a%7D%7B%22%2C%22type%22%3A%22pod%22%2C"
		"%22netns%22%3A3%2C%22network-interfaces%22%3Anull%2C%22prefix%22%3A%22%22%2C"
		"%22node-name%22%3A%22n%22%7D}{display=a)(}{default=false}\n");
}

static void interfaces_are_listed_sorted_behind_any(void **state)
{
	static const char *const names[] = {"lo", "eth0", "br}0"};
	struct csharg_target t = {.interfaces = names, .n_interfaces = 3};
	AUTO_TEXT struct text known = {NULL};
	AUTO_TEXT struct text unknown = {NULL};

	(void) state;
	assert_int_equal(reload_put_interfaces(&known, &t), 0);
	assert_text(&known, "value {arg=20}{value=any}{display=all}{default=true}\n"
			    "value {arg=20}{value=eth0}{display=eth0}{default=false}\n"
			    "value {arg=20}{value=lo}{display=lo}{default=false}\n");
	assert_int_equal(reload_put_interfaces(&unknown, NULL), 0);
	assert_text(&unknown, "value {arg=20}{value=any}{display=all}{default=true}\n");
}

static void folders_are_read_from_what_wireshark_says(void **state)
{
	struct folders old = {0}, new = {0};

	(void) state;
	folders_parse("Temp:\t/tmp\nPersonal configuration:\t/h/.config/wireshark\n"
		      "Extcap path:         \t/usr/lib/wireshark/extcap\n",
		&old);
	assert_int_equal(old.n, 2);
	assert_string_equal(old.path[0], "/usr/lib/wireshark/extcap");
	assert_string_equal(old.path[1], "/h/.config/wireshark/extcap");
	folders_parse("Personal configuration:\t/h/.config/wireshark\nPersonal Extcap path:\t/h/e\n"
		      "Global Extcap path:\t/g/e\nExtcap path:\t/g/e\nOdd extcap:\n",
		&new);
	assert_int_equal(new.n, 2);
	assert_string_equal(new.path[0], "/h/e");
	assert_string_equal(new.path[1], "/g/e");
}

static void the_debug_file_holds_no_passwords(void **state)
{
	char path[] = "/tmp/test-extcap-XXXXXX", text[4096] = "";
	struct journal j;
	int fd = mkstemp(path);

	(void) state;
	assert_int_equal(journal_open(&j, path, false, NULL), 0);
	journal_secret(&j, "argument", "packetflix:ws://h/capture?token=abc&nif=a@b");
	journal_secret(&j, "http_proxy", "http://user:pw@proxy:1/x@y");
	journal_close(&j);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	(void) close(fd);
	(void) unlink(path);
	assert_non_null(
		strstr(text, " debug argument \"packetflix:ws://h/capture?token=...&nif=a@b\"\n"));
	assert_non_null(strstr(text, " debug http_proxy \"http://...@proxy:1/x@y\"\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flags_take_values_in_every_form),
		cmocka_unit_test(words_of_no_meaning_are_refused),
		cmocka_unit_test(there_is_one_action_or_none),
		cmocka_unit_test(a_token_does_not_stay_on_the_command_line),
		cmocka_unit_test(interfaces_are_told_in_a_stable_order),
		cmocka_unit_test(options_of_packetflix_are_told_byte_by_byte),
		cmocka_unit_test(options_of_mobyshark_are_told_byte_by_byte),
		cmocka_unit_test(escapes_are_those_of_forms),
		cmocka_unit_test(links_become_their_parts),
		cmocka_unit_test(what_is_no_link_is_refused),
		cmocka_unit_test(both_filters_count),
		cmocka_unit_test(interface_names_are_taken_apart),
		cmocka_unit_test(a_link_gets_the_only_target_of_its_name_and_type),
		cmocka_unit_test(containers_are_listed_as_the_flags_show_them),
		cmocka_unit_test(interfaces_are_listed_sorted_behind_any),
		cmocka_unit_test(folders_are_read_from_what_wireshark_says),
		cmocka_unit_test(the_debug_file_holds_no_passwords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
