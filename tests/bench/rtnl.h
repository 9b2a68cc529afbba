/* SPDX-License-Identifier: MIT */
/* Making links with rtnetlink(7), for scenes of thousands: one message each, no programs started.
 * Everything ends the program with a message on failure. */
#ifndef BENCH_RTNL_H
#define BENCH_RTNL_H

#include <stdint.h>
#include <sys/types.h>

/* A socket for the network namespace the caller is in. */
int rtnl_open(void);

/* A bridge, up. Returns its ifindex. */
uint32_t rtnl_add_bridge(int sock, const char *name);

/* A veth pair: @name here, up, and a port of bridge @bridge unless that is 0; @peer in the network
 * namespace of process @pid. */
void rtnl_add_veth(int sock, const char *name, uint32_t bridge, const char *peer, pid_t pid);

/* Set link @name up or down. */
void rtnl_set_up(int sock, const char *name, int is_up);

#endif
