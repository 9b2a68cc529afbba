/* SPDX-License-Identifier: MIT */
/* Labels become distances, near or far, and programs keep their meaning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/own.h"
#include "bpf/asm.h"
#include "bpf/run.h"
#include "support/bpf_kernel.h"

#define LDB  (BPF_LD | BPF_B | BPF_ABS)
#define LDH  (BPF_LD | BPF_H | BPF_ABS)
#define JEQ  (BPF_JMP | BPF_JEQ | BPF_K)
#define RET  (BPF_RET | BPF_K)
#define RETA (BPF_RET | BPF_A)

static uint32_t run(const struct sock_filter *prog, size_t n, const void *bytes, size_t len)
{
	return bpf_run(prog, n, &(struct bpf_packet){.bytes = bytes, .len_bytes = len});
}

/* A jump table: packet byte pair v gives v + 1 for v below @ways, else 0. */
static void add_table(struct bpf_asm *a, int ways)
{
	int *label = calloc((size_t) ways, sizeof(*label));

	assert_non_null(label);
	for (int i = 0; i < ways; i++)
		label[i] = bpf_asm_label(a);
	bpf_asm_op(a, LDH, 0);
	for (int i = 0; i < ways; i++)
		bpf_asm_if(a, JEQ, (uint32_t) i, label[i], BPF_LABEL_NEXT);
	bpf_asm_op(a, RET, 0);
	for (int i = 0; i < ways; i++) {
		bpf_asm_bind(a, label[i]);
		bpf_asm_op(a, RET, (uint32_t) i + 1);
	}
	free(label);
}

static void check_table(const struct sock_filter *prog, size_t n, int ways)
{
	for (int v = 0; v < ways + 2; v++) {
		uint8_t bytes[2] = {(uint8_t) (v >> 8), (uint8_t) v};

		assert_int_equal(run(prog, n, bytes, 2), v < ways ? v + 1 : 0);
	}
}

static void near_jumps_need_no_help(void **state)
{
	struct sock_filter prog[64];
	struct bpf_asm a;
	ssize_t n;

	(void) state;
	bpf_asm_init(&a);
	add_table(&a, 20);
	n = bpf_asm_finish(&a, prog, ARRAY_LEN(prog));
	assert_int_equal(n, 1 + 20 + 1 + 20);
	check_table(prog, (size_t) n, 20);
	assert_true(bpf_kernel_takes(prog, (size_t) n));
	bpf_asm_done(&a);
}

static void far_jumps_arrive_too(void **state)
{
	static const int ways[] = {127, 128, 254, 255, 256, 257, 300, 1000};
	struct sock_filter prog[BPF_MAXINSNS];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct bpf_asm a;
		ssize_t n;

		bpf_asm_init(&a);
		add_table(&a, ways[i]);
		n = bpf_asm_finish(&a, prog, ARRAY_LEN(prog));
		assert_true(n > 0);
		check_table(prog, (size_t) n, ways[i]);
		assert_true(bpf_kernel_takes(prog, (size_t) n));
		bpf_asm_done(&a);
	}
}

/* Both ways of a condition far away: return 1 for byte 7, 2 for others. */
static void both_ways_of_a_condition_may_be_far(void **state)
{
	static const uint8_t seven = 7, eight = 8;
	struct sock_filter prog[BPF_MAXINSNS];
	struct bpf_asm a;
	ssize_t n;
	int yes, no;

	(void) state;
	bpf_asm_init(&a);
	yes = bpf_asm_label(&a);
	no = bpf_asm_label(&a);
	bpf_asm_op(&a, LDB, 0);
	bpf_asm_if(&a, JEQ, 7, yes, no);
	for (int i = 0; i < 500; i++)
		bpf_asm_op(&a, RET, 99);
	bpf_asm_bind(&a, no);
	bpf_asm_op(&a, RET, 2);
	for (int i = 0; i < 500; i++)
		bpf_asm_op(&a, RET, 99);
	bpf_asm_bind(&a, yes);
	bpf_asm_op(&a, RET, 1);
	n = bpf_asm_finish(&a, prog, ARRAY_LEN(prog));
	assert_int_equal(n, 2 + 2 + 500 + 1 + 500 + 1);
	assert_int_equal(run(prog, (size_t) n, &seven, 1), 1);
	assert_int_equal(run(prog, (size_t) n, &eight, 1), 2);
	bpf_asm_done(&a);
}

