/* SPDX-License-Identifier: MIT */
/* How the target of a request that is passed on is changed (wire contract 1.4). Text in, text out.
 */
#ifndef PROXY_FORWARD_TARGET_H
#define PROXY_FORWARD_TARGET_H

#include <stdbool.h>

#include "base/bytes.h"
#include "http/slice.h"

/* Write @target, which http_target_parse() accepts, as the other service gets it: without an
 * authority, its path with single slashes and without dot segments, and its query as it is but for
 * the token parameter, if @hides_token. */
void forward_target_put(struct http_slice target, bool hides_token, struct wbuf *w);

#endif
