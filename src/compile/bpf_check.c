/* SPDX-License-Identifier: MIT */
#include "compile/bpf_check.h"

#include <string.h>

#define TOO_LONG     "more instructions than the kernel takes"
#define NOT_TOGETHER "direction, interface and tag cannot be tested in this combination"

/* Scratch memory that is set whenever an instruction is reached, one bit for each word. */
struct memory {
	uint16_t set[BPF_MAXINSNS]; /* on all ways seen so far */
	uint16_t now;
};

bool bpf_is_beside(uint32_t k)
{
	return k == (uint32_t) SKF_AD_OFF + SKF_AD_PKTTYPE ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_IFINDEX ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_VLAN_TAG ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT;
}

/* Four instructions as libpcap makes them of a load from a constant offset: A = offset, M[k] = A,
 * X = M[k], A = packet[X]. */
static bool is_load_of_fact(const struct sock_filter *f)
{
	return f[0].code == (BPF_LD | BPF_IMM) && bpf_is_beside(f[0].k) && f[1].code == BPF_ST &&
	       f[2].code == (BPF_LDX | BPF_MEM) && f[2].k == f[1].k &&
	       BPF_CLASS(f[3].code) == BPF_LD && BPF_MODE(f[3].code) == BPF_IND && f[3].k == 0;
}

void bpf_restore_facts(struct sock_filter *prog, size_t n)
{
	for (size_t i = 0; i + 3 < n; i++) {
		struct sock_filter *load = &prog[i + 3];

		if (!is_load_of_fact(&prog[i]))
			continue;
		load->code = (uint16_t) (BPF_LD | BPF_SIZE(load->code) | BPF_ABS);
		load->k = prog[i].k;
	}
}

static const char *check_load(const struct sock_filter *f)
{
	switch (BPF_MODE(f->code)) {
	case BPF_ABS:
		if (bpf_is_beside(f->k))
			return NULL;
		break;
	case BPF_IMM:
		/* An offset of a fact beside the packet that did not become an absolute load would
		 * be one in the packet. */
		if (BPF_CLASS(f->code) == BPF_LDX && bpf_is_beside(f->k))
			return NOT_TOGETHER;
		return NULL;
	case BPF_IND:
	case BPF_MSH:
		break;
	default:
		return NULL;
	}
	if (f->k >= (uint32_t) SKF_AD_OFF)
		return NOT_TOGETHER;
	return f->k >= BPF_OFFSET_MAX ? "an offset lies outside of every packet" : NULL;
}

static const char *check_jump(const struct sock_filter *f, size_t room)
{
	if (BPF_OP(f->code) == BPF_JA)
		return f->k < room ? NULL : "it needs a loop, which the kernel does not run";
	return f->jt < room && f->jf < room ? NULL : "a jump leaves the program";
}

/* Follow the scratch memory through instruction @i. libpcap's optimiser may lose the instruction
 * that sets a word. */
static const char *check_memory(struct memory *m, const struct sock_filter *f, size_t i)
{
	m->now &= m->set[i];
	switch (BPF_CLASS(f->code)) {
	case BPF_ST:
	case BPF_STX:
		m->now |= (uint16_t) (1U << (f->k % BPF_MEMWORDS));
		break;
	case BPF_LD:
	case BPF_LDX:
		if (BPF_MODE(f->code) == BPF_MEM && !(m->now >> (f->k % BPF_MEMWORDS) & 1))
			return "libpcap's program reads memory that it has not set";
		break;
	case BPF_JMP:
		if (BPF_OP(f->code) == BPF_JA) {
			m->set[i + 1 + f->k] &= m->now;
		} else {
			m->set[i + 1 + f->jt] &= m->now;
			m->set[i + 1 + f->jf] &= m->now;
		}
		m->now = UINT16_MAX;
		break;
	default:
		break;
	}
	return NULL;
}

const char *bpf_check(const struct sock_filter *prog, size_t n)
{
	struct memory m = {.now = 0};
	const char *wrong = NULL;

	if (n == 0 || n > BPF_MAXINSNS)
		return TOO_LONG;
	if (BPF_CLASS(prog[n - 1].code) != BPF_RET)
		return "the program has no end";
	memset(m.set, 0xff, sizeof(m.set));
	for (size_t i = 0; i < n && !wrong; i++) {
		uint16_t class = BPF_CLASS(prog[i].code);

		if (class == BPF_LD || class == BPF_LDX)
			wrong = check_load(&prog[i]);
		else if (class == BPF_JMP)
			wrong = check_jump(&prog[i], n - i - 1);
		if (!wrong)
			wrong = check_memory(&m, &prog[i], i);
	}
	return wrong;
}
