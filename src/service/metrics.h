/* SPDX-License-Identifier: MIT */
/* /metrics in the Prometheus text format, version 0.0.4. */
#ifndef SERVICE_METRICS_H
#define SERVICE_METRICS_H

#include "service/parts.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The whole text, owned by the caller; NULL without memory. */
char *metrics_text(const struct app *a);

#endif
