/* SPDX-License-Identifier: MIT */
/* Filter expressions become programs that mean in the kernel what libpcap means, or are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_packet.h>

#include "base/own.h"
#include "bpf/run.h"
#include "netlink/linktype.h"
#include "compile/filter.h"
#include "compile/filter_names.h"
#include "compile/filter_text.h"
#include "support/bpf_kernel.h"
#include "support/lookups.h"

static const struct filter_link ethernet[] = {{"eth0", LINKTYPE_ETHERNET}};
static const struct filter_link mixed[] = {{"eth0", LINKTYPE_ETHERNET}, {"tun0", LINKTYPE_RAW_IP}};
static const struct filter_link cooked[] = {
	{"eth0", LINKTYPE_ETHERNET}, {"gre0", LINKTYPE_LINUX_SLL}};

static int compile(struct capture_conf *c, const char *filter, const struct filter_link *links,
	size_t n, struct err *why)
{
	memset(c, 0, sizeof(*c));
	memset(why, 0, sizeof(*why));
	c->snaplen = CONF_SNAPLEN_MAX;
	c->filter = strdup(filter);
	assert_non_null(c->filter);
	return filter_compile(c, links, n, why);
}

static void expect_refusal(
	const char *filter, const struct filter_link *links, size_t n, const char *text)
{
	struct capture_conf c;
	struct err why;

	if (compile(&c, filter, links, n, &why) != -EINVAL)
		fail_msg("'%s' was taken", filter);
	assert_string_equal(why.text, text);
	assert_int_equal(c.n_programs, 0);
	capture_conf_done(&c);
}

static const struct conf_program *program(const struct capture_conf *c, uint16_t linktype)
{
	for (uint16_t i = 0; i < c->n_programs; i++) {
		if (c->programs[i].linktype == linktype)
			return &c->programs[i];
	}
	fail_msg("no program for link type %u", linktype);
	return NULL;
}

/* Compile @filter; every program must be acceptable to the kernel. */
static struct capture_conf expect_programs(
	const char *filter, const struct filter_link *links, size_t n)
{
	struct capture_conf c;
	struct err why;
	size_t sum = 0;

	if (compile(&c, filter, links, n, &why) != 0)
		fail_msg("'%s': %s", filter, why.text);
	assert_int_equal(c.n_programs, 5);
	for (uint16_t i = 0; i < c.n_programs; i++) {
		const struct conf_program *p = &c.programs[i];

		assert_int_equal(p->refuses, p->n_insns == 0);
		sum += p->n_insns;
		if (!p->refuses && !bpf_kernel_takes(p->insns, p->n_insns))
			fail_msg("'%s': the kernel refuses link type %u", filter, p->linktype);
	}
	assert_true(sum <= FILTER_INSNS_MAX);
	return c;
}

static void an_empty_filter_keeps_everything(void **state)
{
	static const char *const blank[] = {"", " ", " \t\n"};
	static const uint8_t one = 1;

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(blank); i++) {
		struct capture_conf c = expect_programs(blank[i], ethernet, 1);

		for (uint16_t p = 0; p < c.n_programs; p++)
			assert_int_equal(
				bpf_run(c.programs[p].insns, c.programs[p].n_insns,
					&(struct bpf_packet){&one, 1, 0, 0, 0, 0, 0, 0, 0}),
				CONF_SNAPLEN_MAX);
		capture_conf_done(&c);
	}
}

