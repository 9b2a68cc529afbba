/* SPDX-License-Identifier: MIT */
#include "discover/loop.h"

#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"

int loop_init(struct loop *l)
{
	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	l->stopped = false;
	l->timers = NULL;
	return l->epfd < 0 ? -errno : 0;
}

void loop_done(struct loop *l)
{
	if (l->epfd >= 0)
		(void) close(l->epfd);
	l->epfd = -1;
}

int loop_watch(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, s->fd, &ev) == 0)
		return 0;
	if (errno != EEXIST || epoll_ctl(l->epfd, EPOLL_CTL_MOD, s->fd, &ev) < 0)
		return -errno;
	return 0;
}

void loop_unwatch(struct loop *l, const struct loop_source *s)
{
	(void) epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
}

void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns)
{
	t->at_ns = at_ns;
	if (t->armed)
		return;
	t->armed = true;
	t->next = l->timers;
	l->timers = t;
}

void loop_disarm(struct loop *l, struct loop_timer *t)
{
	for (struct loop_timer **p = &l->timers; *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			t->armed = false;
			return;
		}
	}
}

static struct loop_timer *first_timer(const struct loop *l)
{
	struct loop_timer *first = l->timers;

	for (struct loop_timer *t = l->timers; t; t = t->next) {
		if (t->at_ns < first->at_ns)
			first = t;
	}
	return first;
}

/* Fire the first timer if it is due. Returns the milliseconds to wait for events: 0 after a timer
 * fired, -1 when none is armed. */
static int run_timer(struct loop *l)
{
	struct loop_timer *t = first_timer(l);
	int64_t left_ns;

	if (!t)
		return -1;
	left_ns = t->at_ns - clock_mono_ns();
	if (left_ns > 0) {
		int64_t ms = (left_ns + 999999) / 1000000;

		return ms > 3600000 ? 3600000 : (int) ms;
	}
	loop_disarm(l, t);
	t->fn(t->ctx);
	return 0;
}

int loop_run(struct loop *l)
{
	while (!l->stopped) {
		int timeout_ms = run_timer(l);
		struct epoll_event ev;
		int n;

		if (l->stopped)
			break;
		/* one at a time: a second event could belong to a source that the first one's
		 * handler has freed */
		n = epoll_wait(l->epfd, &ev, 1, timeout_ms);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			struct loop_source *s = ev.data.ptr;

			s->fn(s->ctx, ev.events);
		}
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
