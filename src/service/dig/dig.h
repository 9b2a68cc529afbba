/* SPDX-License-Identifier: MIT */
/* One request for /mobydig (contract 2.10), from the name of a container to its end: wait for a
 * scan, collect the names of its neighbours, have the broker start a dig, and keep what that tells
 * until the client takes it. */
#ifndef DIG_DIG_H
#define DIG_DIG_H

#include <stdint.h>

#include "base/text.h"
#include "proto/broker.h"
#include "service/admit/refusal.h"

struct catalog_client;
struct dig;
struct fdset;
struct loop;

/* All of them. Zeroed at first, but for the borrowed members. */
struct digs {
	struct loop *loop;
	struct catalog_client *catalog;
	int broker_fd;
	struct dig *first;
	uint32_t last_id;
};

/* Begin. @target is copied. @wake(@ctx) is called, from the event loop, whenever dig_next() has
 * something new to say. NULL without memory. */
struct dig *dig_new(struct digs *all, const char *target, void (*wake)(void *ctx), void *ctx);

/* Append the next message, a JSON object, to @ret. Returns 1; 0 when there is none yet; -1 at the
 * end, of which dig_why() tells. */
int dig_next(struct dig *d, struct text *ret);

/* Why it ended; borrowed. */
const struct refusal *dig_why(const struct dig *d);

/* The dig, if it runs, is killed. NULL is fine. */
void dig_free(struct dig *d);

/* The broker has answered: MSG_DIG_OPENED. The descriptor is taken out of @fds. */
void digs_opened(struct digs *all, const struct msg *m, struct fdset *fds);

/* End those whose time is up; call it every second. */
void digs_tick(struct digs *all, int64_t now_ns);

/* End all, with @why for their clients. */
void digs_end(struct digs *all, const struct refusal *why);

#endif
