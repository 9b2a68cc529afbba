/* SPDX-License-Identifier: MIT */
/* Ends a child whose loop does not come round any more. The broker sends a ping to service and
 * discover every WATCHDOG_PING_MS. One that has not answered for WATCHDOG_LIMIT of them is killed,
 * and started again like one that ended by itself. A discover that misses WATCHDOG_SILENT is
 * reported to the service, which is not ready meanwhile. Time in which the broker itself does not
 * run counts as one ping at most. */
#ifndef BROKER_WATCHDOG_H
#define BROKER_WATCHDOG_H

#include "broker/broker.h"

#define WATCHDOG_PING_MS 2000
#define WATCHDOG_SILENT  2 /* pings without an answer */
#define WATCHDOG_LIMIT   5

/* Send pings if they are due at @now_ns (monotonic). Returns when the next ones are. */
int64_t watchdog_tick(struct broker *b, int64_t now_ns);

/* @c has answered. */
void watchdog_pong(struct broker *b, struct child *c);

#endif
