/* SPDX-License-Identifier: MIT */
/* The command line of a process (proc_pid_cmdline(5)). */
#ifndef DISCOVER_PROC_CMDLINE_H
#define DISCOVER_PROC_CMDLINE_H

#include <stdint.h>

#define PROC_CMDLINE_MAX 4096 /* bytes with NUL; longer ones are cut */

/* Read the arguments of process @pid, joined by one space each; "" if there are none or they cannot
 * be read. Nothing is known of their bytes: a process writes what it likes. */
void proc_cmdline_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX]);

#endif
