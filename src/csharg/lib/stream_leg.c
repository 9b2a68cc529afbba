/* SPDX-License-Identifier: MIT */
/* What a stream does with what comes from its services. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "csharg/lib/stream.h"

#define ROUNDS_MAX 8 /* of reading in one step, so that others have their turn */
#define MS_NS      1000000

void stream_decide(struct csharg_stream *s, enum csharg_end_reason reason, int error, int code,
	const char *fmt, ...)
{
	char raw[sizeof(s->text)];
	va_list ap;

	if (s->end.reason != CSHARG_END_RUNNING)
		return;
	va_start(ap, fmt);
	(void) vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	utf8_sanitize(raw, s->text, sizeof(s->text));
	s->end.reason = reason;
	s->end.error = error;
	s->end.close_code = code;
	s->end.text = s->text;
}

void stream_leg_ended(struct csharg_stream *s, struct leg *leg)
{
	if (!leg->transport)
		return;
	if (leg->inlet.blocks.kept_bytes > 0 || leg->ws.reader.in_payload)
		s->end.truncated = true;
	transport_close(leg->transport); /* which takes the descriptor out of the epoll set */
	leg->transport = NULL;
	leg->watched = 0;
	s->n_open--;
}

void stream_drop_legs(struct csharg_stream *s)
{
	for (size_t i = 0; i < s->n_legs; i++)
		stream_leg_ended(s, &s->leg[i]);
}

void stream_close_legs(struct csharg_stream *s)
{
	for (size_t i = 0; i < s->n_legs; i++)
		leg_say_close(&s->leg[i], 1000, "ciao");
	s->close_by_ns = clock_mono_ns() + (int64_t) s->options.stop_wait_ms * MS_NS;
}

static void say_words(struct csharg_stream *s, enum csharg_end_reason reason, int code,
	const struct ws_event *ev, const char *otherwise)
{
	char words[HTTP_WS_CONTROL_MAX + 1];

	memcpy(words, ev->bytes, ev->len_bytes);
	words[ev->len_bytes] = '\0';
	if (words[0])
		stream_decide(s, reason, 0, code, "%s", words);
	else
		stream_decide(s, reason, 0, code, "%s (close code %d)", otherwise, code);
}

/* The service closes, or answers our close. */
static void take_close(struct csharg_stream *s, struct leg *leg, const struct ws_event *ev)
{
	bool is_normal = ev->code == 1000 || ev->code == 1001 || ev->code == 1005;

	/* 1005 and 1006 must not be sent */
	leg_say_close(leg, ev->code == 1005 || ev->code == 1006 ? 1000 : ev->code, "");
	stream_leg_ended(s, leg);
	if (!is_normal)
		say_words(s, CSHARG_END_REFUSED, ev->code, ev, "the service ended the capture");
	else if (s->n_open == 0)
		say_words(s, CSHARG_END_CLOSED, ev->code, ev, "the service ended the capture");
	if (!is_normal)
		stream_drop_legs(s);
}

static void break_rules(struct csharg_stream *s, const struct err *e)
{
	stream_decide(s, CSHARG_END_PROTOCOL, -EPROTO, 0, "%s", e->text);
	for (size_t i = 0; i < s->n_legs; i++)
		leg_say_close(&s->leg[i], 1002, "");
	stream_drop_legs(s);
}

static void take_output_error(struct csharg_stream *s, int rc)
{
	pipeline_settle(&s->pipeline);
	if (rc == -EPIPE)
		stream_decide(
			s, CSHARG_END_OUTPUT_GONE, rc, 0, "the reader of the output has left");
	else if (rc == -ENOMEM)
		stream_decide(s, CSHARG_END_MEMORY, rc, 0, "out of memory");
	else
		stream_decide(s, CSHARG_END_OUTPUT, rc, 0, "writing the capture: %s",
			strerror(rc < 0 ? -rc : EIO));
	for (size_t i = 0; i < s->n_legs; i++)
		leg_say_close(&s->leg[i], 1000, "ciao");
	stream_drop_legs(s);
	s->is_over = true;
}

static void take_data(struct csharg_stream *s, struct leg *leg, const struct ws_event *ev)
{
	struct err e = ERR_NONE;
	int rc;

	if (s->discards || ev->len_bytes == 0)
		return;
	rc = pipeline_feed(&leg->inlet, ev->bytes, ev->len_bytes, &e);
	if (rc == 1) {
		stream_decide(s, s->pipeline.full, 0, 0, "the limit of %s is reached",
			s->pipeline.full == CSHARG_END_PACKETS ? "packets" : "bytes");
		s->discards = true;
		stream_close_legs(s);
	} else if (rc < 0 && e.code == rc && rc != -ENOMEM) {
		break_rules(s, &e);
	} else if (rc < 0) {
		take_output_error(s, rc);
	}
}

/* Write what came as data. Returns false when that has ended the stream. */
static bool write_data(struct csharg_stream *s)
{
	int rc = pipeline_write(&s->pipeline);

	if (rc < 0)
		take_output_error(s, rc);
	return rc == 0;
}

static void take_event(struct csharg_stream *s, struct leg *leg, const struct ws_event *ev)
{
	switch (ev->kind) {
	case WS_DATA:
		take_data(s, leg, ev);
		break;
	case WS_PINGED:
		leg_say(leg, HTTP_WS_PONG, ev->bytes, ev->len_bytes);
		break;
	case WS_CLOSED:
		take_close(s, leg, ev);
		break;
	case WS_PONGED:
	case WS_MORE:
		break;
	}
}

static void take_bytes(struct csharg_stream *s, struct leg *leg, const uint8_t *p, size_t n)
{
	struct ws_event ev;
	struct err e = ERR_NONE;

	leg->unanswered = 0;
	while (leg->transport && !s->is_over && n > 0) {
		ssize_t used = ws_parse(&leg->ws, p, n, &ev, &e);

		/* a failure of writing goes before whatever else the service says */
		if ((used < 0 || ev.kind != WS_DATA) && !write_data(s))
			return;
		if (used < 0) {
			break_rules(s, &e);
			return;
		}
		p += used;
		n -= (size_t) used;
		take_event(s, leg, &ev);
	}
	if (!s->is_over)
		(void) write_data(s);
}

static void lose_leg(struct csharg_stream *s, struct leg *leg)
{
	stream_leg_ended(s, leg);
	stream_decide(s, CSHARG_END_LOST, -ECONNRESET, 0,
		"the connection to the service ended without a reason");
	if (s->end.reason == CSHARG_END_LOST)
		stream_drop_legs(s);
}

void stream_serve_leg(struct csharg_stream *s, struct leg *leg)
{
	leg->has_more = false;
	if (leg_flush(leg) < 0) {
		lose_leg(s, leg);
		return;
	}
	for (int i = 0; leg->transport && !s->is_over; i++) {
		ssize_t n;

		if (i == ROUNDS_MAX || sink_is_slow(&s->sink)) {
			leg->has_more = true;
			return;
		}
		n = leg_recv(leg, s->buf, STREAM_READ_BYTES);
		if (n == -EAGAIN)
			return;
		if (n > 0)
			take_bytes(s, leg, s->buf, (size_t) n);
		else
			lose_leg(s, leg);
	}
}
