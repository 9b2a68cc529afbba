/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_owner.h"

#include <inttypes.h>
#include <stdio.h>

void put_owner(struct text *t, struct owner_lines *lines, const struct process *owner)
{
	const struct process *leader = owner_leader(lines->procs, owner);
	char id[32] = "";

	if (leader)
		(void) snprintf(id, sizeof(id), "cont-%" PRId32, leader->pid);
	text_next(t);
	text_put(t, "{");
	text_put_number(t, "pid", (uint64_t) owner->pid);
	text_put_string(t, "cmdline", owner_lines_get(lines, owner));
	text_put_string(t, "container-idref", id);
	text_put(t, "}");
}
