/* SPDX-License-Identifier: MIT */
/* From ring block to pcapng block, the interfaces of a capture, and the whole kernel program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "bpf/run.h"
#include "netlink/linktype.h"
#include "reader/block.h"
#include "reader/emit.h"
#include "reader/filter.h"
#include "reader/interfaces.h"
#include "reader/verdict.h"
#include "support/bpf_kernel.h"
#include "support/pcapng_read.h"

#define BLOCK_BYTES 1024
#define FIRST_AT    48
#define MAC_AT      82
#define STEP        160

/* A block of @n packets of 60 bytes. */
static uint8_t *make_block(uint32_t n)
{
	uint8_t *b = calloc(1, BLOCK_BYTES);
	struct tpacket_block_desc *d = (void *) b;

	assert_non_null(b);
	d->hdr.bh1.num_pkts = n;
	d->hdr.bh1.offset_to_first_pkt = FIRST_AT;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *p = b + FIRST_AT + (size_t) i * STEP;
		struct tpacket3_hdr h = {.tp_next_offset = i + 1 < n ? STEP : 0,
			.tp_sec = 2,
			.tp_nsec = i,
			.tp_snaplen = 60,
			.tp_len = 70,
			.tp_mac = MAC_AT,
			.tp_net = MAC_AT + 14};
		struct sockaddr_ll from = {.sll_ifindex = 3,
			.sll_hatype = ARPHRD_ETHER,
			.sll_protocol = htons(ETH_P_IP),
			.sll_halen = 6};

		memcpy(p, &h, sizeof(h));
		memcpy(p + TPACKET_ALIGN(sizeof(h)), &from, sizeof(from));
		memset(p + MAC_AT, (int) i + 1, 60);
	}
	return b;
}

static void packets_of_a_block_are_walked_in_order(void **state)
{
	AUTO_FREE uint8_t *b = make_block(5);
	struct block_walk w;
	struct packet p;
	bool lossy;

	(void) state;
	assert_int_equal(block_begin(&w, b, BLOCK_BYTES, &lossy), 0);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(block_next(&w, &p), 1);
		assert_true(p.caplen == 60 && p.len == 70 && p.net_at == 14 && p.ifindex == 3 &&
			    p.protocol == ETH_P_IP && p.data[0] == i + 1);
		assert_true(p.ts_ns == 2000000000ULL + (unsigned int) i);
	}
	assert_int_equal(block_next(&w, &p), 0);
	assert_int_equal(block_next(&w, &p), 0);
}

/* Read while it fills, in whatever steps, a block shows the same packets as when it is closed. */
static void a_block_can_be_read_in_steps(void **state)
{
	(void) state;
	for (uint32_t step = 1; step <= 5; step++) {
		AUTO_FREE uint8_t *b = make_block(5);
		struct block_walk w;
		struct packet p;
		bool lossy;
		uint32_t shown = 0;

		assert_int_equal(block_begin(&w, b, BLOCK_BYTES, &lossy), 0);
		for (uint32_t n = 0; shown < 5; n += step) {
			assert_int_equal(block_resume(&w, n < 5 ? n : block_packets(b)), 0);
			while (block_next(&w, &p) > 0)
				assert_int_equal(p.data[0], ++shown);
			assert_int_equal(shown, n < 5 ? n : 5);
		}
	}
}

static void a_block_that_grows_too_much_or_shrinks_is_refused(void **state)
{
	AUTO_FREE uint8_t *b = make_block(3);
	struct block_walk w;
	struct packet p;
	bool lossy;

	(void) state;
	assert_int_equal(block_begin(&w, b, BLOCK_BYTES, &lossy), 0);
	while (block_next(&w, &p) > 0)
		;
	assert_int_equal(block_resume(&w, 2), -EBADMSG);
	assert_int_equal(block_resume(&w, 1000), -EBADMSG);
	assert_int_equal(block_resume(&w, UINT32_MAX), -EBADMSG);
}

