/* SPDX-License-Identifier: MIT */
/* The language of pcap-filter(7), keyword by keyword, for each link type: what libpcap takes or
 * refuses for a saved file, as tcpdump -r does, our compiler takes or refuses, and the programs
 * choose the same packets. Names of hosts and networks are left out: we do not look them up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "bpf/run.h"
#include "compile/filter.h"
#include "netlink/linktype.h"

#define PACKETS_MAX 64
#define BYTES_MAX   160
#define TEXT_MAX    256
#define ETHERNET    14 /* bytes of a header */
#define SLL         16

struct packet {
	uint8_t bytes[BYTES_MAX];
	size_t len_bytes;
};

struct scene {
	uint16_t linktype;
	int dlt;
	struct packet packets[PACKETS_MAX];
	size_t n;
	size_t n_taken, n_refused;      /* by libpcap */
	size_t n_documented, n_matches; /* refused by us alone; packets chosen */
};

/* --- packets --- */

static void put(struct packet *p, const void *bytes, size_t n)
{
	assert_true(p->len_bytes + n <= BYTES_MAX);
	memcpy(p->bytes + p->len_bytes, bytes, n);
	p->len_bytes += n;
}

static void put16(struct packet *p, unsigned int v)
{
	const uint8_t b[] = {(uint8_t) (v >> 8), (uint8_t) v};

	put(p, b, sizeof(b));
}

static void put_zeros(struct packet *p, size_t n)
{
	static const uint8_t zero[64];

	put(p, zero, n);
}

static void put_ipv4(struct packet *p, uint8_t proto, uint8_t last, unsigned int fragment)
{
	const uint8_t head[] = {0x45, 0, 0, 60, 0, 1, (uint8_t) (fragment >> 8), (uint8_t) fragment,
		64, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, last};

	put(p, head, sizeof(head));
}

static void put_ipv6(struct packet *p, uint8_t next, uint8_t last)
{
	const uint8_t head[] = {0x60, 0, 0, 0, 0, 32, next, 64};
	uint8_t addr[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};

	put(p, head, sizeof(head));
	put(p, addr, sizeof(addr));
	addr[15] = last;
	put(p, addr, sizeof(addr));
}

static void put_ports(struct packet *p, unsigned int from, unsigned int to)
{
	put16(p, from);
	put16(p, to);
	put_zeros(p, 8);
	put16(p, 0x5002); /* of TCP: SYN */
	put_zeros(p, 16);
}

/* What is behind the link layer, by number; the EtherType in *ret. False behind the last. */
static bool put_network(struct packet *p, size_t i, uint16_t *ret)
{
	static const struct {
		uint8_t proto;
		uint16_t from, to;
	} flows[] = {{6, 40000, 80}, {6, 53, 40000}, {17, 53, 53}, {17, 67, 68}, {132, 5000, 80},
		{17, 4500, 6081}, {6, 443, 50123}};
	static const uint8_t protos[] = {1, 2, 9, 47, 50, 51, 88, 103, 112, 58, 4, 41, 0, 60, 255};
	static const uint16_t types[] = {0x0806, 0x8035, 0x809b, 0x80f3, 0x6003, 0x6004, 0x6007,
		0x6001, 0x6002, 0x8137, 0x8847, 0x8863, 0x8864, 0x9000, 0x88cc, 0x1234};
	size_t n = sizeof(flows) / sizeof(flows[0]);

	if (i < 2 * n) {
		*ret = i % 2 ? 0x86dd : 0x0800;
		if (i % 2)
			put_ipv6(p, flows[i / 2].proto, (uint8_t) (i / 2));
		else
			put_ipv4(p, flows[i / 2].proto, (uint8_t) (i / 2), 0);
		put_ports(p, flows[i / 2].from, flows[i / 2].to);
		return true;
	}
	i -= 2 * n;
	if (i < sizeof(protos)) {
		*ret = i % 3 == 2 ? 0x86dd : 0x0800;
		if (i % 3 == 2)
			put_ipv6(p, protos[i], 9);
		else
			put_ipv4(p, protos[i], 9, i == 4 ? 0x2010 : 0);
		put16(p, 0x0800); /* an echo request, or a next header of 8 */
		put_zeros(p, 30);
		return true;
	}
	i -= sizeof(protos);
	if (i >= sizeof(types) / sizeof(types[0]))
		return false;
	*ret = types[i];
	put16(p, 1);
	put16(p, 0x0800);
	put_zeros(p, 10);
	put_ipv4(p, 6, 7, 0);
	put_ports(p, 1234, 80);
	return true;
}

