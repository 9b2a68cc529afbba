/* SPDX-License-Identifier: MIT */
/* What is known of a request that is passed on once its head is gone. */
#ifndef PROXY_REQUEST_H
#define PROXY_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "http/head.h"

#define RELAY_HELD_MAX (2 * 65536 + 4096) /* bytes that a relay holds, each way */

struct relay_request {
	bool is_upgrade, is_head, is_http10;
	enum http_framing framing;
	uint64_t body_left_bytes; /* of HTTP_BODY_LENGTH */
};

#endif