/* Each 32-bit word of the first packet's header and of the block's, with values that lead outside.
 */
static void offsets_that_lead_outside_are_refused(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
	} rows[] = {{FIRST_AT + offsetof(struct tpacket3_hdr, tp_snaplen), 61 + 1024},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_snaplen), UINT32_MAX},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_snaplen), 71},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_next_offset), 0},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_next_offset), 4},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_next_offset), STEP + 1},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_next_offset), BLOCK_BYTES},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_next_offset), UINT32_MAX - 7},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_mac), 1},
		{FIRST_AT + offsetof(struct tpacket3_hdr, tp_mac), 0xffff}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE uint8_t *b = make_block(2);
		struct block_walk w;
		struct packet p;
		bool lossy;
		int rc;

		memcpy(b + rows[i].at, &rows[i].value, 4);
		assert_int_equal(block_begin(&w, b, BLOCK_BYTES, &lossy), 0);
		do
			rc = block_next(&w, &p);
		while (rc > 0);
		assert_int_equal(rc, -EBADMSG);
	}
}

static void a_block_that_promises_too_much_is_refused(void **state)
{
	static const struct {
		uint32_t n, first;
	} rows[] = {{1000, FIRST_AT}, {UINT32_MAX, FIRST_AT}, {1, 0}, {1, 47}, {1, FIRST_AT + 4},
		{1, BLOCK_BYTES + 1}, {1, UINT32_MAX}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_FREE uint8_t *b = make_block(1);
		struct tpacket_block_desc *d = (void *) b;
		struct block_walk w;
		bool lossy;

		d->hdr.bh1.num_pkts = rows[i].n;
		d->hdr.bh1.offset_to_first_pkt = rows[i].first;
		assert_int_equal(block_begin(&w, b, BLOCK_BYTES, &lossy), -EBADMSG);
	}
}

static struct packet some_packet(const uint8_t *bytes, uint32_t n)
{
	return (struct packet){.data = bytes,
		.caplen = n,
		.len = n,
		.net_at = 14,
		.ts_ns = 5,
		.arphrd = ARPHRD_ETHER,
		.protocol = ETH_P_IP,
		.pkttype = PACKET_HOST};
}

/* The packet bytes of what is written for @p. */
static struct pcapng_block emitted(
	const struct packet *p, uint16_t linktype, uint32_t snaplen, uint8_t *out)
{
	struct emit_plan plan;
	struct pcapng_block b;

	emit_plan(p, 0, linktype, snaplen, &plan);
	emit_put(&plan, p, out);
	assert_int_equal(pcapng_read_block(out, pcapng_epb_bytes(&plan.epb), &b),
		pcapng_epb_bytes(&plan.epb));
	return b;
}

static void a_vlan_tag_is_put_back_behind_the_addresses(void **state)
{
	uint8_t bytes[64], out[256];
	struct packet p = some_packet(bytes, sizeof(bytes));
	struct pcapng_block b;

	(void) state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t) i;
	p.has_vlan = true;
	p.vlan_tpid = 0x88a8;
	p.vlan_tci = 0x6123;
	b = emitted(&p, LINKTYPE_ETHERNET, 65535, out);
	assert_true(b.caplen == 68 && b.len == 68);
	assert_memory_equal(b.data, bytes, 12);
	assert_memory_equal(b.data + 12, "\x88\xa8\x61\x23", 4);
	assert_memory_equal(b.data + 16, bytes + 12, 52);
}

static void packets_of_each_length_are_copied_whole(void **state)
{
	uint8_t bytes[300], out[512];

	(void) state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t) (i * 7 + 1);
	for (uint32_t n = 0; n <= sizeof(bytes); n++) {
		struct packet p = some_packet(bytes, n);
		struct pcapng_block b = emitted(&p, LINKTYPE_ETHERNET, 65535, out);

		assert_int_equal(b.caplen, n);
		assert_memory_equal(b.data, bytes, n);
	}
}

