/* SPDX-License-Identifier: MIT */
#include "bpf/asm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

enum line_kind {
	LINE_OP,
	LINE_IF,
	LINE_GOTO
};

struct bpf_line {
	enum line_kind kind;
	uint16_t code;
	uint32_t k;
	int to_true, to_false;    /* labels; LINE_GOTO uses to_true */
	bool far_true, far_false; /* reached through a jump of its own behind the instruction */
};

void bpf_asm_init(struct bpf_asm *a)
{
	memset(a, 0, sizeof(*a));
}

void bpf_asm_done(struct bpf_asm *a)
{
	free(a->lines);
	free(a->label_at);
	memset(a, 0, sizeof(*a));
}

static void *grow(void *p, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 64;
	void *q;

	if (need <= *cap)
		return p;
	while (n < need)
		n *= 2;
	q = reallocarray(p, n, size);
	if (q)
		*cap = n;
	return q;
}

static void add(struct bpf_asm *a, const struct bpf_line *l)
{
	struct bpf_line *p = grow(a->lines, &a->cap_lines, a->n_lines + 1, sizeof(*p));

	if (!p) {
		a->failed = true;
		return;
	}
	a->lines = p;
	a->lines[a->n_lines++] = *l;
}

int bpf_asm_label(struct bpf_asm *a)
{
	int32_t *p = grow(a->label_at, &a->cap_labels, a->n_labels + 1, sizeof(*p));

	if (!p) {
		a->failed = true;
		return BPF_LABEL_NEXT;
	}
	a->label_at = p;
	a->label_at[a->n_labels] = -1;
	return (int) a->n_labels++;
}

void bpf_asm_bind(struct bpf_asm *a, int label)
{
	if (label < 0 || (size_t) label >= a->n_labels || a->label_at[label] >= 0)
		a->failed = true;
	else
		a->label_at[label] = (int32_t) a->n_lines;
}

void bpf_asm_op(struct bpf_asm *a, uint16_t code, uint32_t k)
{
	add(a, &(struct bpf_line){.kind = LINE_OP, .code = code, .k = k});
}

void bpf_asm_if(struct bpf_asm *a, uint16_t code, uint32_t k, int label_true, int label_false)
{
	add(a, &(struct bpf_line){.kind = LINE_IF,
		       .code = code,
		       .k = k,
		       .to_true = label_true,
		       .to_false = label_false});
}

void bpf_asm_goto(struct bpf_asm *a, int label)
{
	add(a, &(struct bpf_line){.kind = LINE_GOTO, .code = BPF_JMP | BPF_JA, .to_true = label});
}

/* Add the jump @f, instruction @i of @n, whose labels start at @first. */
static void add_jump(
	struct bpf_asm *a, const struct sock_filter *f, size_t i, size_t n, size_t first)
{
	size_t to_true = i + 1 + f->jt, to_false = i + 1 + f->jf;
	bool always = BPF_OP(f->code) == BPF_JA;

	if (always)
		to_true = to_false = i + 1 + (size_t) f->k;
	if (to_true >= n || to_false >= n)
		a->failed = true;
	else if (always)
		bpf_asm_goto(a, (int) (first + to_true));
	else
		bpf_asm_if(a, f->code, f->k, (int) (first + to_true), (int) (first + to_false));
}

int bpf_asm_rewrite(
	struct bpf_asm *a, const struct sock_filter *prog, size_t n, bpf_rewrite_fn fn, void *ctx)
{
	size_t first = a->n_labels;

	for (size_t i = 0; i < n; i++)
		(void) bpf_asm_label(a);
	for (size_t i = 0; i < n && !a->failed; i++) {
		const struct sock_filter *f = &prog[i];
		int rc = 0;

		bpf_asm_bind(a, (int) (first + i));
		if (BPF_CLASS(f->code) == BPF_JMP) {
			add_jump(a, f, i, n, first);
			continue;
		}
		if (fn)
			rc = fn(ctx, a, f);
		if (rc < 0)
			return rc;
		if (rc == 0)
			bpf_asm_op(a, f->code, f->k);
	}
	return 0;
}

