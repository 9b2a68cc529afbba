/* SPDX-License-Identifier: MIT */
/* A small assembler for classic BPF (Documentation/networking/filter.rst): instructions with labels
 * instead of distances. Conditional jumps of classic BPF reach 255 instructions; the assembler
 * puts unconditional ones in between where a label is further away. All jumps go forward. */
#ifndef BPF_ASM_H
#define BPF_ASM_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BPF_LABEL_NEXT (-1) /* the instruction that follows */

struct bpf_line;

struct bpf_asm {
	struct bpf_line *lines; /* owned */
	size_t n_lines, cap_lines;
	int32_t *label_at; /* owned: line of each label, -1 while unbound */
	size_t n_labels, cap_labels;
	bool failed; /* out of memory or misuse; bpf_asm_finish() reports it */
};

/* Start an empty program. No allocation happens before the first instruction. */
void bpf_asm_init(struct bpf_asm *a);
void bpf_asm_done(struct bpf_asm *a);

/* Make a label, to be bound to a place later. */
int bpf_asm_label(struct bpf_asm *a);
/* The next instruction added is where @label is. */
void bpf_asm_bind(struct bpf_asm *a, int label);

/* Add an instruction that is not a jump. */
void bpf_asm_op(struct bpf_asm *a, uint16_t code, uint32_t k);
/* Add a conditional jump, @code being BPF_JMP | BPF_JEQ | BPF_K and the like. */
void bpf_asm_if(struct bpf_asm *a, uint16_t code, uint32_t k, int label_true, int label_false);
/* Jump to @label. */
void bpf_asm_goto(struct bpf_asm *a, int label);
/* Add a finished program of @n instructions; its own jumps stay inside it. */
void bpf_asm_append(struct bpf_asm *a, const struct sock_filter *prog, size_t n);

/* Called for an instruction that is not a jump. Return 1 if @a now has a replacement, 0 to have the
 * instruction added as it is, a negative errno to give up. */
typedef int (*bpf_rewrite_fn)(void *ctx, struct bpf_asm *a, const struct sock_filter *insn);

/* As bpf_asm_append(), but let @fn replace instructions. Returns 0 or what @fn returned. */
int bpf_asm_rewrite(
	struct bpf_asm *a, const struct sock_filter *prog, size_t n, bpf_rewrite_fn fn, void *ctx);

/* Resolve all labels into @ret. Returns the number of instructions, -E2BIG when there are more than
 * @cap (BPF_MAXINSNS for the kernel), -EINVAL for an unbound label or a jump backwards, -ENOMEM. */
ssize_t bpf_asm_finish(const struct bpf_asm *a, struct sock_filter *ret, size_t cap);

#endif