static void the_snap_length_counts_what_is_written(void **state)
{
	uint8_t bytes[64] = {1}, out[256];
	struct packet p = some_packet(bytes, sizeof(bytes));

	(void) state;
	p.has_vlan = true;
	for (uint32_t snaplen = 1; snaplen < 80; snaplen++) {
		struct pcapng_block b = emitted(&p, LINKTYPE_ETHERNET, snaplen, out);

		assert_true(b.caplen == (snaplen < 68 ? snaplen : 68) && b.len == 68);
	}
}

static void a_cooked_header_says_what_the_kernel_knows(void **state)
{
	uint8_t bytes[40] = {0x45}, out[256];
	struct packet p = some_packet(bytes, sizeof(bytes));
	struct pcapng_block b;

	(void) state;
	p.net_at = 4;
	p.arphrd = ARPHRD_IPGRE;
	p.pkttype = PACKET_OUTGOING;
	p.addr_len = 4;
	memcpy(p.addr, "\xc0\x00\x02\x01\0\0\0\0", 8);
	b = emitted(&p, LINKTYPE_LINUX_SLL, 65535, out);
	assert_true(b.caplen == 16 + 36 && b.len == b.caplen);
	assert_memory_equal(b.data, "\0\4\3\x0a\0\4\xc0\0\2\1\0\0\0\0\x08\0", 16);
	assert_memory_equal(b.data + 16, bytes + 4, 36);
}

/* A tag stands behind a cooked header as it does behind an Ethernet type. */
static void a_cooked_packet_keeps_its_vlan_tag(void **state)
{
	uint8_t bytes[40] = {0x45}, out[256];
	struct packet p = some_packet(bytes, sizeof(bytes));

	(void) state;
	p.net_at = 4;
	p.arphrd = ARPHRD_PPP;
	p.has_vlan = true;
	p.vlan_tpid = 0x88a8;
	p.vlan_tci = 0x6123;
	for (uint32_t snaplen = 1; snaplen < 60; snaplen++) {
		struct pcapng_block b = emitted(&p, LINKTYPE_LINUX_SLL, snaplen, out);

		assert_true(b.caplen == (snaplen < 56 ? snaplen : 56) && b.len == 56);
		if (snaplen < 56)
			continue;
		assert_memory_equal(b.data, "\0\0\2\0\0\0\0\0\0\0\0\0\0\0\x88\xa8", 16);
		assert_memory_equal(b.data + 16, "\x61\x23\x08\0", 4);
		assert_memory_equal(b.data + 20, bytes + 4, 36);
	}
}

/* The kernel cuts packets to the snap length before the tag is put back: it belongs to the length
 * on the link also when its place has been cut off. */
static void the_tag_counts_also_where_it_was_cut_off(void **state)
{
	uint8_t bytes[64] = {1}, out[256];
	struct packet p = some_packet(bytes, sizeof(bytes));

	(void) state;
	p.has_vlan = true;
	for (uint32_t caplen = 0; caplen <= sizeof(bytes); caplen++) {
		struct pcapng_block b;

		p.caplen = caplen;
		b = emitted(&p, LINKTYPE_ETHERNET, 65535, out);
		assert_true(b.caplen == caplen + (caplen < 12 ? 0 : 4) && b.len == 68);
		b = emitted(&p, LINKTYPE_LINUX_SLL, 65535, out);
		assert_true(b.caplen == 20 + (caplen < 14 ? 0 : caplen - 14) && b.len == 70);
	}
}

