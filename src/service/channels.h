/* SPDX-License-Identifier: MIT */
/* The two channels: to the broker and to discover. */
#ifndef SERVICE_CHANNELS_H
#define SERVICE_CHANNELS_H

#include "service/parts.h"

/* Put both channels into the loop. Returns 0 or a negative errno with words in @e. */
int channels_init(struct app *a, struct err *e);

/* Take them out. */
void channels_done(struct app *a);

/* When discover stays away for long, tell the broker. */
void channels_tick(struct app *a, int64_t now_ns);

/* Ask for a fresh catalog, to see which targets are still there. */
void channels_refresh(struct app *a);

#endif