static void put_ethernet(struct packet *p, size_t i, uint16_t type)
{
	static const uint8_t to[][6] = {
		{2, 0, 0, 0, 0, 1}, {255, 255, 255, 255, 255, 255}, {1, 0, 0x5e, 0, 0, 1}};
	static const uint8_t from[6] = {2, 0, 0, 0, 0, 2};

	put(p, to[i % 3], 6);
	put(p, from, sizeof(from));
	put16(p, type);
}

/* Ethernet frames that are more than a header and a network layer. */
static void add_special_frames(struct scene *s)
{
	static const uint8_t llc[][4] = {{0x42, 0x42, 3, 0}, {0xfe, 0xfe, 3, 0x83},
		{0xfe, 0xfe, 3, 0x82}, {0xfe, 0xfe, 3, 0x81}, {0xf0, 0xf0, 3, 0},
		{0xe0, 0xe0, 3, 0}, {0xaa, 0xaa, 3, 0}};
	static const uint16_t tags[][2] = {{0x8100, 0}, {0x88a8, 0x8100}, {0x8100, 0x8100}};

	for (size_t i = 0; i < sizeof(llc) / sizeof(llc[0]); i++) {
		struct packet *p = &s->packets[s->n++];

		put_ethernet(p, i, 40);
		put(p, llc[i], 4);
		put_zeros(p, 17);
		p->bytes[ETHERNET + 3 + 4] = (uint8_t) (15 + i); /* the type of IS-IS packets */
		put_zeros(p, 20);
	}
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct packet *p = &s->packets[s->n++];

		put_ethernet(p, i, tags[i][0]);
		put16(p, 5);
		if (tags[i][1]) {
			put16(p, tags[i][1]);
			put16(p, 6);
		}
		put16(p, 0x0800);
		put_ipv4(p, 6, 3, 0);
		put_ports(p, 40000, 80);
	}
}

static void make_scene(struct scene *s, uint16_t linktype, int dlt)
{
	*s = (struct scene){.linktype = linktype, .dlt = dlt};
	for (size_t i = 0;; i++) {
		struct packet p = {.len_bytes = 0}, network = {.len_bytes = 0};
		uint16_t type = 0;

		if (!put_network(&network, i, &type))
			break;
		if (linktype == LINKTYPE_RAW_IP && type != 0x0800 && type != 0x86dd)
			continue;
		if (linktype == LINKTYPE_ETHERNET)
			put_ethernet(&p, i, type);
		if (linktype == LINKTYPE_LINUX_SLL) {
			put16(&p, (unsigned int) (i % 5)); /* the kind: to us, broadcast, ... */
			put16(&p, 1);
			put16(&p, 6);
			put_zeros(&p, 8);
			put16(&p, type);
		}
		put(&p, network.bytes, network.len_bytes);
		s->packets[s->n++] = p;
	}
	if (linktype == LINKTYPE_ETHERNET)
		add_special_frames(s);
	assert_true(s->n <= PACKETS_MAX);
}

/* --- judgement --- */

/* As the kernel shows the packet to a packet socket: a cooked header is not in it. */
static struct bpf_packet as_in_kernel(const struct scene *s, const struct packet *p)
{
	static const uint8_t kinds[] = {0, 1, 2, 3, 4}; /* PACKET_HOST ... PACKET_OUTGOING */
	struct bpf_packet k = {.bytes = p->bytes, .len_bytes = p->len_bytes, .hatype = 1};

