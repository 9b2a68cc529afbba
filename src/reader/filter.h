/* SPDX-License-Identifier: MIT */
/* The program that decides about each packet of a capture:
 *   1. the outgoing copy on loopback links is rejected (the incoming one stays);
 *   2. links that were not chosen are rejected;
 *   3. TCP packets to or from the service's own end points are rejected;
 *   4. the user's program for the link's type decides.
 * The kernel runs it for every packet (verdict.h says when the reader does). */
#ifndef READER_FILTER_H
#define READER_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/capture_conf.h"

/* Sets of link types, one bit for each. */
#define FILTER_TYPES_ALL UINT32_MAX
uint32_t filter_type_bit(uint16_t linktype);

#define FILTER_INSNS_MAX (4 * BPF_MAXINSNS) /* of a program that the reader runs */

struct filter_plan {
	const struct capture_conf *conf;
	const uint32_t *ifindexes; /* the chosen links; only looked at if conf->n_names > 0 */
	size_t n_ifindexes;
	uint32_t types; /* the link types the program decides about; packets of others are kept
			   whole */
};

/* Put the program together. Returns the number of instructions in @ret, -E2BIG when it is more than
 * @cap, or -ENOMEM. */
ssize_t filter_assemble(const struct filter_plan *plan, struct sock_filter *ret, size_t cap);

/* Attach a program of @n instructions to @sock in place of the one there. Returns 0 or a negative
 * errno: -ENOMEM when the namespace's net.core.optmem_max does not allow it, which counts the
 * program there as well; that one then stays. */
int filter_attach(int sock, const struct sock_filter *prog, size_t n);

/* Attach a program that rejects everything. Errors of filter_attach(). */
int filter_attach_none(int sock);

/* Take away the program of @sock, so that everything passes. Returns 0 or a negative errno. */
int filter_detach(int sock);

#endif
