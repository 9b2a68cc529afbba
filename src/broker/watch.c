/* SPDX-License-Identifier: MIT */
#include "broker/watch.h"

#include <errno.h>
#include <sys/epoll.h>

#include "broker/broker.h"

int broker_watch(struct broker *b, int fd, uint64_t tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag};

	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

void broker_watch_channel(struct broker *b, const struct child *c)
{
	enum watch_tag kind = c == &b->service ? WATCH_SERVICE : WATCH_DISCOVER;
	struct epoll_event ev = {
		.events = (c->is_blocked ? 0 : EPOLLIN) |
			  (c->is_blocked || c->wants_room ? (uint32_t) EPOLLOUT : 0),
		.data.u64 = watch_tag(kind, (uint32_t) c->pid),
	};

	(void) epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, c->channel, &ev);
}

void broker_unwatch(struct broker *b, int fd)
{
	if (fd >= 0)
		(void) epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}
