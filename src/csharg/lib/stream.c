/* SPDX-License-Identifier: MIT */
#include "csharg/lib/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "csharg/lib/sigpipe.h"

#define MS_NS            1000000
#define PINGS_UNANSWERED 3
#define EVENTS_MAX       (STREAM_LEGS_MAX + 2)

static bool is_decided(const struct csharg_stream *s)
{
	return s->end.reason != CSHARG_END_RUNNING;
}

struct csharg_stream *stream_new(size_t n_legs, struct err *e)
{
	struct csharg_stream *s = calloc(1, sizeof(*s));

	if (!s) {
		(void) err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->sink = (struct sink){.fd = -1, .own_fd = -1};
	s->leg = calloc(n_legs, sizeof(*s->leg));
	s->buf = malloc(STREAM_READ_BYTES);
	if (s->leg && s->buf && s->epoll_fd >= 0 && s->stop_fd >= 0) {
		s->n_legs = n_legs;
		return s;
	}
	(void) err_set(e, s->leg && s->buf ? -EMFILE : -ENOMEM, "out of memory or descriptors");
	csharg_stream_free(s);
	return NULL;
}

void csharg_stream_free(struct csharg_stream *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_legs; i++)
		leg_done(&s->leg[i]);
	close_p(&s->epoll_fd);
	close_p(&s->stop_fd);
	sink_done(&s->sink);
	pipeline_done(&s->pipeline);
	csharg_reader_free(s->reader);
	csharg_target_free(s->target);
	free(s->filter);
	free(s->leg);
	free(s->buf);
	free(s);
}

static int watch(struct csharg_stream *s, int fd, void *what, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = what};

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

int stream_begin(struct csharg_stream *s, struct err *e)
{
	int64_t now = clock_mono_ns();
	int rc = watch(s, s->stop_fd, &s->stop_fd, EPOLLIN);

	for (size_t i = 0; rc == 0 && i < s->n_legs; i++) {
		struct leg *leg = &s->leg[i];

		leg->watched = EPOLLIN;
		leg->next_ping_ns = now + (int64_t) s->options.ping_ms * MS_NS;
		rc = watch(s, transport_fd(leg->transport), leg, EPOLLIN);
	}
	if (rc == 0 && sink_poll_fd(&s->sink) >= 0)
		rc = watch(s, sink_poll_fd(&s->sink), &s->sink, 0);
	if (rc < 0)
		return err_sys(e, -errno, "cannot watch the connection");
	s->n_open = s->n_legs;
	if (s->options.max_duration_ms)
		s->duration_end_ns = now + (int64_t) s->options.max_duration_ms * MS_NS;
	return 0;
}

/* Wishes of csharg_stream_stop(): the first one ends politely, the second one at once. */
static void take_stops(struct csharg_stream *s)
{
	unsigned int stops = atomic_load(&s->stops);
	uint64_t count;

	if (stops == s->stops_taken)
		return;
	if (read(s->stop_fd, &count, sizeof(count)) < 0)
		count = 0; /* not told yet: it makes the next step come at once */
	s->stops_taken = stops;
	stream_decide(s, CSHARG_END_STOPPED, 0, 0, "stopped");
	if (s->close_by_ns == 0)
		stream_close_legs(s);
	if (stops > 1)
		s->close_by_ns = clock_mono_ns();
}

static void ping(struct csharg_stream *s, struct leg *leg, int64_t now)
{
	if (!leg->transport || s->options.ping_ms == 0 || now < leg->next_ping_ns)
		return;
	leg->next_ping_ns = now + (int64_t) s->options.ping_ms * MS_NS;
	leg_say(leg, HTTP_WS_PING, "", 0);
	/* While the output is slow nothing is read, the answers neither. */
	if (sink_is_slow(&s->sink) || leg->unanswered++ < PINGS_UNANSWERED)
		return;
	stream_decide(s, CSHARG_END_LOST, -ECONNRESET, 0, "the service does not answer any more");
	stream_drop_legs(s);
}

static void take_time(struct csharg_stream *s)
{
	int64_t now = clock_mono_ns();

	if (s->duration_end_ns && now >= s->duration_end_ns && !is_decided(s)) {
		stream_decide(s, CSHARG_END_DURATION, 0, 0, "the time is over");
		stream_close_legs(s);
	}
	if (s->close_by_ns && now >= s->close_by_ns) {
		stream_drop_legs(s);
		s->is_over = true;
	}
	for (size_t i = 0; i < s->n_legs; i++)
		ping(s, &s->leg[i], now);
}

static void take_slow_output(struct csharg_stream *s, bool is_broken)
{
	int rc = sink_flush(&s->sink);

	if (rc == 0 && is_broken)
		rc = -EPIPE;
	if (rc == 0)
		return;
	stream_decide(s, rc == -EPIPE ? CSHARG_END_OUTPUT_GONE : CSHARG_END_OUTPUT, rc, 0, "%s",
		rc == -EPIPE ? "the reader of the output has left" : strerror(-rc));
	for (size_t i = 0; i < s->n_legs; i++)
		leg_say_close(&s->leg[i], 1000, "ciao");
	stream_drop_legs(s);
	s->is_over = true;
}

