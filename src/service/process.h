/* SPDX-License-Identifier: MIT */
/* What the service says about itself as a process. It has no file system: what it needs is opened
 * before. */
#ifndef SERVICE_PROCESS_H
#define SERVICE_PROCESS_H

#include <stdint.h>

/* Open /proc/self/statm (proc_pid_statm(5)). Returns a descriptor, which the caller owns, or -1. */
int process_open_statm(void);

/* The bytes of this process that are in memory, 0 if @statm_fd cannot be read. */
uint64_t process_resident_bytes(int statm_fd);

/* The number of open descriptors, and of those there can be. */
uint64_t process_open_files(uint64_t *ret_max);

#endif
