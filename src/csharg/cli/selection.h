/* SPDX-License-Identifier: MIT */
/* Which of the targets of a service are listed or watched: classes, a namespace of pods, and a
 * selector. No I/O. */
#ifndef CSHARG_CLI_SELECTION_H
#define CSHARG_CLI_SELECTION_H

#include <stdbool.h>

#include "base/err.h"
#include "csharg/cli/classes.h"
#include "csharg/cli/command.h"
#include "csharg/csharg.h"

struct selection {
	struct classes classes;
	const char *pod_namespace; /* borrowed: only pods of it; NULL = everything */
	const char *selector;      /* borrowed, checked; "" = everything */
};

/* Choose by the words and flags of @call. Errors: -EINVAL for a selector that is not
 * "KEY=VALUE,KEY!=VALUE,..." or has an unknown key. */
int selection_make(const struct call *call, struct selection *ret, struct err *e);

bool selection_has(const struct selection *s, const struct csharg_target *t);

#endif
