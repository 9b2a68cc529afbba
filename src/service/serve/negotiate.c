/* SPDX-License-Identifier: MIT */
#include "service/serve/negotiate.h"

#include <string.h>

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
