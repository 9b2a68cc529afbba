/* SPDX-License-Identifier: MIT */
/* The event loop: what it reports, in which order, and what it must not report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "loop/loop.h"

#define N_PIPES 40

/* Readable pipes whose handlers unwatch all others. */
struct crowd {
	struct loop loop;
	struct loop_source sources[N_PIPES];
	int ends[N_PIPES][2];
	int n_calls;
	struct loop_timer stop;
};

static void on_stop(void *ctx)
{
	loop_stop(ctx);
}

static void on_crowd(void *ctx, uint32_t events)
{
	struct crowd *c = ctx;

	assert_true(events & EPOLLIN);
	c->n_calls++;
	for (int i = 0; i < N_PIPES; i++)
		loop_unwatch(&c->loop, &c->sources[i]);
}

static void crowd_begin(struct crowd *c)
{
	*c = (struct crowd){.n_calls = 0};
	assert_int_equal(loop_init(&c->loop), 0);
	for (int i = 0; i < N_PIPES; i++) {
		assert_int_equal(pipe(c->ends[i]), 0);
		assert_int_equal(write(c->ends[i][1], "x", 1), 1);
		c->sources[i] = (struct loop_source){.fd = c->ends[i][0], .fn = on_crowd, .ctx = c};
		assert_int_equal(loop_watch(&c->loop, &c->sources[i], EPOLLIN), 0);
	}
	c->stop = (struct loop_timer){.fn = on_stop, .ctx = &c->loop};
	loop_arm(&c->loop, &c->stop, clock_mono_ns() + 50000000);
}

static void crowd_end(struct crowd *c)
{
	for (int i = 0; i < N_PIPES; i++) {
		(void) close(c->ends[i][0]);
		(void) close(c->ends[i][1]);
	}
	loop_done(&c->loop);
}

static void an_unwatched_source_gets_nothing_of_the_same_batch(void **state)
{
	struct crowd c;

	(void) state;
	crowd_begin(&c);
	assert_int_equal(loop_run(&c.loop), 0);
	assert_int_equal(c.n_calls, 1);
	crowd_end(&c);
}

static void a_source_is_freed_by_the_handler_of_another(void **state)
{
	struct crowd c;
	struct loop_source *last;

	(void) state;
	crowd_begin(&c);
	/* AddressSanitizer sees a report for it */
	last = malloc(sizeof(*last));
	assert_non_null(last);
	loop_unwatch(&c.loop, &c.sources[N_PIPES - 1]);
	*last = c.sources[N_PIPES - 1];
	assert_int_equal(loop_watch(&c.loop, last, EPOLLIN), 0);
	loop_unwatch(&c.loop, last);
	free(last);
	assert_int_equal(loop_run(&c.loop), 0);
	assert_int_equal(c.n_calls, 1);
	crowd_end(&c);
}

static void on_hang_up(void *ctx, uint32_t events)
{
	int *n_calls = ctx;

	(void) events;
	(*n_calls)++;
}

/* epoll reports a hang-up whatever was asked for, as long as the descriptor is in it. */
static void an_empty_set_of_events_keeps_the_loop_asleep(void **state)
{
	int ends[2], n_calls = 0;
	struct loop loop;
	struct loop_timer stop = {.fn = on_stop, .ctx = &loop};
	struct loop_source s = {.fn = on_hang_up, .ctx = &n_calls};

	(void) state;
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(pipe(ends), 0);
	s.fd = ends[0];
	assert_int_equal(loop_watch(&loop, &s, EPOLLIN), 0);
	assert_int_equal(loop_watch(&loop, &s, 0), 0);
	(void) close(ends[1]);
	loop_arm(&loop, &stop, clock_mono_ns() + 20000000);
	assert_int_equal(loop_run(&loop), 0);
	assert_int_equal(n_calls, 0);
	loop_done(&loop);
	(void) close(ends[0]);
}

#define N_TIMERS 200

struct alarms {
	struct loop loop;
	struct loop_timer timers[N_TIMERS];
	int64_t last_ns;
	int n_fired;
};

static struct alarms *alarms;

static void on_alarm(void *ctx)
{
	struct loop_timer *t = ctx;

	assert_false(t->armed);
	assert_true(t->at_ns >= alarms->last_ns);
	alarms->last_ns = t->at_ns;
	alarms->n_fired++;
}

