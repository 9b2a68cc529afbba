/* SPDX-License-Identifier: MIT */
/* Our programs in the running kernel against libpcap's own on the live interface, packet by packet:
 * Ethernet with tags beside and in the packet, a tunnel without link layer, a link that gets a
 * cooked header. In a network namespace of its own; needs root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "base/own.h"
#include "netlink/linktype.h"
#include "compile/filter.h"

#ifndef ARPHRD_NONE
#define ARPHRD_NONE 0xfffe /* not in the C library's header */
#endif
#define SKIPPED    77
#define FRAMES_MAX 64
#define WAIT_MS    5000

/* The last bytes of a frame: what tells it from the kernel's own packets, and its number. */
static const uint8_t ours_mark[] = {0xc5, 0x3a, 0x99, 0x17};

struct frame {
	uint8_t bytes[200];
	size_t len;
	bool outgoing; /* sent on the interface itself */
};

struct scene {
	const char *ifname;
	uint16_t linktype;
	struct frame frames[FRAMES_MAX];
	size_t n;
	int in, out; /* what is written to them comes in or goes out */
};

/* -- frames ------------------------------------------------------------------------------ */

static void put(struct frame *f, const void *p, size_t len)
{
	assert_true(f->len + len <= sizeof(f->bytes));
	memcpy(f->bytes + f->len, p, len);
	f->len += len;
}

static void put16(struct frame *f, uint16_t v)
{
	v = htons(v);
	put(f, &v, sizeof(v));
}

static void put_ports(struct frame *f, uint16_t port)
{
	static const uint8_t rest[40] = {0, 48, 0, 0, 0, 0, 0, 0, 0x50, 2};

	put16(f, 1000);
	put16(f, port);
	put(f, rest, sizeof(rest));
}

static void put_ipv4(struct frame *f, uint8_t proto, uint16_t port)
{
	static const uint8_t head[] = {0x45, 0, 0, 64, 0, 1, 0, 0, 64};
	static const uint8_t tail[] = {0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

	put(f, head, sizeof(head));
	put(f, &proto, 1);
	put(f, tail, sizeof(tail));
	put_ports(f, port);
}

static void put_ipv6(struct frame *f, uint16_t port)
{
	static const uint8_t head[] = {0x60, 0, 0, 0, 0, 44, 17, 64};
	static const uint8_t addr[2][16] = {
		{0x20, 1, 0xd, 0xb8, [15] = 1}, {0x20, 1, 0xd, 0xb8, [15] = 2}};

	put(f, head, sizeof(head));
	put(f, addr, sizeof(addr));
	put_ports(f, port);
}

static void put_network(struct frame *f, unsigned int kind)
{
	switch (kind) {
	case 0:
		put_ipv4(f, 17, 53);
		break;
	case 1:
		put_ipv4(f, 6, 80);
		break;
	default:
		put_ipv6(f, 53);
	}
}

static struct frame *add_frame(struct scene *s)
{
	assert_true(s->n < FRAMES_MAX);
	return &s->frames[s->n++];
}

static void number(struct scene *s)
{
	for (size_t i = 0; i < s->n; i++) {
		uint8_t id = (uint8_t) i;

		put(&s->frames[i], ours_mark, sizeof(ours_mark));
		put(&s->frames[i], &id, 1);
	}
}

/* Every kind of packet behind each row of tags, incoming and outgoing. */
static void add_ethernet(struct scene *s)
{
	static const uint8_t addresses[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
	static const struct {
		size_t n;
		uint16_t tag[4];
	} rows[] = {{0, {0}}, {2, {0x8100, 5}}, {2, {0x8100, 0xe006}}, {2, {0x88a8, 5}},
		{4, {0x8100, 5, 0x8100, 6}}, {4, {0x88a8, 6, 0x8100, 5}}, {2, {0x8100, 0}},
		{2, {0x9100, 5}}};
	static const uint16_t types[] = {ETH_P_IP, ETH_P_IP, ETH_P_IPV6};

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows) * ARRAY_LEN(types); i++) {
		size_t kind = i % ARRAY_LEN(types), row = i / ARRAY_LEN(types) % ARRAY_LEN(rows);
		struct frame *f = add_frame(s);

		f->outgoing = i >= ARRAY_LEN(rows) * ARRAY_LEN(types);
		put(f, addresses, sizeof(addresses));
		for (size_t t = 0; t < rows[row].n; t++)
			put16(f, rows[row].tag[t]);
		put16(f, types[kind]);
		put_network(f, (unsigned int) kind);
	}
	number(s);
}