static void bad_filters_are_refused_in_libpcaps_words(void **state)
{
	static const struct {
		const char *filter, *words;
	} cases[] = {
		{"foo bar", "can't parse filter expression: syntax error"},
		{"foo", "can't parse filter expression: syntax error"},
		{"tcp port", "can't parse filter expression: syntax error"},
		{"(((", "can't parse filter expression: syntax error"},
		{"host", "can't parse filter expression: syntax error"},
		{"\x01", "can't parse filter expression: syntax error"},
		{"\\", "can't parse filter expression: syntax error"},
		{"port 99999999", "illegal port number 99999999 > 65535"},
		{"host 192.0.2.999", "invalid IPv4 address '192.0.2.999'"},
		{"net 192.0.2.1/99", "mask length must be <= 32"},
		{"vlan 99999", "VLAN tag 99999 greater than maximum 4095"},
		{"ip[0:3] = 1", "data size must be 1, 2, or 4"},
		{"ether[0] << 33 = 1", "shift by more than 31 bits"},
		{"ether[0]/0 = 1", "division by zero"},
		{"wlan type mgt", "802.11 link-layer types supported only on 802.11"},
		{"arp and tcp", "expression rejects all packets"},
		{"host www.example", "unknown host 'www.example' (names are not looked up)"},
		{"src (192.0.2.1 or www.example)",
			"unknown host 'www.example' (names are not looked up)"},
		{"net somewhere", "unknown network 'somewhere' (names are not looked up)"},
		{"ether host xx", "unknown ether host 'xx'"},
		{"udp port nosuchservice", "unknown port 'nosuchservice'"},
		{"portrange a-b", "unknown port in range 'a-b'"},
		{"portrange http-b", "unknown port in range 'http-b'"},
		{"portrange ftp-data-ftp", "unknown port in range 'ftp-data-ftp'"},
		{"iso proto \\ip", "unknown osi proto 'ip'"},
		{"iso proto foo", "unknown osi proto 'foo'"},
		{"proto nosuchproto", "unknown ip proto 'nosuchproto'"},
		{"ether proto nosuchproto", "unknown ether proto 'nosuchproto'"},
		{"ip6 protochain 6", "it needs a loop, which the kernel does not run"},
		{"pppoes and inbound",
			"direction, interface and tag cannot be tested in this combination"},
		{"ether[0xfffff014] = 1",
			"direction, interface and tag cannot be tested in this combination"},
		{"ether[0x7fffff00] = 1", "an offset lies outside of every packet"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[256];

		(void) snprintf(text, sizeof(text), "invalid capture filter: %s", cases[i].words);
		expect_refusal(cases[i].filter, ethernet, 1, text);
	}
}

static void a_refusal_names_the_interface_if_others_fit(void **state)
{
	struct capture_conf c;

	(void) state;
	expect_refusal("vlan", mixed, 2,
		"invalid capture filter: no VLAN support for Raw IP (interface \"tun0\")");
	expect_refusal("less 100", cooked, 2,
		"invalid capture filter: the length cannot be tested on this kind of interface "
		"(interface \"gre0\")");
	c = expect_programs("vlan", mixed, 1);
	assert_true(program(&c, LINKTYPE_RAW_IP)->refuses);
	assert_true(program(&c, LINKTYPE_LINUX_SLL)->refuses);
	capture_conf_done(&c);
	c = expect_programs("vlan", NULL, 0);
	assert_false(program(&c, LINKTYPE_ETHERNET)->refuses);
	capture_conf_done(&c);
	/* nothing can match on one of them: that is no error */
	c = expect_programs("arp", mixed, 2);
	assert_true(program(&c, LINKTYPE_RAW_IP)->refuses);
	capture_conf_done(&c);
	expect_refusal(
		"arp", mixed + 1, 1, "invalid capture filter: expression rejects all packets");
}

static void no_keyword_and_no_name_is_ever_looked_up(void **state)
{
	static const char *const forms[] = {"host %s", "%s", "net %s", "port %s", "ether host %s",
		"portrange %s-%s", "gateway %s", "src or dst %s", "proto %s", "ip proto \\%s",
		"host \\%s", "ether proto %s", "vlan %s", "ip[%s]=1", "type %s", "llc %s",
		"host 192.0.2.1 or %s", "port 80 or %s", "tcp port (80 or %s)", "on %s",
		"host 1:2:3:4:5:6 or %s", "ether proto 1 or %s", "dst net not %s", "%s/24",
		"net %s mask 255.0.0.0", "host %s.%s", "host %s-%s", "host a:%s", "$%s",
		"src\\%s or dst", "host a-\\%s", "net 1:\\%s", "::%s"};
	static const char *const names[] = {"localhost", "loopback", "http", "tcp", "ip", "vlan",
		"icmp-echo", "tcpflags", "lsu", "lssu", "10.0.0.0.1", "1.2.3.4.5", "0x", "0x1g",
		"12ab", "a1", "fe80", "80-90", "1-2-3", "ip6-allnodes", "mgt", "beacon", "root",
		"lsp", "carp", "igrp", "sc", "ilmic", "ifindex", "geneve", "ra", "ta", "hsls"};

	(void) state;
	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			char filter[128];
			struct capture_conf c;
			struct err why;

			/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
			int n = snprintf(filter, sizeof(filter), "%.*s%s%s",
				(int) strcspn(forms[f], "%"), forms[f], names[i],
				strchr(forms[f], '%') + 2);

			assert_true(n > 0);
			(void) compile(&c, filter, ethernet, 1, &why);
			if (lookups_made())
				fail_msg("'%s' was looked up", filter);
			capture_conf_done(&c);
		}
	}
}

