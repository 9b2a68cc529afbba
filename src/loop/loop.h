/* SPDX-License-Identifier: MIT */
/* The event loop of a process: descriptors (epoll), one-shot timers and jobs, all on one thread.
 *
 * A handler may watch, unwatch, arm, disarm, queue, cancel and free anything, its own source, timer
 * or job included. After loop_unwatch() the loop reports nothing for that source, also not an event
 * of the same epoll_wait() batch. A descriptor is always unwatched before it is closed: closing
 * alone leaves the entry in epoll while a copy of the descriptor exists in another process.
 *
 * One turn of the loop runs, in this order: the due timers, the events, the queued jobs, and at
 * most LOOP_BULK_JOBS of the queued bulk jobs. The loop does not sleep while a job is queued. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "loop/timers.h"

#define LOOP_BATCH     64 /* events of one epoll_wait() */
#define LOOP_BULK_JOBS 4  /* bulk jobs of one turn */

/* Source, timer and job belong to the user of the loop, start zeroed but for the public members,
 * and must stay in place while watched, armed or queued. */
struct loop_source {
	int fd;                                 /* borrowed */
	void (*fn)(void *ctx, uint32_t events); /* EPOLLIN ... */
	void *ctx;
	uint32_t watched; /* the loop's: events in epoll, 0 = not in epoll */
};

/* Work for the next turn. */
struct loop_job {
	void (*fn)(void *ctx);
	void *ctx;
	struct loop_jobs *list; /* the loop's: NULL = not queued */
	struct loop_job *next, *before;
};

struct loop_jobs {
	struct loop_job *first, *last;
};

struct loop {
	int epfd;
	bool stopped;
	struct loop_timer *timers; /* the root is the first one due */
	struct loop_jobs jobs, bulk;
	struct epoll_event batch[LOOP_BATCH];
	int batch_at, batch_n;
};

/* Returns 0 or a negative errno. */
int loop_init(struct loop *l);
void loop_done(struct loop *l);

/* Watch @s->fd for @events, or change the events of a watched one; 0 unwatches, as epoll reports
 * errors and hang-ups even for an empty set. Level-triggered unless @events has EPOLLET. Returns 0
 * or a negative errno: the source is then watched as before. */
int loop_watch(struct loop *l, struct loop_source *s, uint32_t events);

/* Stop watching; call it before the descriptor is closed. Nothing happens when it is not watched.
 */
void loop_unwatch(struct loop *l, struct loop_source *s);

/* Call @t->fn once at @at_ns or soon after; an armed timer is moved. Timers that are due are called
 * in the order of their time. One armed for the past by a handler is called in the next turn. */
void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns);

/* Nothing happens when it is not armed. */
void loop_disarm(struct loop *l, struct loop_timer *t);

/* Call @j->fn once in the next turn (or this one, when the jobs have not begun). A queued job keeps
 * its place. */
void loop_queue(struct loop *l, struct loop_job *j);

/* As loop_queue(), for work that may wait for everything else: the loop runs LOOP_BULK_JOBS of
 * these per turn, in the order of queueing. */
void loop_queue_bulk(struct loop *l, struct loop_job *j);

/* Nothing happens when it is not queued. */
void loop_cancel(struct loop_job *j);

/* Handle events until loop_stop(). Returns 0, or a negative errno when waiting itself failed. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
