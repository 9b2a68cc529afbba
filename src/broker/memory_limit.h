/* SPDX-License-Identifier: MIT */
/* The memory limit of the control group that packetflix runs in (cgroups(7); memory.max of version
 * 2, memory.limit_in_bytes of version 1). The kernel kills a process of a group that needs more. */
#ifndef BROKER_MEMORY_LIMIT_H
#define BROKER_MEMORY_LIMIT_H

#include <stdint.h>

/* What the processes of packetflix need beside captures. */
#define MEMORY_OWN_BYTES (24ULL << 20)

/* What captures may use where nothing limits them: an eighth of the RAM, at most 1 GiB. */
uint64_t memory_default_bytes(void);

/* The lowest limit of the own group and those above it, in bytes; UINT64_MAX when there is none or
 * it cannot be read. */
uint64_t memory_limit_read(void);

/* The same with the text of /proc/self/cgroup and the folder that control groups are mounted at;
 * for tests. */
uint64_t memory_limit_read_in(const char *cgroup, const char *folder);

/* How much of @limit_bytes captures may use: what is left without MEMORY_OWN_BYTES, but a quarter
 * of the limit at least. */
uint64_t memory_limit_for_captures(uint64_t limit_bytes);

#endif
