/* SPDX-License-Identifier: MIT */
#include "sandbox/ids.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void sandbox_ids_format(const struct sandbox_ids *ids, char ret[SANDBOX_IDS_MAX])
{
	(void) snprintf(ret, SANDBOX_IDS_MAX, "%u:%u", ids->uid, ids->gid);
}

int sandbox_ids_parse(const char *s, struct sandbox_ids *ret)
{
	char again[SANDBOX_IDS_MAX];
	struct sandbox_ids ids;

	if (sscanf(s, "%10u:%10u", &ids.uid, &ids.gid) != 2 || ids.uid == 0 || ids.gid == 0)
		return -EINVAL;
	sandbox_ids_format(&ids, again);
	if (strcmp(s, again) != 0)
		return -EINVAL;
	*ret = ids;
	return 0;
}
