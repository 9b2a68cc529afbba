/* SPDX-License-Identifier: MIT */
/* The capabilities of the broker: which it needs, and what does not work without each. */
#ifndef BROKER_RIGHTS_H
#define BROKER_RIGHTS_H

#include <stdint.h>

#include "base/err.h"
#include "broker/warnings.h"
#include "sandbox/ids.h"

/* Make every permitted capability effective. An executable whose file capabilities lack the
 * effective bit starts with permitted ones alone; unlike others it also starts where some of them
 * are not in the bounding set (execve(2), capabilities(7)). Returns 0 or a negative errno with
 * words in @e. */
int rights_raise(struct err *e);

/* Check the capabilities @caps (bit (1 << CAP_x) for each that is effective) of a process with user
 * id @uid. Adds a warning to @w for each one without which something does not work. Returns 0, or
 * -EPERM with words in @e that name every capability without which nothing works. */
int rights_check(uint64_t caps, uint32_t uid, struct warnings *w, struct err *e);

/* The effective capabilities of this process, as bits. */
uint64_t rights_effective(void);

/* Check that a process of root can become user @ids or SANDBOX_NOBODY, by @uid_map, the text of
 * /proc/self/uid_map (user_namespaces(7)). Returns 0, or -EINVAL with words in @e. */
int rights_check_user(const char *uid_map, const struct sandbox_ids *ids, struct err *e);

#endif