static void directions_become_flags(void **state)
{
	static const uint8_t flags[] = {[PACKET_HOST] = 5,
		[PACKET_BROADCAST] = 13,
		[PACKET_MULTICAST] = 9,
		[PACKET_OTHERHOST] = 17,
		[PACKET_OUTGOING] = 2,
		[5] = 0,
		[6] = 0};
	uint8_t bytes[60] = {0}, out[256];

	(void) state;
	for (uint8_t type = 0; type < ARRAY_LEN(flags); type++) {
		struct packet p = some_packet(bytes, sizeof(bytes));
		struct pcapng_block b;
		uint16_t len;

		p.pkttype = type;
		b = emitted(&p, LINKTYPE_ETHERNET, 65535, out);
		assert_int_equal(pcapng_read_option(&b, 2, &len)[0], flags[type]);
	}
}

static struct link some_link(uint32_t ifindex, const char *name)
{
	struct link l = {.ifindex = ifindex, .arphrd = ARPHRD_ETHER};

	(void) snprintf(l.name, sizeof(l.name), "%s", name);
	return l;
}

static void a_reused_index_is_another_interface(void **state)
{
	struct interfaces s = {0};
	struct link a = some_link(7, "old"), b = some_link(7, "new");
	struct interface *first = interfaces_update(&s, &a), *second;

	(void) state;
	assert_ptr_equal(interfaces_update(&s, &a), first);
	interfaces_remove(&s, 7);
	assert_true(first->gone);
	second = interfaces_update(&s, &b);
	assert_true(second != first && interfaces_find(&s, 7) == second && s.n == 2);
	assert_string_equal(first->link.name, "old");
	interfaces_done(&s);
}

static void many_interfaces_are_found_up_to_the_limit(void **state)
{
	struct interfaces s = {0};

	(void) state;
	for (uint32_t i = 1; i <= INTERFACES_MAX; i++) {
		struct link l = some_link(i * 4096, "x");

		assert_non_null(interfaces_update(&s, &l));
	}
	for (uint32_t i = 1; i <= INTERFACES_MAX; i++)
		assert_int_equal(interfaces_find(&s, i * 4096)->link.ifindex, i * 4096);
	assert_null(interfaces_find(&s, 1));
	assert_null(interfaces_add_unknown(&s, 1, ARPHRD_ETHER));
	interfaces_done(&s);
}

/* A container can make and remove any number of links in its namespace. */
static void links_that_come_and_go_without_end_take_bounded_memory(void **state)
{
	static const struct link stays = {.ifindex = 1, .arphrd = ARPHRD_ETHER};
	struct interfaces s = {0};

	(void) state;
	assert_non_null(interfaces_update(&s, &stays));
	for (uint32_t i = 2; i <= 5 * INTERFACES_MAX; i++) {
		struct link l = some_link(i, "x");

		assert_non_null(interfaces_update(&s, &l));
		interfaces_remove(&s, i);
		assert_true(s.n <= INTERFACES_MAX);
		/* packets of those removed last may still be in the ring */
		if (i > INTERFACES_GONE)
			assert_int_equal(interfaces_find(&s, i - INTERFACES_GONE + 1)->link.ifindex,
				i - INTERFACES_GONE + 1);
		assert_int_equal(interfaces_find(&s, 1)->link.ifindex, 1);
	}
	assert_null(interfaces_find(&s, 2));
	interfaces_done(&s);
}

static void links_without_an_id_share_one_interface_for_each_type(void **state)
{
	struct interfaces s = {.n_told = INTERFACE_IDS_MAX - 1};
	const struct interface *ether, *raw;

	(void) state;
	assert_true(interfaces_have_id(&s));
	s.n_told++;
	assert_false(interfaces_have_id(&s));
	ether = interfaces_further(&s, ARPHRD_ETHER);
	raw = interfaces_further(&s, ARPHRD_NONE);
	assert_true(ether && raw && ether != raw && ether->is_further && !ether->is_told);
	assert_ptr_equal(interfaces_further(&s, ARPHRD_LOOPBACK), ether);
	assert_ptr_equal(interfaces_further(&s, ARPHRD_TUNNEL), raw);
	assert_non_null(interfaces_further(&s, ARPHRD_PPP));
	assert_non_null(interfaces_further(&s, ARPHRD_IEEE80211));
	assert_non_null(interfaces_further(&s, ARPHRD_IEEE80211_RADIOTAP));
	assert_int_equal(s.n, 0);
	interfaces_done(&s);
}

