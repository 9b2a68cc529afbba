/* SPDX-License-Identifier: MIT */
/* Where the packets of a capture are filtered. Usually the kernel runs the whole program
 * (filter.h) and everything in the ring is kept. The reader runs the program itself
 *   - for all packets, from the moment the kernel refuses a program: net.core.optmem_max of the
 *     captured namespace limits the memory of programs, and a container can set it to 1;
 *   - for packets of links whose type the kernel's program leaves open, because no link of that
 *     type existed when it was attached.
 * To decide twice about a packet is harmless: the program gives the same verdict on all of its
 * bytes, and a packet that the kernel's program has cut is known to have passed it. */
#ifndef READER_VERDICT_H
#define READER_VERDICT_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader/block.h"

struct verdict {
	struct sock_filter *prog; /* owned: decides about packets of every link type */
	size_t n;
	uint32_t kernel_types; /* the link types that the kernel's program decides about */
	bool is_refused;       /* by the kernel, now or earlier: the reader decides */
	bool is_reported;      /* to the service */
};

void verdict_done(struct verdict *v);

/* Attach @prog to @sock. If the kernel has no room for it, also not without the program there, then
 * @sock has none and everything passes; *ret_refused becomes true as soon as a packet can pass
 * without @prog, else it is untouched. Returns 0 or a negative errno. */
int verdict_install(int sock, const struct sock_filter *prog, size_t n, bool *ret_refused);

/* Does the reader's program keep @p, in a capture of @snaplen? @p is cut as the kernel would have
 * cut it. */
bool verdict_keeps(const struct verdict *v, uint32_t snaplen, struct packet *p);

#endif
