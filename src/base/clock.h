/* SPDX-License-Identifier: MIT */
/* The clocks in use. Code that waits takes the time as a parameter, so that tests can set it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Nanoseconds of a clock that never jumps; only differences mean something. */
static inline int64_t clock_mono_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Nanoseconds since the machine was started, those asleep included: the clock of start times of
 * processes. */
static inline int64_t clock_boot_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Nanoseconds since 1970-01-01 UTC: the clock of packet time stamps. */
static inline uint64_t clock_wall_ns(void)
{
	struct timespec t;

	(void) clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t) t.tv_sec * 1000000000 + (uint64_t) t.tv_nsec;
}

#endif
