/* SPDX-License-Identifier: MIT */
/* The descriptors in the broker's epoll set. Each watch is removed by broker_unwatch() before its
 * descriptor is closed: closing alone does not remove it while another process, such as a child
 * that has not executed its program yet, has a copy, and the event would be reported again and
 * again. */
#ifndef BROKER_WATCH_H
#define BROKER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct broker;

/* What an event is about: the kind in the upper half of the tag, a number in the lower. */
enum watch_tag {
	WATCH_SIGNAL = 1,
	WATCH_SERVICE,  /* the pid of its incarnation */
	WATCH_DISCOVER, /* the same */
	WATCH_TARGET,   /* running_capture.serial */
};

static inline uint64_t watch_tag(enum watch_tag kind, uint32_t number)
{
	return (uint64_t) kind << 32 | number;
}

/* Watch descriptor @fd for input; @tag comes back from epoll_wait(2). 0 or a negative errno. */
int broker_watch(struct broker *b, int fd, uint64_t tag);

struct child;

/* Report of the channel of @c what its state asks for: messages, unless is_blocked; room for
 * messages, if is_blocked or wants_room. */
void broker_watch_channel(struct broker *b, const struct child *c);

/* Stop watching @fd (-1: nothing to do). */
void broker_unwatch(struct broker *b, int fd);

#endif
