/* SPDX-License-Identifier: MIT */
/* Making sure that a number means one process and no later one. */
#ifndef BROKER_PROCESS_H
#define BROKER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Hold process @pid by a descriptor: from here on its number cannot come to mean another. Returns a
 * pidfd (close-on-exec, the caller's); -ESRCH when it is not there or did not start at
 * @starttime_ticks; another negative errno; always with words in @e. */
int process_hold(int procfd, uint32_t pid, uint64_t starttime_ticks, struct err *e);

/* True while the process of @pidfd is there: what was read of it by number until now was its own.
 */
bool process_lives(int pidfd);

#endif
