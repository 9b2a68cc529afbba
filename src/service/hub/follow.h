/* SPDX-License-Identifier: MIT */
/* Finds a viewer's target again after a restart. A container or pod that is restarted or recreated
 * comes back in another network namespace, under the same name. No I/O. */
#ifndef HUB_FOLLOW_H
#define HUB_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/catalog.h"
#include "proto/capture_conf.h"

struct follow {
	char *name, *prefix, *type; /* owned */
	/* Whose word the name is, and which engine listed it last: any user can run a program that
	 * acts as an engine and calls its containers like others. */
	uint32_t owner, engine_pid;
	uint64_t engine_starttime_ticks;
	int64_t wait_ns; /* for it to come back */
	/* its process when it was last looked at; tells incarnations apart, as the kernel gives the
	 * inode of a namespace that is gone to the next one */
	uint32_t pid;
	uint64_t starttime_ticks;
};

/* Follow what @cat lists as @name and @prefix in namespace @inode, if that is a container or a pod:
 * processes and mounts have no name that outlives them. NULL if there is nothing to follow, or no
 * memory. */
struct follow *follow_new(const struct catalog *cat, const char *name, const char *prefix,
	uint64_t inode, int64_t wait_ns);

/* NULL is fine. */
void follow_free(struct follow *f);

/* Where a viewer is that looks for its target. */
struct follow_from {
	uint64_t inode; /* of the namespace it is in */
	bool is_gone;   /* that namespace is gone, what has its inode now is another one */
	const struct capture_conf *conf;
};

/* The namespace in which the target is now, if that is not the one of @from any more, belongs to
 * containers alone, and all interfaces that are captured by name are there; else NULL. Borrowed
 * from @cat. */
const struct catalog_netns *follow_find(
	const struct follow *f, const struct catalog *cat, const struct follow_from *from);

/* The target was found in namespace @inode by @cat: remember its process. */
void follow_update(struct follow *f, const struct catalog *cat, uint64_t inode);

#endif