	if (s->linktype == LINKTYPE_LINUX_SLL) {
		k.bytes += SLL;
		k.len_bytes -= SLL;
		k.protocol = (uint16_t) (p->bytes[14] << 8 | p->bytes[15]);
		k.pkttype = kinds[p->bytes[1]];
	} else if (s->linktype == LINKTYPE_ETHERNET) {
		k.network_at = ETHERNET;
		k.protocol = (uint16_t) (p->bytes[12] << 8 | p->bytes[13]);
	} else {
		k.protocol = p->bytes[0] >> 4 == 6 ? 0x86dd : 0x0800;
	}
	return k;
}

static const struct conf_program *program_of(const struct capture_conf *c, uint16_t linktype)
{
	for (uint16_t i = 0; i < c->n_programs; i++) {
		if (c->programs[i].linktype == linktype)
			return &c->programs[i];
	}
	return NULL;
}

static void compare_packets(struct scene *s, const char *text, const struct bpf_program *theirs,
	const struct conf_program *ours)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct packet *p = &s->packets[i];
		const struct pcap_pkthdr h = {
			.caplen = (bpf_u_int32) p->len_bytes, .len = (bpf_u_int32) p->len_bytes};
		struct bpf_packet k = as_in_kernel(s, p);
		bool wanted = pcap_offline_filter(theirs, &h, p->bytes) > 0;

		s->n_matches += wanted;
		if ((bpf_run(ours->insns, ours->n_insns, &k) > 0) != wanted)
			fail_msg("'%s', link type %u: packet %zu is %s by libpcap", text,
				s->linktype, i, wanted ? "chosen" : "rejected");
	}
}

/* Is @words one of the reasons for which docs/filters.md says that we refuse what libpcap takes? */
static bool is_documented(const char *words)
{
	static const char *const reasons[] = {"on this kind of interface",
		"it needs a loop, which the kernel does not run",
		"libpcap's program reads memory that it has not set"};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (strstr(words, reasons[i]))
			return true;
	}
	return false;
}

/* libpcap knows names from the files of this machine, which may lack some or have them for one
 * protocol only; ours are the same everywhere. */
static bool is_about_a_name(const char *words)
{
	return strncmp(words, "unknown ", 8) == 0 || strncmp(words, "port '", 6) == 0;
}

static void compare(struct scene *s, const char *text)
{
	const struct filter_link link = {"x", s->linktype};
	struct capture_conf c = {.snaplen = CONF_SNAPLEN_MAX, .filter = strdup(text)};
	pcap_t *dead = pcap_open_dead(s->dlt, CONF_SNAPLEN_MAX);
	struct bpf_program theirs;
	struct err e = ERR_NONE;
	bool is_taken;
	int rc;

	assert_true(dead && c.filter);
	is_taken = pcap_compile(dead, &theirs, text, 1, PCAP_NETMASK_UNKNOWN) == 0;
	rc = filter_compile(&c, &link, 1, &e);
	s->n_taken += is_taken;
	s->n_refused += !is_taken;
	if (is_taken && rc < 0 && is_documented(e.text))
		s->n_documented++;
	else if (is_taken != (rc == 0) && !(rc == 0 && is_about_a_name(pcap_geterr(dead))))
		fail_msg("'%s', link type %u: libpcap says %s, we say %s", text, s->linktype,
			is_taken ? "yes" : pcap_geterr(dead), rc ? e.text : "yes");
	if (is_taken && rc == 0)
		compare_packets(s, text, &theirs, program_of(&c, s->linktype));
	if (is_taken)
		pcap_freecode(&theirs);
	capture_conf_done(&c);
	pcap_close(dead);
}

/* --- expressions --- */

static const char *const protocols[] = {"", "ether ", "ip ", "ip6 ", "arp ", "rarp ", "tcp ",
	"udp ", "sctp ", "icmp ", "decnet ", "link "};
