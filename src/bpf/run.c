/* SPDX-License-Identifier: MIT */
#include "bpf/run.h"

struct machine {
	const struct bpf_packet *pkt;
	uint32_t a, x, mem[BPF_MEMWORDS];
	bool refused;
};

static uint32_t load_bytes(struct machine *m, uint32_t k, size_t size)
{
	int64_t at = (int32_t) k;
	uint32_t v = 0;

	if (at < 0 && at >= SKF_NET_OFF)
		at = at - SKF_NET_OFF + (int64_t) m->pkt->network_at;
	else if (at < 0 && at >= SKF_LL_OFF)
		at -= SKF_LL_OFF;
	if (at < 0 || (uint64_t) at + size > m->pkt->len_bytes) {
		m->refused = true;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		v = v << 8 | m->pkt->bytes[(size_t) at + i];
	return v;
}

static uint32_t load_absolute(struct machine *m, uint32_t k, size_t size)
{
	switch ((int64_t) (int32_t) k - SKF_AD_OFF) {
	case SKF_AD_PROTOCOL:
		return m->pkt->protocol;
	case SKF_AD_PKTTYPE:
		return m->pkt->pkttype;
	case SKF_AD_IFINDEX:
		return m->pkt->ifindex;
	case SKF_AD_HATYPE:
		return m->pkt->hatype;
	case SKF_AD_VLAN_TAG:
		return m->pkt->tagged ? m->pkt->tci : 0;
	case SKF_AD_VLAN_TAG_PRESENT:
		return m->pkt->tagged;
	default:
		return load_bytes(m, k, size);
	}
}

static uint32_t load(struct machine *m, const struct sock_filter *f)
{
	size_t size = BPF_SIZE(f->code) == BPF_W ? 4 : BPF_SIZE(f->code) == BPF_H ? 2 : 1;

	switch (BPF_MODE(f->code)) {
	case BPF_IMM:
		return f->k;
	case BPF_ABS:
		return load_absolute(m, f->k, size);
	case BPF_IND:
		return load_bytes(m, m->x + f->k, size);
	case BPF_MEM:
		return m->mem[f->k % BPF_MEMWORDS];
	case BPF_LEN:
		return (uint32_t) (m->pkt->len_bytes + m->pkt->cut_bytes);
	case BPF_MSH:
		return 4 * (load_bytes(m, f->k, 1) & 15);
	default:
		m->refused = true;
		return 0;
	}
}

static uint32_t divide(struct machine *m, uint32_t a, uint32_t b, bool modulo)
{
	if (b == 0) {
		m->refused = true;
		return 0;
	}
	return modulo ? a % b : a / b;
}

static void alu(struct machine *m, const struct sock_filter *f)
{
	uint32_t v = BPF_SRC(f->code) == BPF_X ? m->x : f->k;

	switch (BPF_OP(f->code)) {
	case BPF_ADD:
		m->a += v;
		break;
	case BPF_SUB:
		m->a -= v;
		break;
	case BPF_MUL:
		m->a *= v;
		break;
	case BPF_DIV:
		m->a = divide(m, m->a, v, false);
		break;
	case BPF_MOD:
		m->a = divide(m, m->a, v, true);
		break;
	case BPF_AND:
		m->a &= v;
		break;
	case BPF_OR:
		m->a |= v;
		break;
	case BPF_XOR:
		m->a ^= v;
		break;
	case BPF_LSH:
		m->a <<= v & 31;
		break;
	case BPF_RSH:
		m->a >>= v & 31;
		break;
	case BPF_NEG:
		m->a = -m->a;
		break;
	default:
		m->refused = true;
	}
}

/* How far to go on behind the jump. */
static size_t jump(const struct machine *m, const struct sock_filter *f)
{
	uint32_t v = BPF_SRC(f->code) == BPF_X ? m->x : f->k;
	bool yes;

	switch (BPF_OP(f->code)) {
	case BPF_JA:
		return f->k;
	case BPF_JEQ:
		yes = m->a == v;
		break;
	case BPF_JGT:
		yes = m->a > v;
		break;
	case BPF_JGE:
		yes = m->a >= v;
		break;
	default:
		yes = (m->a & v) != 0;
	}
	return yes ? f->jt : f->jf;
}

uint32_t bpf_run(const struct sock_filter *prog, size_t n, const struct bpf_packet *pkt)
{
	struct machine m = {.pkt = pkt};

	for (size_t i = 0; i < n && !m.refused; i++) {
		const struct sock_filter *f = &prog[i];

		switch (BPF_CLASS(f->code)) {
		case BPF_LD:
			m.a = load(&m, f);
			break;
		case BPF_LDX:
			m.x = load(&m, f);
			break;
		case BPF_ST:
			m.mem[f->k % BPF_MEMWORDS] = m.a;
			break;
		case BPF_STX:
			m.mem[f->k % BPF_MEMWORDS] = m.x;
			break;
		case BPF_ALU:
			alu(&m, f);
			break;
		case BPF_JMP:
			i += jump(&m, f);
			break;
		case BPF_RET:
			return BPF_RVAL(f->code) == BPF_A ? m.a : f->k;
		default:
			if (BPF_MISCOP(f->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
		}
	}
	return 0;
}
