/* SPDX-License-Identifier: MIT */
/* A random model of the merge stage: scripted sources with interfaces and packets on one side, a
 * strict reader of the merged stream on the other. Each step is one drawn event: time passes, a
 * packet is captured, a source hands over what it has, gets an interface, joins or ends. At the end
 * of a round each packet must have been handed out once with its interface, or be missing from the
 * statistics too, and the packets must be in order unless they are counted as late. */
#ifndef SUPPORT_MERGE_MODEL_H
#define SUPPORT_MERGE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "support/hub_model.h"

/* Play one round of @steps steps. @is_punctual: every source hands over its packets within the
 * window, so that none may be late. @max_packets: 0 = no limit. Aborts when a law is broken. */
void merge_model_round(
	const struct model_draw *draw, uint32_t steps, bool is_punctual, uint64_t max_packets);

#endif