static void an_unknown_link_is_named_after_its_index(void **state)
{
	struct interfaces s = {0};
	struct interface *i = interfaces_add_unknown(&s, 42, ARPHRD_NONE);

	(void) state;
	assert_string_equal(i->link.name, "if42");
	assert_true(!i->known && i->linktype == LINKTYPE_RAW_IP);
	interfaces_done(&s);
}

/* An Ethernet, IPv4, TCP packet between 192.0.2.1:@sport and 192.0.2.2:@dport. */
static struct bpf_packet tcp_packet(uint8_t *b, uint16_t sport, uint16_t dport)
{
	static const uint8_t ip[] = {
		0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2};

	memset(b, 0, 60);
	b[12] = 8;
	memcpy(b + 14, ip, sizeof(ip));
	b[34] = (uint8_t) (sport >> 8);
	b[35] = (uint8_t) sport;
	b[36] = (uint8_t) (dport >> 8);
	b[37] = (uint8_t) dport;
	return (struct bpf_packet){.bytes = b,
		.len_bytes = 60,
		.network_at = 14,
		.protocol = ETH_P_IP,
		.hatype = ARPHRD_ETHER,
		.pkttype = PACKET_HOST,
		.ifindex = 3};
}

static uint32_t filtered(const struct filter_plan *plan, const struct bpf_packet *pkt)
{
	static struct sock_filter prog[BPF_MAXINSNS];
	ssize_t n = filter_assemble(plan, prog, ARRAY_LEN(prog));

	assert_true(n > 0 && bpf_kernel_takes(prog, (size_t) n));
	return bpf_run(prog, (size_t) n, pkt);
}

static void loopback_is_kept_once_and_other_links_twice(void **state)
{
	struct capture_conf conf = {.snaplen = 100, .filter = (char *) ""};
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};
	uint8_t b[60];
	struct bpf_packet p = tcp_packet(b, 1, 2);

	(void) state;
	assert_int_equal(filtered(&plan, &p), 100);
	p.pkttype = PACKET_OUTGOING;
	assert_int_equal(filtered(&plan, &p), 100);
	p.hatype = ARPHRD_LOOPBACK;
	assert_int_equal(filtered(&plan, &p), 0);
	p.pkttype = PACKET_HOST;
	assert_int_equal(filtered(&plan, &p), 100);
}

static void only_chosen_links_are_kept(void **state)
{
	struct capture_conf conf = {.snaplen = 100, .filter = (char *) "", .n_names = 2};
	static const uint32_t chosen[] = {3, 9};
	const struct filter_plan two = {&conf, chosen, 2, FILTER_TYPES_ALL},
				 none = {&conf, chosen, 0, FILTER_TYPES_ALL};
	uint8_t b[60];
	struct bpf_packet p = tcp_packet(b, 1, 2);

	(void) state;
	assert_int_equal(filtered(&two, &p), 100);
	assert_int_equal(filtered(&none, &p), 0);
	p.ifindex = 4;
	assert_int_equal(filtered(&two, &p), 0);
}

static void our_own_connections_are_left_out_in_both_directions(void **state)
{
	struct capture_conf conf = {.snaplen = 100,
		.filter = (char *) "",
		.n_endpoints = 1,
		.endpoints = {{4, 5001, {192, 0, 2, 1}}}};
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};
	uint8_t b[60];
	struct bpf_packet p = tcp_packet(b, 5001, 40000);

	(void) state;
	assert_int_equal(filtered(&plan, &p), 0);
	p = tcp_packet(b, 40000, 5001); /* that port of the other address */
	assert_int_equal(filtered(&plan, &p), 100);
	memcpy(b + 30, "\xc0\x00\x02\x01", 4);
	assert_int_equal(filtered(&plan, &p), 0);
	b[23] = 17; /* UDP */
	assert_int_equal(filtered(&plan, &p), 100);
	b[23] = 6;
	b[21] = 1; /* a later fragment has no ports */
	assert_int_equal(filtered(&plan, &p), 100);
}

