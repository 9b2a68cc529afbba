/* SPDX-License-Identifier: MIT */
/* Names of the classic BPF instructions that the reader's programs are made of. */
#ifndef READER_INSNS_H
#define READER_INSNS_H

#include <linux/filter.h>
#include <stdint.h>

#define INSN_FACT(what)  (uint32_t)(SKF_AD_OFF + (what))    /* a fact beside the packet */
#define INSN_NET(offset) (uint32_t)(SKF_NET_OFF + (offset)) /* from the network layer on */

#define INSN_LDW   (BPF_LD | BPF_W | BPF_ABS)
#define INSN_LDH   (BPF_LD | BPF_H | BPF_ABS)
#define INSN_LDB   (BPF_LD | BPF_B | BPF_ABS)
#define INSN_LDH_X (BPF_LD | BPF_H | BPF_IND)
#define INSN_JEQ   (BPF_JMP | BPF_JEQ | BPF_K)
#define INSN_JSET  (BPF_JMP | BPF_JSET | BPF_K)
#define INSN_RET   (BPF_RET | BPF_K)

#endif
