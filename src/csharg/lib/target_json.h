/* SPDX-License-Identifier: MIT */
/* Targets as JSON (wire contract 1.7 and 2.5). No I/O. */
#ifndef CSHARG_TARGET_JSON_H
#define CSHARG_TARGET_JSON_H

#include "base/err.h"
#include "csharg/csharg.h"

#define JSON_VALUES_MAX 2097152 /* commas and brackets of one text, which bound its memory */
#define JSON_DEPTH_MAX  32

/* Decode the discovery document of @len_bytes bytes at @text into a sorted list. All targets get
 * @node_name. Returns 0, -EPROTO for what is no such document, -E2BIG, or -ENOMEM. */
int target_json_list(const char *text, size_t len_bytes, const char *node_name,
	struct csharg_targets **ret, struct err *e);

/* Decode one target. As csharg_target_from_json(). */
int target_json_decode(const char *text, struct csharg_target **ret, struct err *e);

/* What /version tells, as csharg_service: empty strings for what is missing. Returns 0 or -ENOMEM.
 */
int target_json_service(const char *text, size_t len_bytes, struct csharg_service **ret);

/* The member "error" of an object, sanitized into @ret; false if there is none. */
bool target_json_error(const char *text, size_t len_bytes, char *ret, size_t cap_bytes);

#endif