/* End points of a few ports and addresses that differ in one word each, in any order. */
static void some_endpoints(struct capture_conf *conf, uint16_t n)
{
	static const uint16_t ports[] = {5001, 5002, 443};

	conf->n_endpoints = n;
	for (uint16_t i = 0; i < n; i++) {
		struct conf_endpoint *ep = &conf->endpoints[i];

		*ep = (struct conf_endpoint){.family = rand() % 2 ? 4 : 6,
			.port = ports[rand() % (int) ARRAY_LEN(ports)]};
		for (int k = 0; k < (ep->family == 4 ? 4 : 16); k += 4)
			ep->addr[k + 3] = (uint8_t) (rand() % 3);
	}
}

static bool is_endpoint(
	const struct capture_conf *conf, uint8_t family, const uint8_t *addr, uint16_t port)
{
	for (uint16_t i = 0; i < conf->n_endpoints; i++) {
		if (conf->endpoints[i].family == family && conf->endpoints[i].port == port &&
			memcmp(conf->endpoints[i].addr, addr, family == 4 ? 4 : 16) == 0)
			return true;
	}
	return false;
}

/* A TCP packet without a link layer whose ends are often those of some_endpoints(). */
static struct bpf_packet some_segment(uint8_t *b, uint8_t *ret_family, size_t ret_at[2])
{
	static const uint16_t ports[] = {5001, 5002, 443, 80, 40000};
	bool is_v4 = rand() % 2;
	size_t len = is_v4 ? 20 : 40;

	memset(b, 0, 80);
	b[0] = is_v4 ? 0x45 : 0x60;
	b[is_v4 ? 9 : 6] = 6;
	ret_at[0] = is_v4 ? 12 : 8;
	ret_at[1] = is_v4 ? 16 : 24;
	for (size_t k = ret_at[0]; k < len; k += 4)
		b[k + 3] = (uint8_t) (rand() % 3);
	for (size_t k = len; k < len + 4; k += 2) {
		uint16_t port = htons(ports[rand() % (int) ARRAY_LEN(ports)]);

		memcpy(b + k, &port, 2);
	}
	*ret_family = is_v4 ? 4 : 6;
	return (struct bpf_packet){.bytes = b,
		.len_bytes = len + 20,
		.protocol = is_v4 ? ETH_P_IP : ETH_P_IPV6,
		.hatype = 0xfffe,
		.ifindex = 3};
}

static void own_end_points_are_left_out_whatever_their_number(void **state)
{
	static struct sock_filter prog[FILTER_INSNS_MAX];
	static struct capture_conf conf;
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};

	(void) state;
	srand(1);
	for (int round = 0; round < 300; round++) {
		ssize_t n;

		conf.snaplen = 100;
		conf.filter = (char *) "";
		some_endpoints(&conf, (uint16_t) (rand() % (round % 10 ? 12 : CONF_ENDPOINTS_MAX)));
		n = filter_assemble(&plan, prog, ARRAY_LEN(prog));
		assert_true(n > 0);
		for (int k = 0; k < 50; k++) {
			uint8_t b[80], family;
			size_t at[2];
			struct bpf_packet p = some_segment(b, &family, at);
			size_t ports = family == 4 ? 20 : 40;
			bool is_ours = false;

			for (size_t side = 0; side < 2; side++) {
				const uint8_t *port = b + ports + 2 * side;

				is_ours |= is_endpoint(&conf, family, b + at[side],
					(uint16_t) (port[0] << 8 | port[1]));
			}
			assert_int_equal(bpf_run(prog, (size_t) n, &p), is_ours ? 0 : 100);
		}
	}
}

