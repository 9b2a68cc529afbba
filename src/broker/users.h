/* SPDX-License-Identifier: MIT */
/* The users of the processes without rights. A package can make users called packetflix,
 * packetflix-reader, packetflix-dig and packetflix-compile; without them fixed numbers are used
 * that no other program has (from the range that Debian's policy keeps free, 65000 to 65533). */
#ifndef BROKER_USERS_H
#define BROKER_USERS_H

#include "sandbox/ids.h"

struct users {
	struct sandbox_ids service, reader, dig, compile;
};

/* Look them up in /etc/passwd. */
void users_find(struct users *ret);

/* The same in @path; for tests. */
void users_find_in(const char *path, struct users *ret);

#endif