static void rewatch(struct csharg_stream *s, int fd, void *what, uint32_t events, uint32_t *now)
{
	struct epoll_event ev = {.events = events, .data.ptr = what};

	if (fd >= 0 && events != *now && epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, fd, &ev) == 0)
		*now = events;
}

/* An entry without events still reports errors and hang-ups, again and again until they are read: a
 * connection from which nothing is to be read has no entry. */
static void rewatch_leg(struct csharg_stream *s, struct leg *leg, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = leg};
	int op = events == 0 ? EPOLL_CTL_DEL : leg->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (events != leg->watched &&
		epoll_ctl(s->epoll_fd, op, transport_fd(leg->transport), &ev) == 0)
		leg->watched = events;
}

static void rewatch_all(struct csharg_stream *s)
{
	bool slow = sink_is_slow(&s->sink);

	rewatch(s, sink_poll_fd(&s->sink), &s->sink, slow ? EPOLLOUT : 0, &s->sink_watched);
	for (size_t i = 0; i < s->n_legs; i++) {
		struct leg *leg = &s->leg[i];

		if (leg->transport)
			rewatch_leg(
				s, leg, (slow ? 0U : EPOLLIN) | (leg->out_bytes ? EPOLLOUT : 0U));
	}
}

static void note_events(struct csharg_stream *s, const struct epoll_event *ev, int n)
{
	bool is_broken = false;

	for (int i = 0; i < n; i++) {
		void *what = ev[i].data.ptr;

		if (what == &s->sink)
			is_broken = ev[i].events & (EPOLLERR | EPOLLHUP);
		else if (what != &s->stop_fd)
			((struct leg *) what)->has_more = true;
	}
	take_slow_output(s, is_broken);
}

/* One step, after waiting at most @timeout_ms. Returns 1 while the stream goes on. */
static int step(struct csharg_stream *s, int timeout_ms)
{
	struct epoll_event ev[EVENTS_MAX];
	struct sigpipe held;
	int n;

	if (s->is_over)
		return 0;
	n = epoll_wait(s->epoll_fd, ev, EVENTS_MAX, timeout_ms);
	sigpipe_hold(&held);
	take_stops(s);
	take_time(s);
	if (!s->is_over)
		note_events(s, ev, n);
	for (size_t i = 0; i < s->n_legs && !s->is_over; i++)
		if (s->leg[i].transport && s->leg[i].has_more)
			stream_serve_leg(s, &s->leg[i]);
	if (is_decided(s) && s->n_open == 0 && !sink_is_slow(&s->sink))
		s->is_over = true;
	if (!s->is_over)
		rewatch_all(s);
	sigpipe_release(&held);
	return s->is_over ? 0 : 1;
}

int csharg_stream_step(struct csharg_stream *s)
{
	return step(s, 0);
}

int csharg_stream_fd(const struct csharg_stream *s)
{
	return s->epoll_fd;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a == 0 || (b && b < a) ? b : a;
}

int csharg_stream_timeout_ms(const struct csharg_stream *s)
{
	int64_t at = s->close_by_ns, left;

	if (!is_decided(s))
		at = earlier(at, s->duration_end_ns);
	for (size_t i = 0; i < s->n_legs; i++) {
		const struct leg *leg = &s->leg[i];

		if (leg->transport && leg->has_more && !sink_is_slow(&s->sink))
			return 0;
		if (leg->transport && s->options.ping_ms)
			at = earlier(at, leg->next_ping_ns);
	}
	if (s->is_over)
		return 0;
	if (at == 0)
		return -1;
	left = (at - clock_mono_ns() + MS_NS - 1) / MS_NS;
	return left < 0 ? 0 : left > 1000000 ? 1000000 : (int) left;
}

static int result_of(const struct csharg_end *end)
{
	switch (end->reason) {
	case CSHARG_END_REFUSED:
		return -ECONNABORTED;
	case CSHARG_END_LOST:
	case CSHARG_END_PROTOCOL:
	case CSHARG_END_OUTPUT_GONE:
	case CSHARG_END_OUTPUT:
	case CSHARG_END_MEMORY:
		return end->error;
	default:
		return 0;
	}
}

int csharg_stream_run(struct csharg_stream *s)
{
	while (step(s, csharg_stream_timeout_ms(s)) > 0)
		continue;
	return result_of(&s->end);
}

void csharg_stream_stop(struct csharg_stream *s)
{
	int saved = errno;
	const uint64_t one = 1;

	(void) atomic_fetch_add(&s->stops, 1);
	if (write(s->stop_fd, &one, sizeof(one)) < 0)
		errno = 0; /* it is readable already */
	errno = saved;
}

void csharg_stream_end(const struct csharg_stream *s, struct csharg_end *ret_end)
{
	*ret_end = s->end;
	if (s->is_over)
		return;
	*ret_end = (struct csharg_end){.reason = CSHARG_END_RUNNING, .text = ""};
}

void csharg_stream_counters(const struct csharg_stream *s, struct csharg_counters *ret_counters)
{
	uint64_t lost = 0;

	*ret_counters = s->pipeline.counters;
	for (size_t i = 0; i < s->n_legs; i++)
		for (size_t k = 0; k < s->leg[i].inlet.section.n_interfaces; k++)
			lost += s->leg[i].inlet.section.interface[k].lost;
	ret_counters->lost = lost > s->pipeline.lost_marked ? lost : s->pipeline.lost_marked;
}