/* The kernel's own instructions are up to 13 for a load from the packet and two for others, of 8
 * bytes each; kernels before 6.8 allow 20480 bytes, and both programs while one replaces the other.
 */
static void twenty_own_end_points_take_a_tenth_of_what_old_kernels_allow(void **state)
{
	static struct sock_filter prog[BPF_MAXINSNS];
	static struct capture_conf conf = {.snaplen = 100, .filter = (char *) ""};
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};
	size_t bytes = 0;
	ssize_t n;

	(void) state;
	conf.n_endpoints = 20;
	for (uint8_t i = 0; i < 20; i++)
		conf.endpoints[i] = (struct conf_endpoint){4, 5001, {192, 0, 2, i}};
	n = filter_assemble(&plan, prog, ARRAY_LEN(prog));
	for (ssize_t i = 0; i < n; i++)
		bytes += BPF_CLASS(prog[i].code) == BPF_LD && BPF_MODE(prog[i].code) != BPF_MEM
				 ? 13 * 8
				 : 2 * 8;
	assert_in_range(bytes, 1, 2048);
}

static void packets_of_types_left_open_are_kept_whole(void **state)
{
	static struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct capture_conf conf = {.snaplen = 100,
		.filter = (char *) "x",
		.n_programs = 2,
		.programs = {
			{LINKTYPE_ETHERNET, false, 1, &none}, {LINKTYPE_RAW_IP, false, 1, &none}}};
	const struct filter_plan plan = {
		.conf = &conf, .types = filter_type_bit(LINKTYPE_ETHERNET)};
	uint8_t b[60];
	struct bpf_packet p = tcp_packet(b, 1, 2);

	(void) state;
	assert_int_equal(filtered(&plan, &p), 0);
	p.hatype = 0xfffe; /* ARPHRD_NONE */
	assert_int_equal(filtered(&plan, &p), CONF_SNAPLEN_MAX);
	p.hatype = ARPHRD_IPGRE; /* any other is cooked */
	assert_int_equal(filtered(&plan, &p), CONF_SNAPLEN_MAX);
}

static void the_reader_cuts_and_rejects_as_the_kernel_does(void **state)
{
	struct sock_filter prog[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 50),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 7, 0, 1), BPF_STMT(BPF_RET | BPF_K, 40),
		BPF_STMT(BPF_RET | BPF_K, 0)};
	const struct verdict v = {.prog = prog, .n = ARRAY_LEN(prog)};
	uint8_t bytes[60] = {[50] = 7};
	struct packet p = some_packet(bytes, 60);

	(void) state;
	assert_true(verdict_keeps(&v, 40, &p) && p.caplen == 40 && p.len == 60);
	/* cut by the kernel's program: it is known to have passed, though byte 50 is gone */
	assert_true(verdict_keeps(&v, 40, &p) && p.caplen == 40);
	p.caplen = 45; /* cut because the ring has no room for more */
	assert_false(verdict_keeps(&v, 40, &p));
	bytes[50] = 6;
	p = some_packet(bytes, 60);
	assert_false(verdict_keeps(&v, 40, &p));
}

static void the_users_program_is_chosen_by_link_type(void **state)
{
	static struct sock_filter seven = BPF_STMT(BPF_RET | BPF_K, 7),
				  eight = BPF_STMT(BPF_RET | BPF_K, 8);
	struct capture_conf conf = {.snaplen = 100,
		.filter = (char *) "x",
		.n_programs = 3,
		.programs = {{LINKTYPE_ETHERNET, false, 1, &seven},
			{LINKTYPE_LINUX_SLL, false, 1, &eight}, {LINKTYPE_RAW_IP, true, 0, NULL}}};
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};
	uint8_t b[60];
	struct bpf_packet p = tcp_packet(b, 1, 2);

	(void) state;
	assert_int_equal(filtered(&plan, &p), 7);
	p.hatype = ARPHRD_IPGRE;
	assert_int_equal(filtered(&plan, &p), 8);
	p.hatype = 0xfffe; /* ARPHRD_NONE */
	assert_int_equal(filtered(&plan, &p), 0);
	p.hatype = ARPHRD_IEEE80211; /* without a program nothing passes */
	assert_int_equal(filtered(&plan, &p), 0);
}

