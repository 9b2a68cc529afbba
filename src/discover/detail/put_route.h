/* SPDX-License-Identifier: MIT */
/* Routes in the /json document (contract 2.6.9). */
#ifndef DETAIL_PUT_ROUTE_H
#define DETAIL_PUT_ROUTE_H

#include "discover/detail/netstack.h"
#include "base/text.h"

/* Append the member "routes" of namespace @s; NULL if nothing is known of it. */
void put_routes(struct text *t, const struct netstack *s);

#endif
