/* SPDX-License-Identifier: MIT */
/* The life of the service: set up, serve, end. */
#ifndef SERVICE_APP_H
#define SERVICE_APP_H

#include "base/err.h"
#include "service/parts.h"

/* Set everything up: descriptors of proto/service_args.h become part of the loop. Returns 0 or a
 * negative errno with words in @e. @config is borrowed until app_done(); its
 * secrets are replaced when the broker sends others. */
int app_init(struct app *a, struct config *config, struct err *e);

/* Serve until the broker says that it is over, or is gone. */
void app_run(struct app *a);
void app_done(struct app *a);

#endif
