/* SPDX-License-Identifier: MIT */
/* The part of a capture's program that rejects TCP packets from or to the service's own end points
 * (proto/capture_conf.h). It is compact, because kernels before 6.8 allow a socket about 2000
 * instructions of their own and make up to 13 of each load from the packet: each port and each
 * IPv4 address is loaded once, the words of an IPv6 address are kept in scratch memory. */
#ifndef READER_OWN_ENDS_H
#define READER_OWN_ENDS_H

#include "bpf/asm.h"
#include "proto/capture_conf.h"

/* Add instructions that jump to label @reject if one side of the packet is an end point of @c, and
 * go on with what is added next otherwise. They overwrite A, X and the scratch memory. */
void own_ends_append(struct bpf_asm *a, const struct capture_conf *c, int reject);

#endif
