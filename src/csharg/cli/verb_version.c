/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "csharg/csharg.h"

int verb_version(const struct call *call, struct err *e)
{
	char line[128];

	(void) call;
	(void) snprintf(line, sizeof(line), "csharg version %s (capture service clients: host)\n",
		csharg_version());
	return command_print(line, strlen(line), e);
}