static const char *const directions[] = {"", "src ", "dst ", "src or dst ", "src and dst "};
static const char *const things[] = {"host 192.0.2.1", "192.0.2.1", "host 2001:db8::1",
	"host 02:00:00:00:00:01", "net 192.0.2.0/24", "net 192.0.2", "net 198.51",
	"net 192.0.2.0 mask 255.255.255.0", "net 2001:db8::/32", "port 80", "port domain",
	"portrange 50-90", "portrange domain-kerberos", "port 70000", "proto 6", "proto \\tcp",
	"proto \\udp", "proto 0x0800", "proto \\ip", "protochain 6", "protochain \\tcp",
	"broadcast", "multicast"};
static const char *const alone[] = {"ip", "ip6", "arp", "rarp", "atalk", "aarp", "decnet", "iso",
	"stp", "ipx", "netbeui", "lat", "moprc", "mopdl", "sca", "loopback", "tcp", "udp", "sctp",
	"icmp", "icmp6", "igmp", "igrp", "pim", "ah", "esp", "vrrp", "carp", "clnp", "esis",
	"es-is", "isis", "is-is", "l1", "l2", "iih", "lsp", "snp", "csnp", "psnp", "vlan", "vlan 5",
	"vlan 7", "vlan and tcp", "vlan 5 and vlan 6", "vlan and vlan and port 80", "mpls",
	"mpls 1", "mpls 0 and ip", "pppoed", "pppoes", "pppoes 1", "pppoes and ip", "geneve",
	"geneve 0", "geneve and ip", "geneve and vlan", "vlan and geneve", "llc", "llc u", "llc i",
	"lane", "metac", "bcc", "oam", "fisu", "less 60", "greater 60", "len = 70", "len > 70",
	"ether multicast", "ether broadcast", "ip multicast", "ip6 multicast", "ip broadcast",
	"ip[0] & 0xf != 5", "ip[6:2] & 0x1fff != 0", "ip6[6] = 6", "tcp[13] & 2 != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", "tcp[tcpflags] == tcp-syn", "udp[4:2] = 0",
	"icmp[icmptype] = icmp-echo", "icmp[icmptype] != icmp-echoreply", "icmp[icmpcode] = 0",
	"icmp6[icmp6type] = icmp6-echo", "icmp6[icmp6type] != icmp6-neighborsolicit",
	"ether[0] & 1 = 0", "ether[12:2] = 0x0800", "link[0] != 0", "arp[6:2] = 1", "rarp[6:2] = 1",
	"ip[2:2] + 2 * 3 > 60", "ip[8] - 60 << 2 >= 16", "ip[9] ^ 6 = 0", "ip[9] % 2 = 1",
	"-1 < len", "not tcp", "! tcp", "not (tcp or udp)", "tcp and not port 80",
	"tcp && port 80 || udp", "port 80 or 53", "host 192.0.2.1 or 198.51.100.1",
	"src 192.0.2.1 and (dst port 80 or 443)", "(tcp or vlan) and port 80",
	"tcp src port 53 and ip dst net 198.51.100.0/24", "ip host 192.0.2.1 and port 53",
	"gateway 192.0.2.1", "wlan host 02:00:00:00:00:01", "type mgt", "subtype beacon",
	"dir fromds", "on eth0", "ifname eth0", "reason match", "rnr 1", "action pass", "vpi 1",
	"vci 1", "sio 1", "hopc 1", "dpc 1"};
static const char *const link_protocols[] = {"ip", "ip6", "arp", "rarp", "atalk", "aarp", "decnet",
	"sca", "lat", "mopdl", "moprc", "iso", "stp", "ipx", "netbeui", "loopback"};
static const char *const ip_protocols[] = {"icmp", "icmp6", "igmp", "igrp", "pim", "ah", "esp",
	"vrrp", "udp", "tcp", "sctp", "gre", "ospf", "ipip", "egp"};
