/* SPDX-License-Identifier: MIT */
/* A process that owns a socket or holds a device, in the /json document (contract 2.6.10). */
#ifndef DETAIL_PUT_OWNER_H
#define DETAIL_PUT_OWNER_H

#include "discover/detail/owner_lines.h"
#include "base/text.h"

/* Append @owner as the next element of an array. */
void put_owner(struct text *t, struct owner_lines *lines, const struct process *owner);

#endif
