/* SPDX-License-Identifier: MIT */
#include "service/compile/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define SECOND_NS 1000000000LL

static void pump(struct compile_lane *l);

/* The process of @l is of no use any more. */
static void close_process(struct compile_lane *l)
{
	struct msg m = {.op = MSG_COMPILE_KILL, .id = l->id};

	if (l->is_open)
		(void) msg_send(l->all->broker_fd, &m, NULL, 0);
	l->is_open = l->is_sent = false;
	loop_unwatch(l->all->loop, &l->control);
	close_p(&l->control.fd);
	l->control.fd = -1;
	loop_disarm(l->all->loop, &l->timer);
}

/* Take the first job out of the queue. */
static struct compile_job *pop(struct compile_lane *l)
{
	struct compile_job *j = l->first;

	l->first = j->next;
	if (!l->first)
		l->last = NULL;
	l->n--;
	l->is_sent = false;
	j->lane = NULL;
	j->next = NULL;
	return j;
}

static void fail(struct compile_job *j, int status, const char *text)
{
	struct compile_answer a = {.status = status};

	(void) snprintf(a.text, sizeof(a.text), "%s", text);
	j->done(j->ctx, &a);
}

/* The process cannot do the first job: go on with another process and the next job. */
static void fail_first(struct compile_lane *l, int status, const char *text)
{
	close_process(l);
	if (l->first)
		fail(pop(l), status, text);
	pump(l);
}

static void on_timer(void *ctx)
{
	struct compile_lane *l = ctx;
	char text[96];

	if (!l->first) {
		close_process(l);
		return;
	}
	l->all->n_timeouts++;
	log_warn("a capture filter took too long to compile bytes=%zu",
		strlen(l->first->request.filter));
	(void) snprintf(text, sizeof(text),
		"invalid capture filter: it cannot be compiled within %d s, use a shorter one",
		(int) (COMPILE_LIMIT_NS / SECOND_NS));
	fail_first(l, -ETIME, text);
}

static void on_answer(struct compile_lane *l, const uint8_t *p, size_t len_bytes)
{
	struct compile_answer a;
	struct compile_job *j;
	int rc = compile_answer_decode(p, len_bytes, &a);

	if (rc < 0 || !l->is_sent || a.id != l->first->request.id) {
		if (rc == 0)
			compile_answer_done(&a);
		fail_first(l, -EPROTO, "the process that compiles filters has failed");
		return;
	}
	j = pop(l);
	j->done(j->ctx, &a);
	compile_answer_done(&a);
	pump(l);
}

static void on_control(void *ctx, uint32_t events)
{
	struct compile_lane *l = ctx;
	AUTO_FDSET struct fdset fds = FDSET_NONE;
	ssize_t n = fdpass_recv(l->control.fd, l->all->buf, COMPILE_MAX_BYTES, &fds);

	(void) events;
	if (n == -EAGAIN)
		return;
	if (n > 0)
		on_answer(l, l->all->buf, (size_t) n);
	else if (l->is_sent)
		fail_first(l, -EPIPE, "the process that compiles filters has ended");
	else {
		close_process(l);
		pump(l);
	}
}

int compilers_init(struct compilers *c, struct loop *loop, int broker_fd)
{
	*c = (struct compilers){.loop = loop, .broker_fd = broker_fd};
	c->buf = malloc(COMPILE_MAX_BYTES);
	for (size_t i = 0; i < COMPILE_LANES; i++) {
		struct compile_lane *l = &c->lanes[i];

		l->all = c;
		l->control = (struct loop_source){.fd = -1, .fn = on_control, .ctx = l};
		l->timer = (struct loop_timer){.fn = on_timer, .ctx = l};
	}
	return c->buf ? 0 : -ENOMEM;
}

void compilers_done(struct compilers *c)
{
	for (size_t i = 0; c->buf && i < COMPILE_LANES; i++)
		close_process(&c->lanes[i]);
	free(c->buf);
	c->buf = NULL;
}

/* Have the broker start a process. It answers at once, so the time limit is that of the first job.
 */
static void open_process(struct compile_lane *l)
{
	struct msg m = {.op = MSG_COMPILE_OPEN, .id = ++l->all->last_id};

	l->id = m.id;
	if (msg_send(l->all->broker_fd, &m, NULL, 0) < 0) {
		fail(pop(l), -EBUSY, "cannot start a process that compiles filters");
		return;
	}
	l->is_open = true;
	loop_arm(l->all->loop, &l->timer, clock_mono_ns() + COMPILE_LIMIT_NS);
}

/* Returns 0 or a negative errno. */
static int send_first(struct compile_lane *l)
{
	ssize_t n;

	l->first->request.id = ++l->all->last_id;
	n = compile_request_encode(&l->first->request, l->all->buf, COMPILE_MAX_BYTES);
	if (n < 0)
		return (int) n;
	loop_arm(l->all->loop, &l->timer, clock_mono_ns() + COMPILE_LIMIT_NS);
	return fdpass_send(l->control.fd, l->all->buf, (size_t) n, NULL, 0);
}

/* Do what can be done next. */
static void pump(struct compile_lane *l)
{
	while (l->first && !l->is_sent) {
		if (!l->is_open) {
			open_process(l);
			continue;
		}
		if (l->control.fd < 0)
			return; /* the broker is starting it */
		if (send_first(l) == 0) {
			l->is_sent = true;
		} else {
			close_process(l);
			fail(pop(l), -EPIPE, "the process that compiles filters has failed");
		}
	}
	if (!l->first && l->is_open)
		loop_arm(l->all->loop, &l->timer, clock_mono_ns() + COMPILE_IDLE_NS);
}

int compile_submit(struct compilers *c, struct compile_job *j)
{
	bool is_short = strlen(j->request.filter) <= COMPILE_SHORT_BYTES;
	struct compile_lane *l = &c->lanes[is_short ? 0 : 1];

	if (l->n >= (is_short ? COMPILE_QUEUE_SHORT : COMPILE_QUEUE_LONG))
		return -EBUSY;
	j->lane = l;
	j->next = NULL;
	if (l->last)
		l->last->next = j;
	else
		l->first = j;
	l->last = j;
	l->n++;
	pump(l);
	return 0;
}

void compile_cancel(struct compile_job *j)
{
	struct compile_lane *l = j->lane;
	struct compile_job **at, *before = NULL;

	if (!l)
		return;
	if (l->first == j) {
		/* the process need not go on with it */
		if (l->is_sent)
			close_process(l);
		(void) pop(l);
		pump(l);
		return;
	}
	for (at = &l->first; *at != j; at = &(*at)->next)
		before = *at;
	*at = j->next;
	if (l->last == j)
		l->last = before;
	l->n--;
	j->lane = NULL;
}

void compilers_opened(struct compilers *c, const struct msg *m, struct fdset *fds)
{
	for (size_t i = 0; i < COMPILE_LANES; i++) {
		struct compile_lane *l = &c->lanes[i];
		int rc = m->u.status.status;
		char why[MSG_TEXT_BYTES];

		if (!l->is_open || l->id != m->id)
			continue;
		l->control.fd = fdset_take(fds, 0);
		if (rc == 0)
			rc = l->control.fd < 0 ? -EBADF : loop_watch(c->loop, &l->control, EPOLLIN);
		if (rc == 0) {
			pump(l);
			return;
		}
		log_warn("cannot compile filters status=%d reason=\"%s\"", rc,
			log_quote(m->u.status.text, why, sizeof(why)));
		fail_first(l, -EBUSY, "cannot start a process that compiles filters");
	}
}
