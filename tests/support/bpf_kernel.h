/* SPDX-License-Identifier: MIT */
/* Asks the running kernel about classic BPF programs. For tests. */
#ifndef SUPPORT_BPF_KERNEL_H
#define SUPPORT_BPF_KERNEL_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

/* True if the kernel attaches the program to a socket. */
bool bpf_kernel_takes(const struct sock_filter *prog, size_t n);

#endif
