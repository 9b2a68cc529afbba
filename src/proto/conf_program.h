/* SPDX-License-Identifier: MIT */
/* A capture filter for one link type, as classic BPF, and how it is written in messages: u16 link
 * type, u8 refuses, u16 number of instructions, then for each u16 code, u8 jt, u8 jf, u32 k,
 * little-endian. */
#ifndef PROTO_CONF_PROGRAM_H
#define PROTO_CONF_PROGRAM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* The filter for one link type. */
struct conf_program {
	uint16_t linktype; /* enum linktype */
	bool refuses;      /* the filter cannot be expressed for this link type: no packet passes */
	uint16_t n_insns;  /* 0 if and only if @refuses */
	struct sock_filter *insns; /* owned */
};

struct rbuf;
struct wbuf;

void conf_program_put(struct wbuf *w, const struct conf_program *p);

/* Read a program into the zeroed @ret. Returns 0 (free ret->insns), -EBADMSG for anything that
 * conf_program_put() would not have written and for more instructions than BPF_MAXINSNS, or
 * -ENOMEM. */
int conf_program_get(struct rbuf *r, struct conf_program *ret);

#endif