static void names_of_services_and_protocols_are_known(void **state)
{
	static const struct {
		const char *filter, *plain;
	} cases[] = {
		{"udp port domain", "udp port  53 "},
		{"port (http or https)", "port ( 80  or  443 )"},
		{"port 22 or ssh", "port 22 or  22 "},
		{"ip proto \\udp and port 53", "ip proto  17  and port 53"},
		{"proto ospf", "proto  89 "},
		{"port\\http", "port 80 "},
		{"ether proto \\ip and port 53", "ether proto \\ip and port 53"},
		{"ether host 1:2:3:4:5:6 and proto \\tcp", "ether host 1:2:3:4:5:6 and proto  6 "},
		{"portrange 6000-6008", "portrange 6000-6008"},
		{"tcp portrange http-https", "tcp portrange  80-443 "},
		{"portrange 80-https or ftp-23", "portrange  80-443  or  21-23 "},
		{"iso proto \\isis or \\clnp or \\esis", "iso proto \\isis or \\clnp or \\esis"},
		{"proto \\isis", "proto  124 "},
		{"ip proto hmp", "ip proto  20 "},
		{"host fe80::1 or ::1 or 2001:db8::/32", "host fe80::1 or ::1 or 2001:db8::/32"},
		{"ether host 00-11-22-33-44-55", "ether host 00-11-22-33-44-55"},
		{"ether host 0011.2233.4455", "ether host 0011.2233.4455"},
		{"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
			"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0"},
		{"ether[0:2]=0x0102", "ether[0:2]=0x0102"},
		{"wlan type mgt subtype assoc-req", "wlan type mgt subtype assoc-req"},
		{"net 192.0.2 or 10", "net 192.0.2 or 10"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter_text t;

		assert_int_equal(filter_text_prepare(cases[i].filter, &t), 0);
		assert_string_equal(t.plain, cases[i].plain);
		assert_string_equal(t.unknown, "");
		assert_null(t.stripped);
		filter_text_done(&t);
	}
}

static void the_first_vlan_test_asks_for_the_tag_beside_the_packet(void **state)
{
#define TAG     "link[0xfffff02c:2] & 0xfff ="
#define PRESENT "(link[0xfffff030:2] = 1)"
	static const struct {
		const char *filter, *stripped;
	} cases[] = {
		{"vlan", PRESENT},
		{"not vlan", "not " PRESENT},
		{"vlan 100", "(" TAG "  100)"},
		{"vlan 0x64 and tcp", "(" TAG "  0x64) and tcp"},
		{"vlan (5) or ip", "(" TAG "  (5)) or ip"},
		{"vlan ( (5 ) )and ip", "(" TAG "  ( (5 ) ))and ip"},
		{"vlan and vlan 5", PRESENT " and vlan 5"},
		{"(vlan)", "(" PRESENT ")"},
		{"vlan and port http", PRESENT " and port  80 "},
		{"vlan 5x", PRESENT "  0.0.0.1 "},
		{"geneve and vlan", NULL},
		{"vlan 1 and geneve and vlan 2", "(" TAG "  1) and geneve and vlan 2"},
		{"ether proto \\vlan", NULL},
		{"vlan-id", NULL},
		{"tcp", NULL},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct filter_text t;

		assert_int_equal(filter_text_prepare(cases[i].filter, &t), 0);
		if (cases[i].stripped)
			assert_string_equal(t.stripped, cases[i].stripped);
		else
			assert_null(t.stripped);
		filter_text_done(&t);
	}
}

/* An IPv4 packet with UDP or TCP in it, from 192.0.2.1 port 1000 to 192.0.2.2 port @port. */
static size_t put_ip(uint8_t *p, uint8_t proto, uint16_t port)
{
	static const uint8_t header[20] = {
		0x45, 0, 0, 48, 0, 1, 0, 0, 64, 0, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

	memset(p, 0, 48);
	memcpy(p, header, sizeof(header));
	p[9] = proto;
	p[20] = 1000 >> 8;
	p[21] = 1000 & 255;
	p[22] = (uint8_t) (port >> 8);
	p[23] = (uint8_t) port;
	p[32] = 5 << 4;
	p[33] = 2; /* SYN */
	return 48;
}

/* An Ethernet frame with @n_tags in it, inner ones last. */
struct frame {
	uint8_t bytes[128];
	size_t len;
};

static struct frame frame(const uint16_t *vids, size_t n_tags, uint8_t proto, uint16_t port)
{
	struct frame f = {.bytes = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}, .len = 12};

	for (size_t i = 0; i < n_tags; i++) {
		f.bytes[f.len++] = 0x81;
		f.bytes[f.len++] = 0;
		f.bytes[f.len++] = (uint8_t) (vids[i] >> 8 | 0x60);
		f.bytes[f.len++] = (uint8_t) vids[i];
	}
	f.bytes[f.len++] = 8;
	f.bytes[f.len++] = 0;
	f.len += put_ip(f.bytes + f.len, proto, port);
	return f;
}

/* How a packet socket shows @f: the outer tag beside the packet, if there is one and @strip. */
static bool passes(const struct capture_conf *c, const struct frame *f, bool strip)
{
	const struct conf_program *p = program(c, LINKTYPE_ETHERNET);
	struct frame g = *f;
	struct bpf_packet pkt = {.bytes = g.bytes, .len_bytes = g.len, .network_at = 14};

	if (strip && f->bytes[12] == 0x81) {
		pkt.tagged = true;
		pkt.tci = (uint16_t) (f->bytes[14] << 8 | f->bytes[15]);
		memmove(g.bytes + 12, g.bytes + 16, g.len - 16);
		pkt.len_bytes = g.len - 4;
	}
	return bpf_run(p->insns, p->n_insns, &pkt) != 0;
}

static void vlan_filters_mean_what_they_mean_on_a_live_interface(void **state)
{
	static const uint16_t five[] = {5, 6}, six[] = {6, 5};
	const struct frame plain = frame(NULL, 0, 17, 53), tcp = frame(NULL, 0, 6, 80),
			   tag5 = frame(five, 1, 17, 53), tag6 = frame(six, 1, 6, 80),
			   both = frame(five, 2, 17, 53);
	const struct frame *const frames[] = {&plain, &tcp, &tag5, &tag6, &both};
	/* one letter for each frame: y passes, n does not */
	static const struct {
		const char *filter, *verdicts;
	} cases[] = {
		{"vlan", "nnyyy"},
		{"not vlan", "yynnn"},
		{"vlan 5", "nnyny"},
		{"vlan 0x006", "nnnyn"},
		{"vlan 0", "nnnnn"},
		{"vlan and tcp port 80", "nnnyn"},
		{"vlan 5 and udp port 53", "nnynn"},
		{"vlan 5 or udp port 53", "nnyny"},
		{"vlan and vlan", "nnnny"},
		{"vlan 5 and vlan 6", "nnnny"},
		{"vlan 6 and vlan 5", "nnnnn"},
		{"vlan 5 and vlan 6 and udp port 53", "nnnny"},
		{"tcp port 80", "nynyn"},
		{"udp port 53", "ynynn"},
		{"udp port 53 or (vlan and udp port 53)", "ynynn"},
		{"ip or (vlan and ip) or (vlan and vlan and ip)", "yyyyn"},
		{"ether[12:2] = 0x8100", "nnnny"},
		{"vlan and ether[12:2] = 0x0800", "nnyyn"},
		{"not (vlan 5)", "yynyn"},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct capture_conf c = expect_programs(cases[i].filter, ethernet, 1);

		for (size_t f = 0; f < ARRAY_LEN(frames); f++) {
			if (passes(&c, frames[f], true) != (cases[i].verdicts[f] == 'y'))
				fail_msg("'%s' on frame %zu", cases[i].filter, f);
		}
		capture_conf_done(&c);
	}
}

static void tags_in_the_packet_are_found_as_well(void **state)
{
	static const uint16_t five[] = {5, 6};
	const struct frame one = frame(five, 1, 17, 53), two = frame(five, 2, 6, 80);
	static const struct {
		const char *filter;
		bool one, two;
	} cases[] = {{"vlan", true, true}, {"vlan 5", true, true}, {"vlan 6", false, false},
		{"vlan 5 and udp port 53", true, false}, {"vlan and vlan 6", false, true},
		{"vlan and vlan and tcp port 80", false, true}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct capture_conf c = expect_programs(cases[i].filter, ethernet, 1);

		assert_int_equal(passes(&c, &one, false), cases[i].one);
		assert_int_equal(passes(&c, &two, false), cases[i].two);
		capture_conf_done(&c);
	}
}

static void cooked_links_are_tested_through_the_kernels_facts(void **state)
{
	static const struct {
		const char *filter;
		bool passes;
	} cases[] = {{"udp port 53", true}, {"udp port 54", false}, {"ip", true}, {"ip6", false},
		{"host 192.0.2.2", true}, {"src 192.0.2.2", false}, {"inbound", false},
		{"outbound", true}, {"ip[8] = 64", true}, {"udp[2:2] = 53", true},
		{"link[0:2] = 4", true}, {"link[2:2] = 778", true}, {"link[14:2] = 0x800", true},
		{"ether proto \\ip", true}, {"ip[ip[8] + 100] = 0", false}, {"ifindex 7", true}};
	uint8_t bytes[24 + 48] = {0xff, 0xff, 0xff};
	struct bpf_packet pkt = {.bytes = bytes,
		.len_bytes = sizeof(bytes),
		.network_at = 24,
		.protocol = 0x800,
		.hatype = ARPHRD_IPGRE,
		.pkttype = PACKET_OUTGOING,
		.ifindex = 7};

	(void) state;
	put_ip(bytes + 24, 17, 53);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct capture_conf c = expect_programs(cases[i].filter, NULL, 0);
		const struct conf_program *p = program(&c, LINKTYPE_LINUX_SLL);

		if ((!p->refuses && bpf_run(p->insns, p->n_insns, &pkt) != 0) != cases[i].passes)
			fail_msg("'%s'", cases[i].filter);
		capture_conf_done(&c);
	}
	expect_refusal("link[4:2] = 0", cooked + 1, 1,
		"invalid capture filter: of the link layer only packet type, link type and "
		"protocol can be tested on this kind of interface");
	expect_refusal("link[ip[0]] = 0", cooked + 1, 1,
		"invalid capture filter: the link layer cannot be searched on this kind of "
		"interface");
}

