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

void broker_watch_writable(struct broker *b, int fd, uint64_t tag, bool wanted)
{
	struct epoll_event ev = {.events = wanted ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.u64 = tag};

	(void) epoll_ctl(b->epoll_fd, EPOLL_CTL_MOD, fd, &ev);
}

void broker_unwatch(struct broker *b, int fd)
{
	if (fd >= 0)
		(void) epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}