void bpf_asm_append(struct bpf_asm *a, const struct sock_filter *prog, size_t n)
{
	(void) bpf_asm_rewrite(a, prog, n, NULL, NULL);
}

/* Instructions that line @l becomes. */
static size_t line_len(const struct bpf_line *l)
{
	return 1 + (size_t) l->far_true + (size_t) l->far_false;
}

/* The line label @label stands for when used in line @i; SIZE_MAX if it cannot be used there. */
static size_t line_of(const struct bpf_asm *a, int label, size_t i)
{
	if (label == BPF_LABEL_NEXT)
		return i + 1;
	if (label < 0 || (size_t) label >= a->n_labels || a->label_at[label] <= (int32_t) i ||
		(size_t) a->label_at[label] >= a->n_lines)
		return SIZE_MAX;
	return (size_t) a->label_at[label];
}

/* Fill @start with the first instruction of every line, and one more for the end. */
static void place(const struct bpf_line *lines, size_t n, uint32_t *start)
{
	uint32_t at = 0;

	for (size_t i = 0; i < n; i++) {
		start[i] = at;
		at += (uint32_t) line_len(&lines[i]);
	}
	start[n] = at;
}

/* Lengthen every conditional jump that does not reach its label. Returns how many changed, or
 * -EINVAL. Distances only grow from one round to the next, so rounds come to an end. */
static int lengthen(const struct bpf_asm *a, struct bpf_line *lines, const uint32_t *start)
{
	int changed = 0;

	for (size_t i = 0; i < a->n_lines; i++) {
		struct bpf_line *l = &lines[i];
		size_t t, f;

		if (l->kind == LINE_OP)
			continue;
		t = line_of(a, l->to_true, i);
		f = l->kind == LINE_IF ? line_of(a, l->to_false, i) : t;
		if (t == SIZE_MAX || f == SIZE_MAX)
			return -EINVAL;
		if (l->kind == LINE_GOTO)
			continue;
		if (!l->far_true && start[t] - start[i] - 1 > UINT8_MAX) {
			l->far_true = true;
			changed++;
		}
		if (!l->far_false && start[f] - start[i] - 1 > UINT8_MAX) {
			l->far_false = true;
			changed++;
		}
	}
	return changed;
}

static void emit(const struct bpf_asm *a, const struct bpf_line *l, size_t i, const uint32_t *start,
	struct sock_filter *out)
{
	uint32_t at = start[i], t, f, hop = at + 1;

	out[at] = (struct sock_filter){.code = l->code, .k = l->k};
	if (l->kind == LINE_OP)
		return;
	t = start[line_of(a, l->to_true, i)];
	if (l->kind == LINE_GOTO) {
		out[at].k = t - at - 1;
		return;
	}
	f = start[line_of(a, l->to_false, i)];
	if (l->far_true) {
		out[hop] = (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = t - hop - 1};
		t = hop++;
	}
	if (l->far_false) {
		out[hop] = (struct sock_filter){.code = BPF_JMP | BPF_JA, .k = f - hop - 1};
		f = hop;
	}
	out[at].jt = (uint8_t) (t - at - 1);
	out[at].jf = (uint8_t) (f - at - 1);
}

ssize_t bpf_asm_finish(const struct bpf_asm *a, struct sock_filter *ret, size_t cap)
{
	AUTO_FREE struct bpf_line *lines = NULL;
	AUTO_FREE uint32_t *start = NULL;
	int changed;

	if (a->failed)
		return -ENOMEM;
	if (a->n_lines == 0)
		return -EINVAL;
	lines = malloc(a->n_lines * sizeof(*lines));
	start = calloc(a->n_lines + 1, sizeof(*start));
	if (!lines || !start)
		return -ENOMEM;
	memcpy(lines, a->lines, a->n_lines * sizeof(*lines));
	do {
		place(lines, a->n_lines, start);
		if (start[a->n_lines] > cap)
			return -E2BIG;
		changed = lengthen(a, lines, start);
		if (changed < 0)
			return changed;
	} while (changed > 0);
	for (size_t i = 0; i < a->n_lines; i++)
		emit(a, &lines[i], i, start, ret);
	return (ssize_t) start[a->n_lines];
}