static const char *const services[] = {"ftp-data", "ftp", "ssh", "telnet", "smtp", "domain",
	"bootps", "bootpc", "tftp", "gopher", "finger", "http", "kerberos", "pop3", "sunrpc", "ntp",
	"imap2", "snmp", "snmp-trap", "bgp", "irc", "ldap", "https", "syslog", "submission", "nfs",
	"mysql", "postgresql", "sip", "sip-tls", "redis", "mdns", "amqp", "rsync", "ldaps", "imaps",
	"pop3s", "radius", "l2f", "netbios-ns", "microsoft-ds", "xmpp-client", "isakmp"};

static void compare_each(struct scene *s, const char *format, const char *const *words, size_t n)
{
	char text[TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		/* the formats are those of the callers below */
		(void) snprintf(text, sizeof(text), "%s%s", format, words[i]);
		compare(s, text);
	}
}

static void compare_qualified(struct scene *s)
{
	char text[TEXT_MAX];

	for (size_t p = 0; p < ARRAY_LEN(protocols); p++) {
		for (size_t d = 0; d < ARRAY_LEN(directions); d++) {
			for (size_t t = 0; t < ARRAY_LEN(things); t++) {
				(void) snprintf(text, sizeof(text), "%s%s%s", protocols[p],
					directions[d], things[t]);
				compare(s, text);
			}
		}
	}
}

/* Tests that move what follows behind a header, with each other and with those that run a loop. */
static void compare_shifted(struct scene *s)
{
	static const char *const shifts[] = {"vlan", "vlan 5", "mpls", "pppoes", "geneve",
		"ip protochain 6", "ip6 protochain 6"};
	char text[TEXT_MAX];

	for (size_t a = 0; a < ARRAY_LEN(shifts); a++) {
		for (size_t b = 0; b < ARRAY_LEN(shifts); b++) {
			(void) snprintf(text, sizeof(text), "%s and %s", shifts[a], shifts[b]);
			compare(s, text);
			(void) snprintf(
				text, sizeof(text), "(%s or %s) and tcp", shifts[a], shifts[b]);
			compare(s, text);
		}
	}
}

static void compare_all(uint16_t linktype, int dlt)
{
	struct scene *s = malloc(sizeof(*s));

	assert_non_null(s);
	make_scene(s, linktype, dlt);
	compare_each(s, "", alone, ARRAY_LEN(alone));
	compare_each(s, "ether proto \\", link_protocols, ARRAY_LEN(link_protocols));
	compare_each(s, "ip proto \\", ip_protocols, ARRAY_LEN(ip_protocols));
	compare_each(s, "ip6 proto \\", ip_protocols, ARRAY_LEN(ip_protocols));
	compare_each(s, "tcp port ", services, ARRAY_LEN(services));
	compare_qualified(s);
	compare_shifted(s);
	(void) fprintf(stderr, "link type %u: %zu taken, %zu refused, %zu packets chosen\n",
		linktype, s->n_taken, s->n_refused, s->n_matches);
	assert_true(s->n_taken > 300 && s->n_refused > 100 && s->n_matches > 1000);
	assert_in_range(s->n_documented, 1, 100);
	free(s);
}

static void every_keyword_means_the_same_on_ethernet(void **state)
{
	(void) state;
	compare_all(LINKTYPE_ETHERNET, DLT_EN10MB);
}

static void every_keyword_means_the_same_on_raw_ip(void **state)
{
	(void) state;
	compare_all(LINKTYPE_RAW_IP, DLT_RAW);
}

static void every_keyword_means_the_same_on_cooked_links(void **state)
{
	(void) state;
	compare_all(LINKTYPE_LINUX_SLL, DLT_LINUX_SLL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_keyword_means_the_same_on_ethernet),
		cmocka_unit_test(every_keyword_means_the_same_on_raw_ip),
		cmocka_unit_test(every_keyword_means_the_same_on_cooked_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
