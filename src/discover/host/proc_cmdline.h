/* SPDX-License-Identifier: MIT */
/* The command line of a process (proc_pid_cmdline(5)). */
#ifndef DISCOVER_PROC_CMDLINE_H
#define DISCOVER_PROC_CMDLINE_H

#include <stddef.h>
#include <stdint.h>

#define PROC_CMDLINE_MAX 4096 /* bytes with NUL; longer ones are cut */

/* Read the arguments of process @pid, with a NUL between them and one at the end. Returns their
 * length in bytes without the last NUL, 0 if there are none or they cannot be read. */
size_t proc_argv_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX]);

/* Put a space in place of each NUL in the @len_bytes of @argv. */
void proc_argv_join(char *argv, size_t len_bytes);

/* Read the arguments of process @pid, joined by one space each; "" if there are none or they cannot
 * be read. Nothing is known of their bytes: a process writes what it likes. */
void proc_cmdline_read(int procfd, int32_t pid, char ret[PROC_CMDLINE_MAX]);

#endif
