/* SPDX-License-Identifier: MIT */
/* The service's one table of routes. Their context is a struct app. */
#ifndef SERVICE_ROUTES_H
#define SERVICE_ROUTES_H

#include "service/http/route.h"

extern const struct route routes[];
extern const size_t routes_n;

/* What another discovery service answers (--proxy-discovery). */
extern const struct route route_elsewhere;

#endif
