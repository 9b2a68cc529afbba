/* SPDX-License-Identifier: MIT */
#include "loop/timers.h"

#include <stddef.h>

/* @before of a timer is its parent for the first child, else the sibling before it; the root has
 * none. */

/* Join two heaps; each may be NULL. */
static struct loop_timer *meld(struct loop_timer *a, struct loop_timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->at_ns < a->at_ns) {
		struct loop_timer *t = a;

		a = b;
		b = t;
	}
	b->next = a->child;
	if (b->next)
		b->next->before = b;
	b->before = a;
	a->child = b;
	return a;
}

/* Make one heap of the siblings from @first on: in pairs from the left, then from the right. */
static struct loop_timer *meld_siblings(struct loop_timer *first)
{
	struct loop_timer *pairs = NULL, *all = NULL;

	while (first) {
		struct loop_timer *a = first, *b = a->next;

		first = b ? b->next : NULL;
		a->next = a->before = NULL;
		if (b)
			b->next = b->before = NULL;
		a = meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	while (pairs) {
		struct loop_timer *a = pairs;

		pairs = a->next;
		a->next = NULL;
		all = meld(all, a);
	}
	return all;
}

struct loop_timer *timers_add(struct loop_timer *root, struct loop_timer *t)
{
	t->child = t->next = t->before = NULL;
	return meld(root, t);
}

struct loop_timer *timers_remove(struct loop_timer *root, struct loop_timer *t)
{
	struct loop_timer *below = meld_siblings(t->child);

	t->child = NULL;
	if (t == root)
		return below;
	if (t->next)
		t->next->before = t->before;
	if (t->before->child == t)
		t->before->child = t->next;
	else
		t->before->next = t->next;
	t->next = t->before = NULL;
	return meld(root, below);
}
