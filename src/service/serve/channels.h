/* SPDX-License-Identifier: MIT */
/* The two channels: to the broker and to discover. */
#ifndef SERVE_CHANNELS_H
#define SERVE_CHANNELS_H

#include "service/serve/app.h"

/* Put both channels into the loop. Returns 0 or a negative errno with words in @e. */
int channels_init(struct app *a, struct err *e);

/* Read what came. Each returns -1 when the descriptor is not to be watched any more. */
int channels_on_broker(struct app *a);
int channels_on_catalog(struct app *a);

/* When discover stays away for long, tell the broker. */
void channels_tick(struct app *a, int64_t now_ns);

/* Ask for a fresh catalog, to see which targets are still there. */
void channels_refresh(struct app *a);

#endif