static void add_bare(struct scene *s, bool link_layer)
{
	static const uint8_t addresses[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	for (unsigned int kind = 0; kind < 3; kind++) {
		struct frame *f = add_frame(s);

		if (link_layer) {
			put(f, addresses, sizeof(addresses));
			put16(f, kind < 2 ? ETH_P_IP : ETH_P_IPV6);
		}
		put_network(f, kind);
	}
	number(s);
}

/* -- sockets ----------------------------------------------------------------------------- */

/* @protocol 0 makes a socket for sending alone. */
static int open_packet(const char *ifname, uint16_t protocol, const struct conf_program *p)
{
	struct sockaddr_ll addr = {.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = (int) if_nametoindex(ifname)};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	if (p) {
		struct sock_fprog prog = {.len = p->n_insns, .filter = p->insns};

		assert_int_equal(
			setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)), 0);
	}
	assert_int_equal(bind(fd, (struct sockaddr *) &addr, sizeof(addr)), 0);
	return fd;
}

static int open_ours(const struct scene *s, const char *filter)
{
	const struct filter_link link = {s->ifname, s->linktype};
	struct capture_conf c = {.snaplen = CONF_SNAPLEN_MAX, .filter = strdup(filter)};
	struct err why = ERR_NONE;
	int fd = -1;

	assert_non_null(c.filter);
	if (filter_compile(&c, &link, 1, &why) != 0)
		fail_msg("'%s': %s", filter, why.text);
	for (uint16_t i = 0; i < c.n_programs; i++) {
		if (c.programs[i].linktype == s->linktype)
			fd = open_packet(s->ifname, ETH_P_ALL, &c.programs[i]);
	}
	capture_conf_done(&c);
	assert_true(fd >= 0);
	return fd;
}

static pcap_t *open_theirs(const struct scene *s, const char *filter)
{
	char words[PCAP_ERRBUF_SIZE];
	struct bpf_program prog;
	pcap_t *p = pcap_create(s->ifname, words);

	assert_non_null(p);
	assert_int_equal(pcap_set_immediate_mode(p, 1), 0);
	assert_int_equal(pcap_set_snaplen(p, 512), 0);
	assert_true(pcap_activate(p) >= 0);
	/* Not optimised: libpcap 1.10's optimiser forgets, behind "ip or", that a tag beside the
	 * packet shifts nothing. */
	if (pcap_compile(p, &prog, filter, 0, PCAP_NETMASK_UNKNOWN) != 0)
		fail_msg("'%s': %s", filter, pcap_geterr(p));
	assert_int_equal(pcap_setfilter(p, &prog), 0);
	pcap_freecode(&prog);
	assert_int_equal(pcap_setnonblock(p, 1, words), 0);
	return p;
}

static uint64_t bit(const uint8_t *bytes, size_t len)
{
	size_t end = sizeof(ours_mark) + 1;

	if (len < end || memcmp(bytes + len - end, ours_mark, sizeof(ours_mark)) != 0)
		return 0;
	return UINT64_C(1) << bytes[len - 1];
}

/* The numbers of the frames that @fd has. */
static uint64_t read_ours(int fd)
{
	uint8_t buf[512];
	uint64_t seen = 0;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) >= 0)
		seen |= bit(buf, (size_t) n);
	return seen;
}

static void count(u_char *seen, const struct pcap_pkthdr *h, const u_char *bytes)
{
	*(uint64_t *) (void *) seen |= bit(bytes, h->caplen);
}

static uint64_t read_theirs(pcap_t *p)
{
	uint64_t seen = 0;

	while (pcap_dispatch(p, -1, count, (u_char *) &seen) > 0)
		;
	return seen;
}

static void send_all(const struct scene *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct frame *f = &s->frames[i];

		assert_int_equal(
			write(f->outgoing ? s->out : s->in, f->bytes, f->len), (ssize_t) f->len);
	}
}

/* Wait until a socket without a filter has everything: then the others have their part, too. */
static void wait_for_all(const struct scene *s, int fd)
{
	uint64_t want = (UINT64_C(1) << s->n) - 1, seen = 0;

	while ((seen & want) != want) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (poll(&p, 1, WAIT_MS) != 1)
			fail_msg("only %llx of %llx arrived", (unsigned long long) seen,
				(unsigned long long) want);
		seen |= read_ours(fd);
	}
}

