/* SPDX-License-Identifier: MIT */
/* The containers one engine tells of. */
#ifndef DISCOVER_ENGINE_LIST_H
#define DISCOVER_ENGINE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/engine/labels.h"

#define ENGINE_ID_MAX         160        /* "NAMESPACE/ID" of containerd, 76 bytes each */
#define CONTAINER_NAME_MAX    1024       /* bytes with NUL; longer ones are cut */
#define ENGINE_CONTAINERS_MAX 16384      /* of one engine; more are left out */
#define ENGINE_LABELS_BYTES   (16 << 20) /* of one engine; further containers have no labels */

struct engine_container {
	char id[ENGINE_ID_MAX];
	char *name;  /* owned; as shown: clean UTF-8, not empty, below CONTAINER_NAME_MAX */
	char *image; /* owned; what it was made from, clean UTF-8; NULL = unknown */
	struct labels labels; /* owned; what the engine says, and what the driver adds to it */
	int32_t pid;          /* in the engine's PID namespace; 0 = not known (yet) */
	bool paused;
	bool over;     /* it has ended, though its process may still be seen */
	bool detailed; /* @labels are all there is, not only what a list told */
	uint8_t asked; /* times the engine was asked for its pid since that was last known */
	/* The process it was found to be in our PID namespace; 0 = none so far. */
	int32_t host_pid;
	uint64_t host_starttime_ticks;
};

struct engine_list {
	struct engine_container *v; /* owned, by id, no id twice */
	size_t n, cap;
	size_t label_bytes; /* of all labels */
};

/* Set c->image from the engine's @image, which may be any bytes; "" leaves it unknown. Returns 0 or
 * -ENOMEM. */
int engine_container_set_image(struct engine_container *c, const char *image);

void engine_container_done(struct engine_container *c);
void engine_list_done(struct engine_list *l);

/* Add @c at the end, to be sorted later; what it owns is taken over, also on failure. Returns 0,
 * -ENOSPC when the list is full, or -ENOMEM. */
int engine_list_append(struct engine_list *l, struct engine_container *c);

/* Sort by id; of several containers with one id the first after sorting stays. Labels beyond the
 * limit are dropped. */
void engine_list_sort(struct engine_list *l);

/* The container with this id, NULL if there is none. Valid until the list changes. */
struct engine_container *engine_list_find(const struct engine_list *l, const char *id);

/* Insert @c, or replace what has its id; what it owns is taken over, also on failure. Returns 0,
 * -ENOSPC when the list is full, or -ENOMEM. */
int engine_list_put(struct engine_list *l, struct engine_container *c);

/* Set a label of @c, one of @l, if it is another one so far and there is room for it. */
void engine_list_set_label(
	struct engine_list *l, struct engine_container *c, const char *key, const char *value);

/* Give the containers of @next, newly listed, what @before knew of their processes, unless the list
 * tells of other ones, and the labels of those it alone had in detail (moved: @before is to be
 * freed). Returns true when the two differ in ids, names, states or listed processes. */
bool engine_list_inherit(struct engine_list *next, struct engine_list *before);

#endif