static void an_appended_program_means_what_it_meant(void **state)
{
	static const uint8_t first[] = {0, 5}, second[] = {0, 99};
	struct sock_filter table[1024], prog[BPF_MAXINSNS];
	struct bpf_asm a, b;
	ssize_t n;
	int skip;

	(void) state;
	bpf_asm_init(&a);
	add_table(&a, 40);
	n = bpf_asm_finish(&a, table, ARRAY_LEN(table));
	assert_true(n > 0);
	bpf_asm_init(&b);
	skip = bpf_asm_label(&b);
	bpf_asm_op(&b, LDB, 1);
	bpf_asm_if(&b, JEQ, 99, skip, BPF_LABEL_NEXT);
	bpf_asm_append(&b, table, (size_t) n);
	bpf_asm_bind(&b, skip);
	bpf_asm_append(&b, (const struct sock_filter[]){{RET, 0, 0, 4711}}, 1);
	n = bpf_asm_finish(&b, prog, ARRAY_LEN(prog));
	assert_true(n > 0);
	assert_int_equal(run(prog, (size_t) n, first, 2), 6);
	assert_int_equal(run(prog, (size_t) n, second, 2), 4711);
	bpf_asm_done(&a);
	bpf_asm_done(&b);
}

/* Each load of a byte is off by one and doubled, with a jump of its own inside. */
static int shift_loads(void *ctx, struct bpf_asm *a, const struct sock_filter *f)
{
	int *left = ctx, same;

	if (f->code != LDB)
		return 0;
	if ((*left)-- == 0)
		return -ENOTSUP;
	same = bpf_asm_label(a);
	bpf_asm_op(a, LDB, f->k + 1);
	bpf_asm_if(a, JEQ, 0, same, BPF_LABEL_NEXT);
	bpf_asm_op(a, BPF_ALU | BPF_LSH | BPF_K, 1);
	bpf_asm_bind(a, same);
	return 1;
}

static void replaced_instructions_keep_jumps_right(void **state)
{
	static const struct sock_filter old[] = {
		{LDB, 0, 0, 0}, {JEQ, 1, 0, 8}, {RETA, 0, 0, 0}, {LDB, 0, 0, 1}, {RETA, 0, 0, 0}};
	static const uint8_t jumps[] = {0, 4, 21}, stays[] = {0, 5, 21};
	struct sock_filter prog[32];
	struct bpf_asm a;
	int left = 2;
	ssize_t n;

	(void) state;
	bpf_asm_init(&a);
	assert_int_equal(bpf_asm_rewrite(&a, old, ARRAY_LEN(old), shift_loads, &left), 0);
	n = bpf_asm_finish(&a, prog, ARRAY_LEN(prog));
	assert_int_equal(n, ARRAY_LEN(old) + 4);
	assert_int_equal(run(prog, (size_t) n, jumps, 3), 42);
	assert_int_equal(run(prog, (size_t) n, stays, 3), 10);
	bpf_asm_done(&a);
	bpf_asm_init(&a);
	left = 1;
	assert_int_equal(bpf_asm_rewrite(&a, old, ARRAY_LEN(old), shift_loads, &left), -ENOTSUP);
	bpf_asm_done(&a);
}

static void misuse_is_reported(void **state)
{
	struct sock_filter prog[8];
	struct bpf_asm a;
	int label;

	(void) state;
	bpf_asm_init(&a);
	assert_int_equal(bpf_asm_finish(&a, prog, 8), -EINVAL); /* empty */
	label = bpf_asm_label(&a);
	bpf_asm_goto(&a, label);
	bpf_asm_op(&a, RET, 0);
	assert_int_equal(bpf_asm_finish(&a, prog, 8), -EINVAL); /* unbound */
	bpf_asm_bind(&a, label);
	assert_int_equal(bpf_asm_finish(&a, prog, 8), -EINVAL); /* bound behind the end */
	bpf_asm_op(&a, RET, 0);
	assert_int_equal(bpf_asm_finish(&a, prog, 8), 3);
	assert_int_equal(bpf_asm_finish(&a, prog, 3), 3);
	assert_int_equal(bpf_asm_finish(&a, prog, 2), -E2BIG);
	bpf_asm_goto(&a, label);
	assert_int_equal(bpf_asm_finish(&a, prog, 8), -EINVAL); /* backwards */
	bpf_asm_done(&a);
}

static void a_program_that_jumps_out_is_not_appended(void **state)
{
	static const struct sock_filter out[][2] = {
		{{JEQ, 1, 0, 0}, {RET, 0, 0, 0}},
		{{JEQ, 0, 200, 0}, {RET, 0, 0, 0}},
		{{BPF_JMP | BPF_JA, 0, 0, 1}, {RET, 0, 0, 0}},
		{{BPF_JMP | BPF_JA, 0, 0, UINT32_MAX}, {RET, 0, 0, 0}},
	};
	struct sock_filter prog[8];

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(out); i++) {
		struct bpf_asm a;

		bpf_asm_init(&a);
		bpf_asm_append(&a, out[i], 2);
		assert_true(bpf_asm_finish(&a, prog, 8) < 0);
		bpf_asm_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(near_jumps_need_no_help),
		cmocka_unit_test(far_jumps_arrive_too),
		cmocka_unit_test(both_ways_of_a_condition_may_be_far),
		cmocka_unit_test(an_appended_program_means_what_it_meant),
		cmocka_unit_test(replaced_instructions_keep_jumps_right),
		cmocka_unit_test(misuse_is_reported),
		cmocka_unit_test(a_program_that_jumps_out_is_not_appended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
