/* SPDX-License-Identifier: MIT */
/* The target description that clients send as JSON (wire contract 1.7), read leniently: member
 * names match without regard to case (an exact match is preferred, then the last one wins), unknown
 * members are ignored, null is as good as absent. */
#ifndef ADMIT_TARGET_JSON_H
#define ADMIT_TARGET_JSON_H

#include "service/admit/request.h"

/* Decode @text. Returns 0 (free @ret with request_target_done()), or -EINVAL or -ENOMEM with @why
 * filled (F2); @ret is untouched then. A pid without a start time, or the reverse, is left out. */
int target_json_decode(const char *text, struct request_target *ret, struct refusal *why);

/* Find in @len_bytes of @body, a list of targets as discovery services give it (wire contract 2.5),
 * the first with the name and prefix of @want, and decode it. Returns 0 (free @ret with
 * request_target_done()), -ENOENT when there is none, or -EINVAL or -ENOMEM with @why filled (F6);
 * @ret is untouched then. */
int target_json_find(const char *body, size_t len_bytes, const struct request_target *want,
	struct request_target *ret, struct refusal *why);

#endif