static void direction_is_known_to_the_kernel(void **state)
{
	struct capture_conf c = expect_programs("inbound", mixed, 2);
	struct frame f = frame(NULL, 0, 17, 53);

	(void) state;
	for (uint8_t type = PACKET_HOST; type <= PACKET_OUTGOING; type++) {
		const struct conf_program *p = program(&c, LINKTYPE_RAW_IP);
		struct bpf_packet pkt = {.bytes = f.bytes, .len_bytes = f.len, .pkttype = type};

		assert_int_equal(bpf_run(p->insns, p->n_insns, &pkt) != 0, type != PACKET_OUTGOING);
	}
	capture_conf_done(&c);
}

static char *many(const char *first, const char *each, int n)
{
	char *s = NULL, *p;

	assert_true((p = s = malloc((size_t) (n + 1) * 64)) != NULL);
	p += sprintf(p, "%s", first);
	for (int i = 0; i < n; i++)
		p += sprintf(p, "%s%d", each, 100 + i);
	return s;
}

static void long_filters_give_up_absent_link_types_first(void **state)
{
	char *filter = many("udp port 4242", " or udp port ", 160);
	struct capture_conf c = expect_programs(filter, ethernet, 1);

	(void) state;
	assert_false(program(&c, LINKTYPE_ETHERNET)->refuses);
	assert_true(program(&c, LINKTYPE_IEEE802_11)->refuses);
	capture_conf_done(&c);
	free(filter);
	filter = many("udp port 4242", " or udp port ", 120);
	c = expect_programs(filter, mixed, 2);
	assert_false(program(&c, LINKTYPE_RAW_IP)->refuses);
	capture_conf_done(&c);
	free(filter);
}