static void a_program_too_long_for_the_kernel_is_refused(void **state)
{
	static struct sock_filter insns[4000], prog[BPF_MAXINSNS];
	struct capture_conf conf = {.snaplen = 100,
		.filter = (char *) "x",
		.n_programs = 2,
		.programs = {{LINKTYPE_ETHERNET, false, 4000, insns},
			{LINKTYPE_LINUX_SLL, false, 4000, insns}}};
	const struct filter_plan plan = {.conf = &conf, .types = FILTER_TYPES_ALL};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(insns); i++)
		insns[i] = (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, 1);
	assert_int_equal(filter_assemble(&plan, prog, ARRAY_LEN(prog)), -E2BIG);
}

static void every_kind_of_link_has_a_link_type(void **state)
{
	size_t n;
	const struct linktype_rule *rules = linktype_rules(&n);

	(void) state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(linktype_of(rules[i].arphrd), rules[i].linktype);
	assert_int_equal(linktype_of(ARPHRD_ETHER), LINKTYPE_ETHERNET);
	assert_int_equal(linktype_of(0xfffe), LINKTYPE_RAW_IP);
	assert_int_equal(linktype_of(ARPHRD_IPGRE), LINKTYPE_LINUX_SLL);
	assert_int_equal(linktype_of(12345), LINKTYPE_LINUX_SLL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_a_block_are_walked_in_order),
		cmocka_unit_test(a_block_can_be_read_in_steps),
		cmocka_unit_test(a_block_that_grows_too_much_or_shrinks_is_refused),
		cmocka_unit_test(offsets_that_lead_outside_are_refused),
		cmocka_unit_test(a_block_that_promises_too_much_is_refused),
		cmocka_unit_test(a_vlan_tag_is_put_back_behind_the_addresses),
		cmocka_unit_test(packets_of_each_length_are_copied_whole),
		cmocka_unit_test(the_snap_length_counts_what_is_written),
		cmocka_unit_test(a_cooked_header_says_what_the_kernel_knows),
		cmocka_unit_test(a_cooked_packet_keeps_its_vlan_tag),
		cmocka_unit_test(the_tag_counts_also_where_it_was_cut_off),
		cmocka_unit_test(directions_become_flags),
		cmocka_unit_test(a_reused_index_is_another_interface),
		cmocka_unit_test(many_interfaces_are_found_up_to_the_limit),
		cmocka_unit_test(links_that_come_and_go_without_end_take_bounded_memory),
		cmocka_unit_test(links_without_an_id_share_one_interface_for_each_type),
		cmocka_unit_test(an_unknown_link_is_named_after_its_index),
		cmocka_unit_test(loopback_is_kept_once_and_other_links_twice),
		cmocka_unit_test(only_chosen_links_are_kept),
		cmocka_unit_test(our_own_connections_are_left_out_in_both_directions),
		cmocka_unit_test(own_end_points_are_left_out_whatever_their_number),
		cmocka_unit_test(twenty_own_end_points_take_a_tenth_of_what_old_kernels_allow),
		cmocka_unit_test(packets_of_types_left_open_are_kept_whole),
		cmocka_unit_test(the_reader_cuts_and_rejects_as_the_kernel_does),
		cmocka_unit_test(the_users_program_is_chosen_by_link_type),
		cmocka_unit_test(a_program_too_long_for_the_kernel_is_refused),
		cmocka_unit_test(every_kind_of_link_has_a_link_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
