/* SPDX-License-Identifier: MIT */
#include "extcap/help_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "extcap/config.h"

#define README "/README.md"

static bool is_usable(const char *path)
{
	return !strpbrk(path, "{} \n") && access(path, R_OK) == 0;
}

void help_file_find(char *ret, size_t cap_bytes)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	int n;

	if (data && *data == '/')
		n = snprintf(ret, cap_bytes, "%s/doc/packetflix" README, data);
	else
		n = snprintf(
			ret, cap_bytes, "%s/.local/share/doc/packetflix" README, home ? home : "");
	if (n > 0 && (size_t) n < cap_bytes && is_usable(ret))
		return;
	(void) snprintf(ret, cap_bytes, "%s", EXTCAP_DOC_FOLDER README);
	if (!is_usable(ret))
		ret[0] = '\0';
}
