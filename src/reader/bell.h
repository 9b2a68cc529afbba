/* SPDX-License-Identifier: MIT */
/* How a paced capture does without the timer of its ring. The kernel hands a block over when it is
 * full, or when the ring's timer fires; that timer runs all the time, packets or not, and costs
 * more than everything else of an idle capture. So the ring of a paced capture has a slow timer,
 * and the reader reads the unfinished block itself (ring_begun(), ring_settle()) while packets
 * come. When none come it sleeps, and a second packet socket wakes it: the bell, with the ring's
 * filter and binding, and room for one packet or few that nobody looks at. Everything a viewer gets
 * comes from the one ring, in its order; without the bell a packet would only be late. */
#ifndef READER_BELL_H
#define READER_BELL_H

#include <stdbool.h>

#define PACE_GRACE_MS 10 /* what settling takes, about: a paced capture begins earlier by that */
#define PACE_FROM_MS  20 /* the least latency that a paced capture can have */

/* Let @sock, unbound, hold as little as the kernel allows. */
void bell_init(int sock);

/* Throw away what is in it. Returns whether there was anything. */
bool bell_empty(int sock);

#endif
