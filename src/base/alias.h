/* SPDX-License-Identifier: MIT */
/* Other words for a capture target than its name: "host", the name of a namespace of "ip netns", a
 * process id, a container id or its beginning. Names come first: a target that is called "host" is
 * meant by that word. No I/O. */
#ifndef BASE_ALIAS_H
#define BASE_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#define ALIAS_ID_MIN 4 /* characters of a container id that are given at least */

/* In the order in which they are tried: the first that fits any target decides. */
enum alias_way {
	ALIAS_HOST,  /* "host": the namespace of process 1 */
	ALIAS_NETNS, /* the name of the namespace (ip-netns(8)) */
	ALIAS_PID,   /* decimal: the process that a target is known by */
	ALIAS_ID,    /* lower case hexadecimal digits */
	ALIAS_WAYS
};

/* What is known of a target, borrowed. */
struct alias_target {
	const char *name, *type, *prefix;
	const char *id;         /* of a container, "" or NULL = unknown */
	uint32_t pid;           /* 0 = none */
	const char *netns_name; /* of a file in /run/netns, "" or NULL = unknown */
};

/* Whether @word means @t in this way. */
bool alias_matches(enum alias_way way, const struct alias_target *t, const char *word);

#endif
