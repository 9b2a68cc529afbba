/* SPDX-License-Identifier: MIT */
/* Names and labels that engines' networks give to interfaces (contract 2.11). */
#ifndef DETAIL_NIF_NAMES_H
#define DETAIL_NIF_NAMES_H

#include "discover/detail/netstack.h"
#include "discover/engine/engines.h"
#include "discover/host/proc_table.h"

/* Set the network of all interfaces in @all that a network of @es means: one in the namespace of
 * the engine, or one that has moved into a container of it. An engine that does not run as root may
 * not name interfaces of @own_netns. Networks stay those of the engines: use what was set before
 * the event loop goes on. Call after container_list_make(). */
void nif_names_set(struct netstacks *all, const struct proc_table *procs, const struct engines *es,
	uint64_t own_netns);

#endif