/* Timers armed, moved and disarmed at random are called in the order of their time, each once. */
static void timers_are_called_in_order(void **state)
{
	struct alarms a = {.n_fired = 0};
	struct loop_timer stop = {.fn = on_stop, .ctx = &a.loop};
	int64_t begin_ns = clock_mono_ns() - 1000000000;
	int n_armed = 0;

	(void) state;
	alarms = &a;
	srand(1);
	assert_int_equal(loop_init(&a.loop), 0);
	for (int i = 0; i < N_TIMERS; i++)
		a.timers[i] = (struct loop_timer){.fn = on_alarm, .ctx = &a.timers[i]};
	for (int i = 0; i < 20000; i++) {
		struct loop_timer *t = &a.timers[rand() % N_TIMERS];

		if (rand() % 3)
			loop_arm(&a.loop, t, begin_ns + rand() % 1000);
		else
			loop_disarm(&a.loop, t);
	}
	for (int i = 0; i < N_TIMERS; i++)
		n_armed += a.timers[i].armed;
	loop_arm(&a.loop, &stop, begin_ns + 1000);
	assert_int_equal(loop_run(&a.loop), 0);
	assert_int_equal(a.n_fired, n_armed);
	loop_done(&a.loop);
}

/* A job that queues itself without end, and what it must not keep from its turn. */
struct worker {
	struct loop loop;
	struct loop_job job, urgent;
	struct loop_source source;
	int n_runs, n_urgent;
};

static void on_worker(void *ctx)
{
	struct worker *w = ctx;

	w->n_runs++;
	loop_queue_bulk(&w->loop, &w->job);
	if (w->n_runs == 100)
		loop_queue(&w->loop, &w->urgent);
}

static void on_urgent(void *ctx)
{
	struct worker *w = ctx;

	w->n_urgent++;
	assert_true(w->n_runs <= 100 + LOOP_BULK_JOBS);
}

static void on_worker_event(void *ctx, uint32_t events)
{
	struct worker *w = ctx;

	(void) events;
	/* between two events there is at most one turn of bulk jobs */
	if (w->n_urgent > 0)
		loop_stop(&w->loop);
}

static void bulk_jobs_take_turns_with_everything_else(void **state)
{
	struct worker w = {.n_runs = 0};
	int ends[2];

	(void) state;
	assert_int_equal(loop_init(&w.loop), 0);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	w.job = (struct loop_job){.fn = on_worker, .ctx = &w};
	w.urgent = (struct loop_job){.fn = on_urgent, .ctx = &w};
	w.source = (struct loop_source){.fd = ends[0], .fn = on_worker_event, .ctx = &w};
	assert_int_equal(loop_watch(&w.loop, &w.source, EPOLLIN), 0);
	loop_queue_bulk(&w.loop, &w.job);
	assert_int_equal(loop_run(&w.loop), 0);
	assert_int_equal(w.n_urgent, 1);
	loop_done(&w.loop);
	(void) close(ends[0]);
	(void) close(ends[1]);
}

static void a_cancelled_job_is_not_run(void **state)
{
	struct worker w = {.n_runs = 0};
	struct loop_timer stop = {.fn = on_stop, .ctx = &w.loop};

	(void) state;
	assert_int_equal(loop_init(&w.loop), 0);
	w.job = (struct loop_job){.fn = on_worker, .ctx = &w};
	w.urgent = (struct loop_job){.fn = on_urgent, .ctx = &w};
	loop_queue(&w.loop, &w.job);
	loop_queue(&w.loop, &w.urgent);
	loop_cancel(&w.job);
	loop_cancel(&w.job);
	loop_arm(&w.loop, &stop, clock_mono_ns() + 10000000);
	assert_int_equal(loop_run(&w.loop), 0);
	assert_int_equal(w.n_runs, 0);
	assert_int_equal(w.n_urgent, 1);
	loop_done(&w.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unwatched_source_gets_nothing_of_the_same_batch),
		cmocka_unit_test(a_source_is_freed_by_the_handler_of_another),
		cmocka_unit_test(an_empty_set_of_events_keeps_the_loop_asleep),
		cmocka_unit_test(timers_are_called_in_order),
		cmocka_unit_test(bulk_jobs_take_turns_with_everything_else),
		cmocka_unit_test(a_cancelled_job_is_not_run),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
