/* SPDX-License-Identifier: MIT */
/* Does the kernel take a program as libpcap made it, and does it mean the same there? */
#ifndef COMPILE_BPF_CHECK_H
#define COMPILE_BPF_CHECK_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Offsets in a packet are below this; what is above means something else to the kernel. */
#define BPF_OFFSET_MAX 0x40000000U

/* True if an absolute load from @k asks the kernel for one of the facts beside the packet that
 * filters may use: its direction, its interface, its outer VLAN tag. */
bool bpf_is_beside(uint32_t k);

/* libpcap does not optimise programs with "geneve" or "protochain". There, the load of a fact
 * beside the packet is an indirect one whose offset was put into a register, which means nothing to
 * the kernel: make it the absolute load that it is in other programs. */
void bpf_restore_facts(struct sock_filter *prog, size_t n);

/* Check the program of @n instructions. Returns NULL, or what is wrong with it, in static words. */
const char *bpf_check(const struct sock_filter *prog, size_t n);

#endif
