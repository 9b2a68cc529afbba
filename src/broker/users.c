/* SPDX-License-Identifier: MIT */
#include "broker/users.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"

#define LINE_BYTES 4096

void users_find_in(const char *path, struct users *ret)
{
	struct {
		const char *name;
		struct sandbox_ids *ids;
	} const wanted[] = {
		{"packetflix", &ret->service},
		{"packetflix-reader", &ret->reader},
		{"packetflix-dig", &ret->dig},
		{"packetflix-compile", &ret->compile},
	};
	char line[LINE_BYTES];
	struct passwd entry, *found;
	FILE *f = fopen(path, "re");

	*ret = (struct users){{65530, 65530}, {65531, 65531}, {65529, 65529}, {65528, 65528}};
	/* not getpwnam(3): it can ask the network, and needs libraries that a static program lacks
	 */
	while (f && fgetpwent_r(f, &entry, line, sizeof(line), &found) == 0) {
		for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
			if (strcmp(entry.pw_name, wanted[i].name) == 0 && entry.pw_uid > 0 &&
				entry.pw_gid > 0)
				*wanted[i].ids = (struct sandbox_ids){entry.pw_uid, entry.pw_gid};
		}
	}
	if (f)
		(void) fclose(f);
}

void users_find(struct users *ret)
{
	users_find_in("/etc/passwd", ret);
}
