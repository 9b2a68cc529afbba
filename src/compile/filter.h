/* SPDX-License-Identifier: MIT */
/* From pcap-filter(7) text to classic BPF for the kernel, one program for each link type. The text
 * is compiled by libpcap for packets as they are in a file; the kernel, however, keeps a VLAN tag
 * beside the packet and has no cooked header, so programs are rewritten for what it really sees. */
#ifndef COMPILE_FILTER_H
#define COMPILE_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "proto/capture_conf.h"

/* Instructions of all programs together. The kernel takes BPF_MAXINSNS; the rest is for what the
 * reader puts in front. */
#define FILTER_INSNS_MAX (BPF_MAXINSNS - 1024)

/* One of the interfaces the filter must fit. */
struct filter_link {
	const char *name;
	uint16_t linktype; /* enum linktype */
};

/* Compile conf->filter with conf->snaplen for every link type we know and put the programs into
 * @conf (its programs must be empty). The filter is refused if libpcap refuses it for the link type
 * of one of the @n @links, or if it can match nothing on any of them. Link types that only later
 * interfaces could have get a program that refuses every packet where the filter does not fit, or
 * when it is so long that time or instructions are scarce. An empty filter keeps everything.
 *
 * A tag in the packet and the outer tag that the kernel keeps beside it are tested as by libpcap on
 * a live interface: vlan finds both, other tests see the packet without the tag beside it.
 * Names of hosts are refused; those of the usual services and protocols are known.
 * Returns 0, -EINVAL with @e holding libpcap's words, and the interface if it fits others, or
 * -ENOMEM with @e filled. @conf is untouched on failure. */
int filter_compile(
	struct capture_conf *conf, const struct filter_link *links, size_t n, struct err *e);

#endif
