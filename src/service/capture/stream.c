/* SPDX-License-Identifier: MIT */
#include "service/capture/stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/text.h"
#include "loop/loop.h"
#include "service/admit/plan.h"
#include "service/capture/group.h"

#define SECOND_NS 1000000000LL

struct stream {
	const struct session_env *env;
	const struct viewer_ops *ops;
	void *ctx;
	struct session *session;    /* owned: one target without limits of packets or bytes, or */
	struct group *group;        /* owned; both are NULL when the request was refused */
	struct loop_timer duration; /* ends the stream */
	struct loop_timer due;      /* the group holds packets back until then */
	uint64_t duration_s;
	bool has_begun;     /* there was something to send */
	struct refusal why; /* when the request was refused */
};

static void on_due(void *ctx)
{
	struct stream *s = ctx;

	s->ops->wake(s->ctx);
}

static void leave(struct stream *s, const char *why)
{
	if (s->session)
		session_leave(s->session, why);
	if (s->group)
		group_leave(s->group, why);
}

/* The time of the request is over before there was anything to send. */
static void give_up(struct stream *s)
{
	(void) refuse(&s->why, 0, 504, CLOSE_INTERNAL,
		"the capture did not start within the %" PRIu64 " s of its duration",
		s->duration_s);
	session_free(TAKE_PTR(s->session));
	group_free(TAKE_PTR(s->group));
	s->ops->wake(s->ctx);
}

static void on_duration(void *ctx)
{
	struct stream *s = ctx;
	char why[96];

	if (!s->has_begun) {
		give_up(s);
		return;
	}
	(void) snprintf(why, sizeof(why),
		"the limit of the request is reached: %" PRIu64 " s have passed", s->duration_s);
	leave(s, why);
	s->ops->wake(s->ctx);
}

/* Returns 0, or -ENOMEM. */
static int begin(struct stream *s, const struct plan *plan, const struct request_words *words,
	uint32_t send_bytes)
{
	if (plan->n == 1 && !plan->limits.packets && !plan->limits.bytes)
		s->session = session_new(
			s->env, plan->texts ? &plan->each[0] : words, send_bytes, s->ops, s->ctx);
	else
		s->group = group_new(s->env, plan, send_bytes, s->ops, s->ctx);
	if (!s->session && !s->group)
		return -ENOMEM;
	s->duration_s = plan->limits.duration_s;
	if (s->duration_s)
		loop_arm(s->env->loop, &s->duration,
			clock_mono_ns() + (int64_t) s->duration_s * SECOND_NS);
	return 0;
}

struct stream *stream_new(const struct session_env *env, const struct request_words *words,
	uint32_t send_bytes, const struct viewer_ops *ops, void *ctx)
{
	struct stream *s = calloc(1, sizeof(*s));
	struct plan plan;
	int rc;

	if (!s)
		return NULL;
	s->env = env;
	s->ops = ops;
	s->ctx = ctx;
	s->duration = (struct loop_timer){.fn = on_duration, .ctx = s};
	s->due = (struct loop_timer){.fn = on_due, .ctx = s};
	if (plan_make(words, env->max_targets, &plan, &s->why) < 0) {
		if (env->n_refused)
			++*env->n_refused;
		ops->wake(ctx);
		return s;
	}
	rc = begin(s, &plan, words, send_bytes);
	plan_done(&plan);
	if (rc < 0) {
		stream_free(s);
		return NULL;
	}
	return s;
}

int stream_next(struct stream *s, struct iovec *ret, int cap)
{
	int64_t due_ns = INT64_MAX;
	int n;

	if (!s->session && !s->group)
		return -1;
	if (s->session)
		n = session_next(s->session, ret, cap);
	else
		n = group_next(s->group, ret, &due_ns);
	s->has_begun |= n > 0;
	if (n == 0 && due_ns < INT64_MAX)
		loop_arm(s->env->loop, &s->due, due_ns);
	return n;
}

void stream_sent(struct stream *s, int n)
{
	if (s->session)
		session_sent(s->session, n);
	else if (n > 0)
		group_sent(s->group);
}

void stream_leave(struct stream *s)
{
	leave(s, "the viewer left");
}

const struct refusal *stream_why(const struct stream *s)
{
	if (s->session)
		return session_why(s->session);
	return s->group ? group_why(s->group) : &s->why;
}

void stream_name(const struct stream *s, char ret[STREAM_NAME_MAX])
{
	AUTO_TEXT struct text names = {0};
	const char *one = s->session ? session_request(s->session)->target.name : NULL;

	if (s->group)
		group_labels(s->group, "+", &names);
	if (one)
		text_put(&names, one);
	(void) snprintf(ret, STREAM_NAME_MAX, "%.*s", names.failed ? 0 : (int) names.len_bytes,
		names.p ? names.p : "");
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	loop_disarm(s->env->loop, &s->duration);
	loop_disarm(s->env->loop, &s->due);
	session_free(s->session);
	group_free(s->group);
	free(s);
}
