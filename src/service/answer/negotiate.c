/* SPDX-License-Identifier: MIT */
#include "service/answer/negotiate.h"

#include <string.h>
#include <strings.h>

bool negotiate_knows(const char *list, const char *tag)
{
	size_t len = strlen(tag);

	list += strspn(list, " \t");
	if (*list == '*')
		return true;
	for (;;) {
		const char *end;

		list += strspn(list, ", \t");
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		end = *list == '"' ? strchr(list + 1, '"') : NULL;
		if (!end)
			return false;
		if ((size_t) (end + 1 - list) == len && memcmp(list, tag, len) == 0)
			return true;
		list = end + 1;
	}
}

#define SPACE " \t"

/* Is @p a weight of nothing ("0", "0.", "0.000"), up to @end? */
static bool is_zero(const char *p, const char *end)
{
	if (p == end || *p++ != '0')
		return false;
	if (p < end && *p == '.')
		p += 1 + strspn(p + 1, "0");
	p += strspn(p, SPACE);
	return p >= end;
}

/* Does the weight among the parameters from @p to @end forbid what they belong to? */
static bool is_refused(const char *p, const char *end)
{
	while (p < end) {
		size_t n;

		p += strspn(p, SPACE ";");
		n = strcspn(p, ";,");
		if (n > 2 && strncasecmp(p, "q=", 2) == 0 && is_zero(p + 2, p + n))
			return true;
		p += n;
	}
	return false;
}

bool negotiate_takes_gzip(const char *list)
{
	bool any = false;

	for (;;) {
		const char *end;
		size_t n;
		bool takes;

		list += strspn(list, "," SPACE);
		if (!*list)
			return any;
		n = strcspn(list, ";," SPACE);
		end = list + strcspn(list, ",");
		takes = !is_refused(list + n, end);
		if ((n == 4 && strncasecmp(list, "gzip", n) == 0) ||
			(n == 6 && strncasecmp(list, "x-gzip", n) == 0))
			return takes;
		if (n == 1 && *list == '*')
			any = takes;
		list = end;
	}
}
