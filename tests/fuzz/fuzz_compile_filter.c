/* SPDX-License-Identifier: MIT */
/* Filter expressions and packets.
 *
 * Input: the expression up to a NUL, then the bytes of a packet.
 * Laws: nothing is looked up by name; refusals are printable; the kernel takes every program; all
 * of them fit together; on a packet without a tag beside it a program gives libpcap's verdict; with
 * the tag beside it, "vlan and E" gives libpcap's verdict on the packet with the tag inside; on a
 * cooked link, libpcap's verdict on the cooked packet. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "base/own.h"
#include "base/utf8.h"
#include "bpf/run.h"
#include "netlink/linktype.h"
#include "compile/bpf_check.h"
#include "compile/filter.h"
#include "compile/filter_text.h"
#include "support/bpf_kernel.h"
#include "support/lookups.h"

#define TEXT_MAX    400
#define PACKET_MAX  300
#define LINK_HEADER 24 /* of the links that get a cooked header */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reference {
	struct sock_filter insns[BPF_MAXINSNS];
	size_t n; /* 0 = libpcap made none */
};

static void reference_compile(const char *text, int dlt, struct reference *ret)
{
	pcap_t *p = pcap_open_dead(dlt, CONF_SNAPLEN_MAX);
	struct bpf_program prog;

	ret->n = 0;
	assert(p);
	if (pcap_compile(p, &prog, text, 1, PCAP_NETMASK_UNKNOWN) == 0) {
		for (size_t i = 0; prog.bf_len <= BPF_MAXINSNS && i < prog.bf_len; i++)
			ret->insns[i] = (struct sock_filter){.code = prog.bf_insns[i].code,
				.jt = prog.bf_insns[i].jt,
				.jf = prog.bf_insns[i].jf,
				.k = prog.bf_insns[i].k};
		ret->n = prog.bf_len <= BPF_MAXINSNS ? prog.bf_len : 0;
		pcap_freecode(&prog);
	}
	pcap_close(p);
	if (ret->n > 0 && bpf_check(ret->insns, ret->n))
		ret->n = 0;
}

static const struct conf_program *program(const struct capture_conf *c, uint16_t linktype)
{
	for (uint16_t i = 0; i < c->n_programs; i++) {
		if (c->programs[i].linktype == linktype)
			return &c->programs[i];
	}
	abort();
}

static void check_programs(const struct capture_conf *c)
{
	size_t sum = 0;

	assert(c->n_programs > 0);
	for (uint16_t i = 0; i < c->n_programs; i++) {
		const struct conf_program *p = &c->programs[i];

		sum += p->n_insns;
		assert(p->refuses == (p->n_insns == 0));
		assert(p->refuses || bpf_kernel_takes(p->insns, p->n_insns));
	}
	assert(sum <= FILTER_INSNS_MAX);
}

static int compile(struct capture_conf *c, char *text)
{
	struct err why = ERR_NONE;
	int rc;

	memset(c, 0, sizeof(*c));
	c->snaplen = CONF_SNAPLEN_MAX;
	c->filter = strdup(text);
	assert(c->filter);
	rc = filter_compile(c, NULL, 0, &why);
	if (rc == 0) {
		check_programs(c);
		return 0;
	}
	assert(rc == -EINVAL && why.text[0] && utf8_valid(why.text, strlen(why.text)));
	capture_conf_done(c);
	return rc;
}

/* As libpcap's own interpreter, in which no index wraps around: a negative one is outside. */
static bool wraps(const struct sock_filter *prog, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint16_t op = BPF_OP(prog[i].code);

		if (BPF_CLASS(prog[i].code) == BPF_ALU &&
			(op == BPF_SUB || op == BPF_NEG || op == BPF_MUL || op == BPF_LSH ||
				op == BPF_RSH || op == BPF_ADD || op == BPF_XOR))
			return true;
	}
	return false;
}

static bool beside(const struct sock_filter *prog, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (BPF_CLASS(prog[i].code) == BPF_LD && BPF_MODE(prog[i].code) == BPF_ABS &&
			bpf_is_beside(prog[i].k))
			return true;
	}
	return false;
}

static bool verdict(const struct sock_filter *prog, size_t n, const struct bpf_packet *pkt)
{
	return n > 0 && bpf_run(prog, n, pkt) != 0;
}

