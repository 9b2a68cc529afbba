/* SPDX-License-Identifier: MIT */
/* Programs for cooked packets (LINKTYPE_LINUX_SLL: a header of 16 bytes, then the network layer),
 * made to run in the kernel, where packets of such links have whatever link layer they have: the
 * fields of the header are asked from the kernel, the rest is read from the network layer on. */
#ifndef COMPILE_BPF_SLL_H
#define COMPILE_BPF_SLL_H

#include <linux/filter.h>
#include <stddef.h>

#include "bpf/asm.h"

/* Add @prog, which bpf_check() has passed, rewritten, to @a. Returns 0, or -ENOTSUP with *ret_words
 * saying (static) which test cannot be made in the kernel. */
int bpf_sll_append(
	struct bpf_asm *a, const struct sock_filter *prog, size_t n, const char **ret_words);

#endif
