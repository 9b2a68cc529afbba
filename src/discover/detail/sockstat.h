/* SPDX-License-Identifier: MIT */
/* How many sockets a network namespace has: /proc/PID/net/sockstat and sockstat6 (proc_net(5)),
 * which the kernel writes without looking at any socket. */
#ifndef DETAIL_SOCKSTAT_H
#define DETAIL_SOCKSTAT_H

#include <stdint.h>

struct sockstat {
	uint32_t tcp;       /* of both families, without the next two kinds */
	uint32_t tcp_waits; /* in TIME_WAIT */
	uint32_t udp4, udp6;
};

/* Add what one of the two texts tells to @s. Lines and words that are not known are passed over. No
 * I/O. */
void sockstat_parse(const char *text, struct sockstat *s);

/* Read both of process @pid. A namespace without IPv6 has only one. Returns 0 or a negative errno.
 */
int sockstat_read(int procfd, int32_t pid, struct sockstat *ret);

#endif
