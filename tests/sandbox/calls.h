/* SPDX-License-Identifier: MIT */
/* System calls that no process which meets bytes of others may ever make, each with arguments that
 * would do harm or at least work. */
#ifndef SANDBOX_CALLS_H
#define SANDBOX_CALLS_H

#include <stddef.h>

#include "sandbox/trial.h"

/* Opening and changing files, *ret_n of them; borrowed, constant. */
const struct call *calls_files(size_t *ret_n);
/* Starting and touching processes. */
const struct call *calls_processes(size_t *ret_n);
/* Changing the machine, namespaces, ids and rights. */
const struct call *calls_machine(size_t *ret_n);

#endif