static void compare(const struct scene *s, const char *filter)
{
	AUTO_CLOSE int all = open_packet(s->ifname, ETH_P_ALL, NULL);
	AUTO_CLOSE int ours = open_ours(s, filter);
	pcap_t *theirs = open_theirs(s, filter);
	uint64_t a, b;

	/* libpcap itself, not the kernel, filters what comes right after the filter was set, and
	 * knows less; the second round is the kernel's. */
	for (int round = 0; round < 2; round++) {
		send_all(s);
		wait_for_all(s, all);
	}
	a = read_ours(ours);
	b = read_theirs(theirs);
	pcap_close(theirs);
	if (a != b)
		fail_msg("'%s': ours %llx, libpcap's %llx", filter, (unsigned long long) a,
			(unsigned long long) b);
}

/* -- interfaces -------------------------------------------------------------------------- */

/* A tun or tap device, up, of kind @arphrd. What is written to it comes in. */
static int make_tun(const char *name, short flags, int arphrd)
{
	struct ifreq ifr = {.ifr_flags = (short) (flags | IFF_NO_PI)};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	AUTO_CLOSE int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && sock >= 0);
	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	assert_int_equal(ioctl(fd, TUNSETLINK, arphrd), 0);
	ifr.ifr_flags = IFF_UP;
	assert_int_equal(ioctl(sock, SIOCSIFFLAGS, &ifr), 0);
	return fd;
}

static void ethernet_filters_agree_with_libpcap(void **state)
{
	static const char *const filters[] = {"udp port 53", "tcp port 80", "not ip", "ip6", "vlan",
		"not vlan", "vlan 5", "vlan 0", "vlan 6 and ip6", "vlan and udp port 53",
		"vlan 5 and tcp port 80", "vlan and vlan", "vlan 5 and vlan 6",
		"vlan 5 or udp port 53", "vlan and (tcp or udp)", "not (vlan 5)", "udp or vlan",
		"vlan or udp", "vlan 5 or (vlan 6 and ip6)",
		"udp port 53 or (vlan and udp port 53)",
		"ip or (vlan and ip) or (vlan and vlan and ip)", "ether[12:2] = 0x8100",
		"ether[14:2] & 0xfff = 5", "vlan and ether[12:2] = 0x0800",
		"vlan and tcp[tcpflags] & tcp-syn != 0", "ether proto 0x8100", "ether proto 0x88a8",
		"inbound", "outbound", "outbound and vlan", "greater 85", "len < 80",
		"vlan and len < 80", "ether host 02:00:00:00:00:01", "portrange 50-60",
		"vlan or geneve", "vlan 5 or geneve", "not vlan and not geneve",
		"vlan and portrange 50-60 and not vlan 6", "ip[8] = 64 and udp[2:2] = 53"};
	struct scene s = {.ifname = "near", .linktype = LINKTYPE_ETHERNET};

	(void) state;
	assert_int_equal(system("ip link add near type veth peer name far && "
				"ip link set near up && ip link set far up"),
		0);
	s.in = open_packet("far", 0, NULL);
	s.out = open_packet("near", 0, NULL);
	add_ethernet(&s);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		compare(&s, filters[i]);
	close(s.in);
	close(s.out);
}

static void raw_filters_agree_with_libpcap(void **state)
{
	static const char *const filters[] = {
		"udp port 53", "tcp", "ip6", "not ip6", "host 192.0.2.2", "inbound", "len > 70"};
	struct scene s = {.ifname = "raw", .linktype = LINKTYPE_RAW_IP};

	(void) state;
	s.in = make_tun("raw", IFF_TUN, ARPHRD_NONE);
	add_bare(&s, false);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		compare(&s, filters[i]);
	close(s.in);
}

static void cooked_filters_agree_with_libpcap(void **state)
{
	static const char *const filters[] = {"udp port 53", "tcp port 80", "ip6", "not ip6", "ip",
		"host 192.0.2.2", "src 192.0.2.2", "inbound", "ether proto 0x86dd",
		"ip[8] = 64 and tcp[13] & 2 != 0", "portrange 50-60", "ip6 and udp port 53"};
	struct scene s = {.ifname = "cook", .linktype = LINKTYPE_LINUX_SLL};

	(void) state;
	s.in = make_tun("cook", IFF_TAP, ARPHRD_IPGRE);
	add_bare(&s, true);
	for (size_t i = 0; i < ARRAY_LEN(filters); i++)
		compare(&s, filters[i]);
	close(s.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethernet_filters_agree_with_libpcap),
		cmocka_unit_test(raw_filters_agree_with_libpcap),
		cmocka_unit_test(cooked_filters_agree_with_libpcap),
	};

	if (unshare(CLONE_NEWNET) < 0) {
		fprintf(stderr, "needs root\n");
		return SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
