/* SPDX-License-Identifier: MIT */
#include "args.h"

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

uint64_t args_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || v < min || v > max)
		errx(2, "%s must be a number from %" PRIu64 " to %" PRIu64 ", not '%s'", what, min,
			max, text);
	return v;
}
