/* SPDX-License-Identifier: MIT */
/* The links of all network namespaces: asks the broker for one rtnetlink socket after the other and
 * dumps the links through it. A few requests are under way at any time, so that broker and kernel
 * never wait for us. No socket outlives its dump: it would keep a namespace alive. */
#ifndef DISCOVER_LINKS_H
#define DISCOVER_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/netns_set.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define LINKS_WINDOW 32 /* requests under way at once */

struct links {
	int procfd, broker;       /* borrowed */
	int32_t pid;              /* of this process */
	uint64_t starttime_ticks; /* of this process */
	uint32_t next_id;         /* never 0 */
	struct netns_set *set;    /* borrowed; NULL between runs */
	size_t next;              /* first namespace not asked for yet */
	size_t in_flight;
	size_t failed; /* namespaces of this run that have no link list */
	struct links_slot {
		uint32_t id;  /* 0 = free */
		size_t netns; /* index in set->v */
		int place;    /* owned: where the namespace is mounted, -1 = not held */
	} slots[LINKS_WINDOW];
};

/* @procfd and @broker are borrowed until links_stop(). Returns 0 or a negative errno. */
int links_init(struct links *l, int procfd, int broker);

/* Start with the namespaces of @set, whose order must not change until links_finished() or
 * links_stop(). Returns 0, or -EPIPE or another negative errno when the broker is gone. */
int links_start(struct links *l, struct netns_set *set);

/* Handle an answer (MSG_NETLINK_OPENED) and ask further. Descriptors are taken out of @fds. Answers
 * to requests of an earlier run are dropped. A namespace that cannot be asked keeps an empty list.
 * Errors of links_start(). */
int links_answer(struct links *l, const struct msg *m, struct fdset *fds);

/* True when nothing is left to ask and nothing is under way. */
bool links_finished(const struct links *l);

/* Forget the run: what has no list yet keeps an empty one. */
void links_stop(struct links *l);

#endif