static void check_plain(
	const struct capture_conf *c, const char *plain, const struct bpf_packet *pkt)
{
	static const struct {
		uint16_t linktype;
		int dlt;
	} kinds[] = {{LINKTYPE_ETHERNET, DLT_EN10MB}, {LINKTYPE_RAW_IP, DLT_RAW},
		{LINKTYPE_IEEE802_11, DLT_IEEE802_11}};
	static struct reference ref;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct conf_program *p = program(c, kinds[i].linktype);

		reference_compile(plain, kinds[i].dlt, &ref);
		if (ref.n > 0 && !p->refuses)
			assert(verdict(p->insns, p->n_insns, pkt) ==
				verdict(ref.insns, ref.n, pkt));
	}
}

/* Words that look at the link layer itself, where a tag beside the packet is not. */
static bool looks_at_link(const char *text)
{
	static const char *const words[] = {"[", "ether", "link", "fddi", "tr", "wlan", "ppp",
		"slip", "byte", "len", "less", "greater", "bound", "ifindex", "radio", "llc"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strstr(text, words[i]))
			return true;
	}
	return false;
}

static void check_vlan(const char *plain, const uint8_t *bytes, size_t len)
{
	static struct reference ref;
	char text[2 * TEXT_MAX + 32];
	uint8_t inside[PACKET_MAX + 4];
	struct bpf_packet stripped = {.bytes = bytes, .len_bytes = len, .tagged = true};
	struct bpf_packet whole = {.bytes = inside, .len_bytes = len + 4};
	struct capture_conf c;

	if (len < 14 || looks_at_link(plain) ||
		snprintf(text, sizeof(text), "vlan and (%s)", plain) >= (int) sizeof(text))
		return;
	reference_compile(text, DLT_EN10MB, &ref);
	if (ref.n == 0 || compile(&c, text) < 0)
		return;
	stripped.tci = (uint16_t) (bytes[0] << 8 | bytes[1]);
	memcpy(inside, bytes, 12);
	inside[12] = 0x81;
	inside[13] = 0;
	inside[14] = bytes[0];
	inside[15] = bytes[1];
	memcpy(inside + 16, bytes + 12, len - 12);
	if (!program(&c, LINKTYPE_ETHERNET)->refuses)
		assert(verdict(program(&c, LINKTYPE_ETHERNET)->insns,
			       program(&c, LINKTYPE_ETHERNET)->n_insns,
			       &stripped) == verdict(ref.insns, ref.n, &whole));
	capture_conf_done(&c);
}

static void check_cooked(
	const struct capture_conf *c, const char *plain, const uint8_t *bytes, size_t len)
{
	static struct reference ref;
	const struct conf_program *p = program(c, LINKTYPE_LINUX_SLL);
	uint8_t cooked[16 + PACKET_MAX] = {0, 4, 3, 10}, native[LINK_HEADER + PACKET_MAX];
	struct bpf_packet has = {.bytes = native,
		.len_bytes = LINK_HEADER + len,
		.network_at = LINK_HEADER,
		.pkttype = 4,
		.hatype = 778,
		.protocol = len > 0 && bytes[0] >> 4 == 6 ? 0x86dd : 0x800};
	struct bpf_packet shows = {.bytes = cooked, .len_bytes = 16 + len};

	reference_compile(plain, DLT_LINUX_SLL, &ref);
	if (p->refuses || ref.n == 0 || wraps(ref.insns, ref.n) || beside(ref.insns, ref.n))
		return;
	memset(native, 0xa5, LINK_HEADER);
	memcpy(native + LINK_HEADER, bytes, len);
	cooked[14] = (uint8_t) (has.protocol >> 8);
	cooked[15] = (uint8_t) has.protocol;
	memcpy(cooked + 16, bytes, len);
	assert(verdict(p->insns, p->n_insns, &has) == verdict(ref.insns, ref.n, &shows));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, 0, size), *bytes;
	size_t text_len = end ? (size_t) (end - data) : size, len;
	char text[TEXT_MAX + 1];
	uint8_t packet[PACKET_MAX] = {0};
	struct filter_text t;
	struct capture_conf c;

	if (text_len > TEXT_MAX)
		return 0;
	memcpy(text, data, text_len);
	text[text_len] = '\0';
	bytes = end ? end + 1 : data + size;
	len = size - (size_t) (bytes - data);
	len = len > PACKET_MAX ? PACKET_MAX : len;
	memcpy(packet, bytes, len);
	if (compile(&c, text) == 0) {
		assert(filter_text_prepare(text, &t) == 0 && !t.unknown[0]);
		check_plain(&c, t.plain, &(struct bpf_packet){.bytes = packet, .len_bytes = len});
		check_vlan(t.plain, packet, len);
		check_cooked(&c, t.plain, packet, len);
		filter_text_done(&t);
		capture_conf_done(&c);
	}
	assert(lookups_made() == 0);
	return 0;
}
