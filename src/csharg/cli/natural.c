/* SPDX-License-Identifier: MIT */
#include "csharg/cli/natural.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

static size_t digits(const char *s)
{
	size_t n = 0;

	while (isdigit((unsigned char) s[n]))
		n++;
	return n;
}

/* Compare the numbers at *@a and *@b, which move behind them. */
static int compare_numbers(const char **a, const char **b)
{
	size_t n, m;
	int diff;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n = digits(*a);
	m = digits(*b);
	diff = n != m ? (n < m ? -1 : 1) : memcmp(*a, *b, n);
	*a += n;
	*b += m;
	return diff;
}

int natural_compare(const char *a, const char *b)
{
	const char *p = a, *q = b;

	while (*p && *q) {
		if (isdigit((unsigned char) *p) && isdigit((unsigned char) *q)) {
			int diff = compare_numbers(&p, &q);

			if (diff != 0)
				return diff;
		} else if (*p != *q) {
			return (unsigned char) *p < (unsigned char) *q ? -1 : 1;
		} else {
			p++;
			q++;
		}
	}
	if (*p || *q)
		return *p ? 1 : -1;
	return strcmp(a, b);
}
