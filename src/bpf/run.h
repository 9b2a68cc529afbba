/* SPDX-License-Identifier: MIT */
/* An interpreter of classic BPF that gives the verdict the kernel gives for a packet socket, loads
 * of facts beside the packet included (Documentation/networking/filter.rst). Any program and any
 * packet are safe to run: jumps only go forward, and each load is bounded. */
#ifndef BPF_RUN_H
#define BPF_RUN_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_packet {
	const uint8_t *bytes; /* borrowed, from the link layer on */
	size_t len_bytes;     /* how many are there */
	size_t cut_bytes;     /* how many more the packet had; they count for its length alone */
	size_t network_at;    /* where the network layer starts */
	uint16_t protocol;    /* ETH_P_* */
	uint16_t hatype;      /* ARPHRD_* */
	uint8_t pkttype;      /* PACKET_* */
	uint32_t ifindex;
	bool tagged; /* a VLAN tag is beside the packet */
	uint16_t tci;
};

/* What the program of @n instructions returns: bytes to keep, 0 = reject. A load outside of the
 * packet, a division by zero, an instruction the kernel does not know or a missing end reject. */
uint32_t bpf_run(const struct sock_filter *prog, size_t n, const struct bpf_packet *pkt);

#endif