static void long_lists_are_compiled(void **state)
{
	static const struct {
		const char *first, *each;
		int n;
	} rows[] = {
		{"host 192.0.2.1", " or host 10.0.0.", 150}, {"port 1", " or port ", 70},
		{"net 10.0.0.0/8", " or net 10.", 90}, {"udp port 1", " or udp port ", 166},
		{"vlan", " or host 10.0.0.", 80}, /* two programs */
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *filter = many(rows[i].first, rows[i].each, rows[i].n);
		struct capture_conf c = expect_programs(filter, ethernet, 1);

		capture_conf_done(&c);
		free(filter);
	}
}

static void filters_beyond_reason_are_refused(void **state)
{
	char *filter = many("decnet host 1.1", " or decnet host 1.", 70);

	(void) state;
	expect_refusal(filter, ethernet, 1, "invalid capture filter: more than 3072 instructions");
	free(filter);
	filter = malloc(CONF_FILTER_MAX + 2);
	assert_non_null(filter);
	memset(filter, ' ', CONF_FILTER_MAX + 1);
	filter[CONF_FILTER_MAX + 1] = '\0';
	expect_refusal(filter, ethernet, 1, "invalid capture filter: more than 65535 bytes");
	free(filter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_filter_keeps_everything),
		cmocka_unit_test(bad_filters_are_refused_in_libpcaps_words),
		cmocka_unit_test(a_refusal_names_the_interface_if_others_fit),
		cmocka_unit_test(no_keyword_and_no_name_is_ever_looked_up),
		cmocka_unit_test(names_of_services_and_protocols_are_known),
		cmocka_unit_test(the_first_vlan_test_asks_for_the_tag_beside_the_packet),
		cmocka_unit_test(vlan_filters_mean_what_they_mean_on_a_live_interface),
		cmocka_unit_test(tags_in_the_packet_are_found_as_well),
		cmocka_unit_test(cooked_links_are_tested_through_the_kernels_facts),
		cmocka_unit_test(direction_is_known_to_the_kernel),
		cmocka_unit_test(long_filters_give_up_absent_link_types_first),
		cmocka_unit_test(long_lists_are_compiled),
		cmocka_unit_test(filters_beyond_reason_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
