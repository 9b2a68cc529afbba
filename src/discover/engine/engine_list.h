/* SPDX-License-Identifier: MIT */
/* The containers one engine tells of. */
#ifndef DISCOVER_ENGINE_LIST_H
#define DISCOVER_ENGINE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENGINE_ID_MAX         65    /* 64 letters and digits */
#define CONTAINER_NAME_MAX    1024  /* bytes with NUL; longer ones are cut */
#define ENGINE_CONTAINERS_MAX 16384 /* of one engine; more are left out */

struct engine_container {
	char id[ENGINE_ID_MAX];
	char *name;  /* owned; as shown: clean UTF-8, not empty, below CONTAINER_NAME_MAX */
	int32_t pid; /* in the engine's PID namespace; 0 = not known (yet) */
	bool paused;
	bool over;     /* it has ended, though its process may still be seen */
	uint8_t asked; /* times the engine was asked for its pid since that was last known */
	/* The process it was found to be in our PID namespace; 0 = none so far. */
	int32_t host_pid;
	uint64_t host_starttime_ticks;
};

struct engine_list {
	struct engine_container *v; /* owned, by id, no id twice */
	size_t n, cap;
};

void engine_container_done(struct engine_container *c);
void engine_list_done(struct engine_list *l);

/* Sort by id; of several containers with one id the first after sorting stays. */
void engine_list_sort(struct engine_list *l);

/* The container with this id, NULL if there is none. Valid until the list changes. */
struct engine_container *engine_list_find(const struct engine_list *l, const char *id);

/* Insert @c, or replace what has its id; its name is taken over, also on failure. Returns 0,
 * -ENOSPC when the list is full, or -ENOMEM. */
int engine_list_put(struct engine_list *l, struct engine_container *c);

/* Give the containers of @next, newly listed, what @before knew of their processes. Returns true
 * when the two differ in ids, names or states. */
bool engine_list_inherit(struct engine_list *next, const struct engine_list *before);

#endif
