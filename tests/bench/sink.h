/* SPDX-License-Identifier: MIT */
/* The receiving sides of the floor program: child processes at the other ends of local stream
 * sockets. The first reads whole blocks and tallies their packets, further ones only discard. */
#ifndef BENCH_SINK_H
#define BENCH_SINK_H

#include <stdbool.h>

#define SINK_MAX 64

/* Fork a process that reads one of a fresh pair of stream sockets until its end.
 * @tcp      TCP over loopback, as a WebSocket's connection has, instead of a Unix socket
 * @tally    count packets and print them as one line of JSON at the end
 * @others   the @n_others descriptors the child must not keep open
 * Returns our end, or a negative errno. */
int sink_start(bool tcp, bool tally, const int *others, int n_others);

#endif
