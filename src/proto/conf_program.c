/* SPDX-License-Identifier: MIT */
#include "proto/conf_program.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"

#define INSN_BYTES 8

void conf_program_put(struct wbuf *w, const struct conf_program *p)
{
	wbuf_u16(w, p->linktype);
	wbuf_u8(w, p->refuses);
	wbuf_u16(w, p->n_insns);
	for (uint16_t i = 0; i < p->n_insns; i++) {
		wbuf_u16(w, p->insns[i].code);
		wbuf_u8(w, p->insns[i].jt);
		wbuf_u8(w, p->insns[i].jf);
		wbuf_u32(w, p->insns[i].k);
	}
}

int conf_program_get(struct rbuf *r, struct conf_program *p)
{
	p->linktype = rbuf_u16(r);
	p->refuses = rbuf_flag(r);
	p->n_insns = rbuf_u16(r);
	if (r->failed || p->n_insns > BPF_MAXINSNS || (p->n_insns == 0) != p->refuses ||
		(size_t) p->n_insns * INSN_BYTES > r->len_bytes - r->pos_bytes)
		return -EBADMSG;
	if (p->n_insns == 0)
		return 0;
	p->insns = calloc(p->n_insns, sizeof(*p->insns));
	if (!p->insns)
		return -ENOMEM;
	for (uint16_t i = 0; i < p->n_insns; i++) {
		p->insns[i].code = rbuf_u16(r);
		p->insns[i].jt = rbuf_u8(r);
		p->insns[i].jf = rbuf_u8(r);
		p->insns[i].k = rbuf_u32(r);
	}
	return 0;
}
