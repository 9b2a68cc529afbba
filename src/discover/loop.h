/* SPDX-License-Identifier: MIT */
/* The event loop: descriptors and one-shot timers, all on one thread. Handlers may watch, unwatch
 * and free any source or timer, their own included: one event is handled at a time. */
#ifndef DISCOVER_LOOP_H
#define DISCOVER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Both structs belong to the user of the loop and must stay in place while watched or armed. */
struct loop_source {
	int fd;                                 /* borrowed */
	void (*fn)(void *ctx, uint32_t events); /* EPOLLIN ... */
	void *ctx;
};

struct loop_timer {
	void (*fn)(void *ctx);
	void *ctx;
	int64_t at_ns; /* CLOCK_MONOTONIC */
	bool armed;
	struct loop_timer *next;
};

struct loop {
	int epfd;
	bool stopped;
	struct loop_timer *timers; /* unordered: there is a handful */
};

/* Returns 0 or a negative errno. */
int loop_init(struct loop *l);
void loop_done(struct loop *l);

/* Watch @s->fd for @events (level-triggered), or change the events of a watched one. Returns 0 or a
 * negative errno. */
int loop_watch(struct loop *l, struct loop_source *s, uint32_t events);

/* Stop watching; call it before the descriptor is closed. */
void loop_unwatch(struct loop *l, const struct loop_source *s);

/* Call @t->fn once at @at_ns or soon after; an armed timer is moved. */
void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns);
void loop_disarm(struct loop *l, struct loop_timer *t);

/* Handle events until loop_stop(). Returns 0, or a negative errno when waiting itself failed. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
