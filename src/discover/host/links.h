/* SPDX-License-Identifier: MIT */
/* The links of all network namespaces: asks the broker for one rtnetlink socket after the other and
 * dumps the links through it. No socket outlives its dump: it would keep a namespace alive. */
#ifndef DISCOVER_LINKS_H
#define DISCOVER_LINKS_H

#include <stdbool.h>
#include <stddef.h>

#include "discover/host/netns_set.h"
#include "discover/host/ns_ask.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

/* Who has further questions for namespace @i of the set. @sock, inside it, is borrowed. */
typedef void (*links_fn)(void *ctx, size_t i, int sock);

/* Who has use for the messages of the dumps of namespace @i themselves. @h is borrowed; NULL: the
 * dumps failed, what was shown of the namespace does not count. */
typedef void (*links_message_fn)(void *ctx, size_t i, const struct nlmsghdr *h);

struct links {
	struct ns_ask ask;
	struct netns_set *set; /* borrowed; valid during a run */
	size_t failed;         /* namespaces of this run that have no link list */
	links_fn more_fn;      /* NULL = nobody */
	links_message_fn message_fn;
	void *ctx;
};

/* @procfd and @broker are borrowed until links_stop(). Returns 0 or a negative errno. */
int links_init(struct links *l, int procfd, int broker);

/* Start with the namespaces of @set that have no link list yet; the order must not change until
 * links_finished() or links_stop(). Returns 0, or -EPIPE or another negative errno when the broker
 * is gone. */
int links_start(struct links *l, struct netns_set *set);

/* In the run to be started next, show @message_fn all messages about links and addresses, and call
 * @fn after each dump that succeeded; later for each namespace of links_revisit(). NULL for both
 * ends that. */
void links_ask_more(struct links *l, links_fn fn, links_message_fn message_fn, void *ctx);

/* After the run: open the namespaces of @set (of which nothing but references is used) once more,
 * for the function of links_ask_more() alone. As links_start() otherwise. */
int links_revisit(struct links *l, const struct netns_set *set);

/* Handle an answer (MSG_NETLINK_OPENED) and ask further. Descriptors are taken out of @fds. Answers
 * to requests of an earlier run are dropped. A namespace that cannot be asked keeps an empty list.
 * Errors of links_start(). */
int links_answer(struct links *l, const struct msg *m, struct fdset *fds);

/* True when nothing is left to ask and nothing is under way. */
bool links_finished(const struct links *l);

/* Forget the run: what has no list yet keeps an empty one. */
void links_stop(struct links *l);

#endif
