/* SPDX-License-Identifier: MIT */
/* The whole program that the kernel runs for every packet of a capture:
 *   1. the outgoing copy on loopback links is dropped (the incoming one stays);
 *   2. links that were not chosen are dropped;
 *   3. TCP packets to or from the service's own end points are dropped;
 *   4. the user's program for the link's type decides. */
#ifndef READER_FILTER_H
#define READER_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/capture_conf.h"

struct filter_plan {
	const struct capture_conf *conf;
	const uint32_t *ifindexes; /* the chosen links; only looked at if conf->n_names > 0 */
	size_t n_ifindexes;
};

/* Put the program together. Returns the number of instructions in @ret, -E2BIG when it is more than
 * the kernel takes, or -ENOMEM. */
ssize_t filter_assemble(const struct filter_plan *plan, struct sock_filter ret[BPF_MAXINSNS]);

/* Attach a program of @n instructions to @sock in place of the one there. 0 or a negative errno. */
int filter_attach(int sock, const struct sock_filter *prog, size_t n);

/* Attach a program that drops everything. */
int filter_attach_none(int sock);

#endif
