/* SPDX-License-Identifier: MIT */
/* A pairing heap of the loop's timers: the first one due is its root. No allocation. For loop.c. */
#ifndef LOOP_TIMERS_H
#define LOOP_TIMERS_H

#include "loop/loop.h"

/* Add @t, which is in no heap, to the heap of @root (NULL = empty). Returns the new root. */
struct loop_timer *timers_add(struct loop_timer *root, struct loop_timer *t);

/* Take @t out of the heap of @root. Returns the new root, NULL when the heap is empty. */
struct loop_timer *timers_remove(struct loop_timer *root, struct loop_timer *t);

#endif
