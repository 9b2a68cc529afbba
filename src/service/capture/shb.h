/* SPDX-License-Identifier: MIT */
/* The section header of a viewer's stream: its comment says which target, for people and for the
 * clients that look for the marker (wire contract 1.13). */
#ifndef CAPTURE_SHB_H
#define CAPTURE_SHB_H

#include <stddef.h>
#include <stdint.h>

#include "service/admit/request.h"

/* What it says about this machine; borrowed. */
struct shb_machine {
	const char *hardware, *os;
};

/* Build the Section Header Block for @req. *ret is owned by the caller. Returns its length in bytes
 * or -ENOMEM. A filter text too long for a comment is cut. */
ssize_t shb_build(const struct request *req, const struct shb_machine *machine, uint8_t **ret);

#endif
