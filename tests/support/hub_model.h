/* SPDX-License-Identifier: MIT */
/* A random model of the hub: scripted readers and a scripted broker on one side, clients on the
 * other, and the real hub in between. Each step is one drawn event: a chunk is written, a client
 * takes something, joins or leaves, a target restarts, an interface appears, the kernel loses
 * packets. At the end of a round all captures end, and each client must have got or have been told
 * lost every packet that passed, per interface. */
#ifndef SUPPORT_HUB_MODEL_H
#define SUPPORT_HUB_MODEL_H

#include <stdint.h>

/* The source of all choices: a number below @below (at least 1). */
struct model_draw {
	uint32_t (*below)(void *ctx, uint32_t below);
	void *ctx;
};

/* Play one round of @steps steps. Aborts when a law is broken. */
void hub_model_round(const struct model_draw *draw, uint32_t steps);

#endif
