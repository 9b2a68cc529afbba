/* SPDX-License-Identifier: MIT */
#include "service/admit/decimal.h"

#include <errno.h>

int decimal_parse(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (*s == '\0')
		return -EINVAL;
	for (; *s; s++) {
		uint64_t digit = (uint64_t) (*s - '0');

		if (*s < '0' || *s > '9' || digit > max || v > (max - digit) / 10)
			return -EINVAL;
		v = v * 10 + digit;
	}
	*ret = v;
	return 0;
}
