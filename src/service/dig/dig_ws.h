/* SPDX-License-Identifier: MIT */
/* /mobydig: what a dig tells, over a WebSocket, one text message each. */
#ifndef DIG_DIG_WS_H
#define DIG_DIG_WS_H

struct conn;
struct digs;
struct http_request;

/* What is wrong with request @r: it must name one target. NULL = nothing. */
const char *dig_ws_check(const struct http_request *r);

/* Answer the request on @c to upgrade. */
void dig_ws_begin(struct conn *c, struct digs *digs);

#endif
