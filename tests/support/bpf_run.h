/* SPDX-License-Identifier: MIT */
/* Runs classic BPF the way the kernel does for a packet socket, facts beside the packet included,
 * without a kernel. For tests. */
#ifndef SUPPORT_BPF_RUN_H
#define SUPPORT_BPF_RUN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_packet {
	const uint8_t *bytes;
	size_t len_bytes;
	size_t network_at; /* where the network layer starts */
	uint16_t protocol; /* ETH_P_* */
	uint16_t hatype;   /* ARPHRD_* */
	uint8_t pkttype;   /* PACKET_* */
	uint32_t ifindex;
	bool tagged; /* a VLAN tag is beside the packet */
	uint16_t tci;
};

/* What the program returns: bytes to keep, 0 = refuse. Loads outside of the packet, divisions by
 * zero and programs the kernel would not take refuse. */
uint32_t bpf_run(const struct sock_filter *prog, size_t n, const struct bpf_packet *pkt);

/* True if the kernel attaches the program to a socket. */
bool bpf_kernel_takes(const struct sock_filter *prog, size_t n);

#endif
