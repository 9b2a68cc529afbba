/* SPDX-License-Identifier: MIT */
/* What a request for a stream asks for as a whole: which targets it names, each as the words of a
 * request of its own, and when the stream ends by itself. Looks at nothing but the words. */
#ifndef ADMIT_PLAN_H
#define ADMIT_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/admit/refusal.h"
#include "service/admit/request.h"

#define PLAN_DURATION_MAX 31536000 /* seconds: a year */

/* Limits of a stream; 0 = none. */
struct plan_limits {
	uint64_t duration_s, packets, bytes;
};

struct plan {
	struct request_words *each; /* owned; strings are those of the request, or in @texts */
	size_t n;                   /* of @each, at least 1 */
	char **texts;               /* owned, @n or NULL */
	struct plan_limits limits;
};

/* Decode @w: one target for each target argument, or for each element of a container argument that
 * is a JSON array, or else the words as they are. Strings of @w must outlive *ret. Returns 0 (free
 * with plan_done()), or a negative errno with @why filled: -EINVAL for malformed words, -E2BIG for
 * more than @max_targets, -ENOMEM. */
int plan_make(
	const struct request_words *w, size_t max_targets, struct plan *ret, struct refusal *why);
void plan_done(struct plan *p);

#endif
