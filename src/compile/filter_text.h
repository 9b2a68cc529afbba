/* SPDX-License-Identifier: MIT */
/* A filter expression made ready for libpcap's compiler. The words are taken apart as libpcap's own
 * scanner does it, so that
 *   - the compiler never meets a name it would look up in files or on the network,
 *   - its cost is known before it is spent,
 *   - VLAN tests are right for the kernel, which keeps the outer tag beside the packet. */
#ifndef COMPILE_FILTER_TEXT_H
#define COMPILE_FILTER_TEXT_H

#include <stdint.h>

#define FILTER_UNKNOWN_MAX 160

struct filter_text {
	/* The expression for packets that hold all their bytes: names of services and protocols are
	 * numbers now, names of hosts are placeholders. Owned. */
	char *plain;
	/* The expression for packets whose outer VLAN tag is beside them: the first vlan test asks
	 * for that tag and, other than in a file, shifts nothing. NULL without a vlan test. Owned.
	 */
	char *stripped;
	uint32_t cost; /* about the number of instructions before optimisation, rather too many */
	char unknown[FILTER_UNKNOWN_MAX]; /* the first name nobody knows, in words; "" = none */
};

void filter_text_done(struct filter_text *t);

/* Take @text apart. Returns 0 (free @ret with filter_text_done()) or -ENOMEM. What is not a filter
 * expression is passed on for the compiler to complain about. */
int filter_text_prepare(const char *text, struct filter_text *ret);

#endif
