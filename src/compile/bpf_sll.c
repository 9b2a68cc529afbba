/* SPDX-License-Identifier: MIT */
#include "compile/bpf_sll.h"

#include <errno.h>

#include "compile/bpf_check.h"

#define SLL_HEADER 16
/* Offsets from SKF_NET_OFF must not reach SKF_AD_OFF; half of that room for each of a constant and
 * an index is far more than a packet has. */
#define NET_ROOM 0x70000U

struct rewrite {
	int reject; /* label: no packet is that long */
	const char *words;
};

/* The kernel's place for byte @k of the cooked packet. */
static uint32_t net_offset(uint32_t k)
{
	return (uint32_t) SKF_NET_OFF + k - SLL_HEADER;
}

static int not_there(struct rewrite *r, const char *words)
{
	r->words = words;
	return -ENOTSUP;
}

/* The fields of the header that the kernel can tell: packet type, ARPHRD_, protocol. */
static int header_field(struct rewrite *r, struct bpf_asm *a, const struct sock_filter *f)
{
	static const struct {
		uint32_t at, beside;
	} fields[] = {{0, SKF_AD_PKTTYPE}, {2, SKF_AD_HATYPE}, {14, SKF_AD_PROTOCOL}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (f->k == fields[i].at && BPF_SIZE(f->code) == BPF_H) {
			bpf_asm_op(a, BPF_LD | BPF_W | BPF_ABS,
				(uint32_t) SKF_AD_OFF + fields[i].beside);
			return 1;
		}
	}
	return not_there(r, "of the link layer only packet type, link type and protocol can be "
			    "tested on this kind of interface");
}

static int rewrite(void *ctx, struct bpf_asm *a, const struct sock_filter *f)
{
	struct rewrite *r = ctx;
	uint16_t mode = BPF_MODE(f->code);

	if ((BPF_CLASS(f->code) != BPF_LD && BPF_CLASS(f->code) != BPF_LDX) || mode == BPF_IMM ||
		mode == BPF_MEM || (mode == BPF_ABS && bpf_is_beside(f->k)))
		return 0;
	if (mode == BPF_LEN)
		return not_there(r, "the length cannot be tested on this kind of interface");
	if (mode == BPF_ABS && f->k < SLL_HEADER)
		return header_field(r, a, f);
	if (f->k < SLL_HEADER)
		return not_there(r, "the link layer cannot be searched on this kind of interface");
	if (f->k >= NET_ROOM)
		return not_there(r, "an offset lies outside of every packet");
	if (mode == BPF_IND) {
		bpf_asm_op(a, BPF_MISC | BPF_TXA, 0);
		bpf_asm_if(a, BPF_JMP | BPF_JGE | BPF_K, NET_ROOM, r->reject, BPF_LABEL_NEXT);
	}
	bpf_asm_op(a, f->code, net_offset(f->k));
	return 1;
}

int bpf_sll_append(
	struct bpf_asm *a, const struct sock_filter *prog, size_t n, const char **ret_words)
{
	struct rewrite r = {.reject = bpf_asm_label(a)};
	int rc = bpf_asm_rewrite(a, prog, n, rewrite, &r);

	bpf_asm_bind(a, r.reject);
	bpf_asm_op(a, BPF_RET | BPF_K, 0);
	if (rc < 0)
		*ret_words = r.words;
	return rc;
}
