/* SPDX-License-Identifier: MIT */
/* libcurl is loaded when something is to be sent, not when the program starts. */
#ifndef EXTCAP_LATE_CURL_H
#define EXTCAP_LATE_CURL_H

#include "base/err.h"

/* Load libcurl. Returns 0, or -ENOENT with @e filled when that does not work. Without this call
 * everything that needs it fails as if memory had run out. */
int late_curl_check(struct err *e);

#endif
