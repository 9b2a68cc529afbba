/* SPDX-License-Identifier: MIT */
/* Decimal numbers in requests. */
#ifndef ADMIT_DECIMAL_H
#define ADMIT_DECIMAL_H

#include <stdint.h>

/* Parse @s: decimal digits alone, of a number no larger than @max. Returns 0, or -EINVAL with *ret
 * untouched. */
int decimal_parse(const char *s, uint64_t max, uint64_t *ret);

#endif
