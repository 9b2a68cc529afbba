/* SPDX-License-Identifier: MIT */
/* Targets of requests that are passed on, and how they are changed (wire contract 1.4). Text in,
 * text out. */
#ifndef PROXY_PROXY_TARGET_H
#define PROXY_PROXY_TARGET_H

#include "base/bytes.h"
#include "http/slice.h"

/* Write @target, in origin or absolute form, as the other service gets it: its path clean, and its
 * query as it is but for the token parameter, if that is for us alone. */
void proxy_put_target(struct http_slice target, bool hides_token, struct wbuf *w);

#endif
