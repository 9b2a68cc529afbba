/* SPDX-License-Identifier: MIT */
#include "service/admit/bpf_check.h"

bool bpf_is_beside(uint32_t k)
{
	return k == (uint32_t) SKF_AD_OFF + SKF_AD_PKTTYPE ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_IFINDEX ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_VLAN_TAG ||
	       k == (uint32_t) SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT;
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
			return "direction, interface and tag cannot be tested in this combination";
		return NULL;
	case BPF_IND:
	case BPF_MSH:
		break;
	default:
		return NULL;
	}
	if (f->k >= (uint32_t) SKF_AD_OFF)
		return "direction, interface and tag cannot be tested in this combination";
	return f->k >= BPF_OFFSET_MAX ? "an offset lies outside of every packet" : NULL;
}

static const char *check_jump(const struct sock_filter *f, size_t room)
{
	if (BPF_OP(f->code) == BPF_JA)
		return f->k < room ? NULL : "it needs a loop, which the kernel does not run";
	return f->jt < room && f->jf < room ? NULL : "a jump leaves the program";
}

const char *bpf_check(const struct sock_filter *prog, size_t n)
{
	const char *wrong = NULL;

	if (n == 0 || BPF_CLASS(prog[n - 1].code) != BPF_RET)
		return "the program has no end";
	for (size_t i = 0; i < n && !wrong; i++) {
		switch (BPF_CLASS(prog[i].code)) {
		case BPF_LD:
		case BPF_LDX:
			wrong = check_load(&prog[i]);
			break;
		case BPF_JMP:
			wrong = check_jump(&prog[i], n - i - 1);
			break;
		default:
			break;
		}
	}
	return wrong;
}
