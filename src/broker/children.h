/* SPDX-License-Identifier: MIT */
/* Starting the two long-lived children, and starting them again when they end. */
#ifndef BROKER_CHILDREN_H
#define BROKER_CHILDREN_H

#include "broker/broker.h"

/* Start the service (discover), with a new channel to the broker and a new catalog channel between
 * the two; the other one, if it runs, is sent its end of that. Returns 0 or a negative errno with
 * words in @e. */
int children_start_service(struct broker *b, struct err *e);
int children_start_discover(struct broker *b, struct err *e);

/* Note that @c ended and when it is to be started again: at once if it ran for a while, later and
 * later if it keeps failing. */
void children_ended(struct child *c, int64_t now_ns);

#endif
