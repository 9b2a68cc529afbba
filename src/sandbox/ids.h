/* SPDX-License-Identifier: MIT */
/* The users that processes without rights run as, when packetflix was started as root. Each role
 * has its own, so that a process of one cannot end or trace a process of another, and none shares
 * the user `nobody` with processes of other programs. */
#ifndef SANDBOX_IDS_H
#define SANDBOX_IDS_H

#include <stddef.h>
#include <sys/types.h>

#define SANDBOX_NOBODY  65534 /* used where the own ids are not mapped into the user namespace */
#define SANDBOX_IDS_MAX 24    /* bytes of their text form, with NUL */

struct sandbox_ids {
	uid_t uid;
	gid_t gid;
};

/* "UID:GID", as the broker passes it to a child. */
void sandbox_ids_format(const struct sandbox_ids *ids, char ret[SANDBOX_IDS_MAX]);

/* Returns 0, or -EINVAL for anything that sandbox_ids_format() would not have written, and for
 * root. */
int sandbox_ids_parse(const char *s, struct sandbox_ids *ret);

#endif
