/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/timers.h"

#define SLEEP_MAX_MS 3600000

int loop_init(struct loop *l)
{
	*l = (struct loop){.epfd = epoll_create1(EPOLL_CLOEXEC)};
	return l->epfd < 0 ? -errno : 0;
}

void loop_done(struct loop *l)
{
	if (l->epfd >= 0)
		(void) close(l->epfd);
	l->epfd = -1;
}

/* What is left of the batch holds nothing of @s any more. */
static void forget(struct loop *l, const struct loop_source *s)
{
	for (int i = l->batch_at; i < l->batch_n; i++) {
		if (l->batch[i].data.ptr == s)
			l->batch[i].data.ptr = NULL;
	}
}

/* A library that owns the descriptor may have closed it and opened another one of the same number.
 */
static bool change_anyway(const struct loop *l, const struct loop_source *s, struct epoll_event *ev)
{
	if (errno != EEXIST && errno != ENOENT)
		return false;
	return epoll_ctl(l->epfd, errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, s->fd, ev) == 0;
}

int loop_watch(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	int op = s->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (events == 0) {
		loop_unwatch(l, s);
		return 0;
	}
	/* an edge that was reported before is reported again after a change only */
	if (events == s->watched && !(events & EPOLLET))
		return 0;
	if (epoll_ctl(l->epfd, op, s->fd, &ev) < 0 && !change_anyway(l, s, &ev))
		return -errno;
	s->watched = events;
	return 0;
}

void loop_unwatch(struct loop *l, struct loop_source *s)
{
	if (!s->watched)
		return;
	(void) epoll_ctl(l->epfd, EPOLL_CTL_DEL, s->fd, NULL);
	s->watched = 0;
	forget(l, s);
}

void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns)
{
	loop_disarm(l, t);
	t->at_ns = at_ns;
	t->armed = true;
	l->timers = timers_add(l->timers, t);
}

void loop_disarm(struct loop *l, struct loop_timer *t)
{
	if (!t->armed)
		return;
	t->armed = false;
	l->timers = timers_remove(l->timers, t);
}

static void queue(struct loop_jobs *list, struct loop_job *j)
{
	if (j->list)
		return;
	j->list = list;
	j->next = NULL;
	j->before = list->last;
	*(list->last ? &list->last->next : &list->first) = j;
	list->last = j;
}

void loop_queue(struct loop *l, struct loop_job *j)
{
	queue(&l->jobs, j);
}

void loop_queue_bulk(struct loop *l, struct loop_job *j)
{
	queue(&l->bulk, j);
}

void loop_cancel(struct loop_job *j)
{
	struct loop_jobs *list = j->list;

	if (!list)
		return;
	*(j->before ? &j->before->next : &list->first) = j->next;
	*(j->next ? &j->next->before : &list->last) = j->before;
	j->list = NULL;
}

/* Fire what was due when this began: a timer that a handler arms for now has its turn later. */
static void run_timers(struct loop *l)
{
	int64_t now_ns;

	if (!l->timers)
		return;
	now_ns = clock_mono_ns();
	while (l->timers && l->timers->at_ns <= now_ns && !l->stopped) {
		struct loop_timer *t = l->timers;

		loop_disarm(l, t);
		t->fn(t->ctx);
	}
}

/* Milliseconds to wait for events, -1 = without a limit. */
static int sleep_ms(const struct loop *l)
{
	int64_t left_ms;

	if (l->jobs.first || l->bulk.first)
		return 0;
	if (!l->timers)
		return -1;
	left_ms = (l->timers->at_ns - clock_mono_ns() + 999999) / 1000000;
	if (left_ms < 0)
		return 0;
	return left_ms > SLEEP_MAX_MS ? SLEEP_MAX_MS : (int) left_ms;
}

static int run_events(struct loop *l)
{
	l->batch_n = epoll_wait(l->epfd, l->batch, LOOP_BATCH, sleep_ms(l));
	if (l->batch_n < 0)
		return errno == EINTR ? 0 : -errno;
	for (l->batch_at = 0; l->batch_at < l->batch_n && !l->stopped;) {
		const struct epoll_event *ev = &l->batch[l->batch_at++];
		const struct loop_source *s = ev->data.ptr;

		if (s)
			s->fn(s->ctx, ev->events);
	}
	l->batch_n = 0;
	return 0;
}

/* Run at most @n jobs. */
static void run_jobs(struct loop *l, struct loop_jobs *list, unsigned int n)
{
	for (; list->first && n > 0 && !l->stopped; n--) {
		struct loop_job *j = list->first;

		loop_cancel(j);
		j->fn(j->ctx);
	}
}

/* Those that are queued now: a job that a job queues has its turn later. */
static unsigned int count(const struct loop_jobs *list)
{
	unsigned int n = 0;

	for (const struct loop_job *j = list->first; j; j = j->next)
		n++;
	return n;
}

int loop_run(struct loop *l)
{
	while (!l->stopped) {
		int rc;

		run_timers(l);
		if (l->stopped)
			break;
		rc = run_events(l);
		if (rc < 0)
			return rc;
		run_jobs(l, &l->jobs, count(&l->jobs));
		run_jobs(l, &l->bulk, LOOP_BULK_JOBS);
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
