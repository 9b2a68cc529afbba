/* SPDX-License-Identifier: MIT */
/* The orderly end of the service: captures and digs end, their clients get everything and a reason.
 */
#ifndef SERVICE_ENDING_H
#define SERVICE_ENDING_H

#include <stdbool.h>
#include <stdint.h>

#include "service/parts.h"

#define ENDING_TICK_NS 20000000LL /* between two looks whether it is over */

/* Begin to end. */
void ending_begin(struct app *a);

/* Is it time to leave the loop: has everything ended, or taken too long? */
bool ending_is_over(const struct app *a, int64_t now_ns);

#endif
