/* SPDX-License-Identifier: MIT */
/* Numbers from the command line of the examples. */
#ifndef EXAMPLES_NUMBER_H
#define EXAMPLES_NUMBER_H

#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

/* The decimal number @text, which is digits only and at most @max. Any other text ends the program
 * with status 2, as a limit that is misread as 0 would be no limit. */
static inline uint64_t number(const char *text, uint64_t max)
{
	char *end;
	unsigned long long n;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n > max)
		errx(2, "'%s' is not a number from 0 to %llu", text, (unsigned long long) max);
	return n;
}

#endif
