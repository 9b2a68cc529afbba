/* SPDX-License-Identifier: MIT */
/* Finds out what of the host the broker cannot see, although its capabilities suffice: because it
 * was started in a PID namespace of its own, or because a security module denies it. */
#ifndef BROKER_VISIBILITY_H
#define BROKER_VISIBILITY_H

#include "broker/warnings.h"

/* Add a warning to @w for each reason. @procfd is /proc. The check reads the namespaces of the
 * first processes there: it warns when most of them are denied. */
void visibility_check(int procfd, struct warnings *w);

#endif
