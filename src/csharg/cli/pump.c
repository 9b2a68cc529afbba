/* SPDX-License-Identifier: MIT */
#include "csharg/cli/pump.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "csharg/cli/connect.h"
#include "csharg/cli/progress.h"

struct running {
	const struct pump *pump;
	struct csharg_stream *stream;
	int signal_fd;
	bool is_stopped; /* by a signal */
	struct progress progress;
	struct err why; /* of the rotation */
};

static int64_t now_ms(void)
{
	return clock_mono_ns() / 1000000;
}

static int into_files(void *ctx, const uint8_t *bytes, size_t len_bytes)
{
	struct running *r = ctx;

	return rotate_write(r->pump->rotate, bytes, len_bytes, now_ms(), &r->why);
}

static int open_signals(struct err *e)
{
	sigset_t set;
	int fd;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGINT);
	(void) sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(e, -errno, "cannot block signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_sys(e, -errno, "cannot receive signals") : fd;
}

static int start(struct running *r, struct err *e)
{
	const struct pump *p = r->pump;
	struct csharg_error why;
	int rc;

	if (p->rotate)
		rc = csharg_capture_bytes(
			p->client, p->target, p->options, into_files, r, &r->stream, &why);
	else
		rc = csharg_capture_fd(p->client, p->target, p->options, p->fd, &r->stream, &why);
	return rc < 0 ? err_set(e, why.code, "cannot start capture: %.490s", why.text) : 0;
}

static void take_signals(struct running *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t) sizeof(info)) {
		r->is_stopped = true;
		csharg_stream_stop(r->stream);
	}
}

static void loop(struct running *r)
{
	struct pollfd fds[2] = {
		{.fd = csharg_stream_fd(r->stream), .events = POLLIN},
		{.fd = r->signal_fd, .events = POLLIN},
	};
	struct csharg_counters counters;

	do {
		int timeout_ms = csharg_stream_timeout_ms(r->stream);
		int due_ms = progress_timeout_ms(&r->progress, now_ms());

		if (timeout_ms < 0 || (due_ms >= 0 && due_ms < timeout_ms))
			timeout_ms = due_ms;
		(void) poll(fds, 2, timeout_ms);
		take_signals(r);
		if (r->progress.is_terminal) {
			csharg_stream_counters(r->stream, &counters);
			progress_show(&r->progress, &counters, now_ms());
		}
	} while (csharg_stream_step(r->stream) > 0);
}

/* Whether the stream has ended as it should. */
static bool is_normal(const struct running *r, const struct csharg_end *end)
{
	switch (end->reason) {
	case CSHARG_END_STOPPED:
	case CSHARG_END_DURATION:
	case CSHARG_END_PACKETS:
	case CSHARG_END_BYTES:
	case CSHARG_END_CLOSED:
	case CSHARG_END_OUTPUT_GONE:
		return true;
	case CSHARG_END_OUTPUT:
	case CSHARG_END_MEMORY:
		return false;
	case CSHARG_END_RUNNING:
	case CSHARG_END_REFUSED:
	case CSHARG_END_LOST:
	case CSHARG_END_PROTOCOL:
		break;
	}
	return r->is_stopped;
}

static int finish(struct running *r, struct err *e)
{
	struct csharg_counters counters;
	struct csharg_end end;
	const char *why;

	csharg_stream_end(r->stream, &end);
	csharg_stream_counters(r->stream, &counters);
	why = r->why.code < 0 ? r->why.text : end.text;
	if (!r->pump->is_quiet)
		progress_end(&r->progress, &counters,
			r->pump->rotate ? rotate_count(r->pump->rotate) : 0, why, now_ms());
	if (is_normal(r, &end))
		return 0;
	return err_set(e, end.error < 0 ? end.error : -EIO, "%s", why);
}

int pump_run(const struct pump *pump, struct err *e)
{
	struct running r = {.pump = pump};
	AUTO_CLOSE int signal_fd = -1;
	int rc = start(&r, e);

	if (rc < 0)
		return rc;
	signal_fd = r.signal_fd = open_signals(e);
	rc = signal_fd;
	if (rc >= 0) {
		progress_begin(&r.progress, pump->shows_progress, now_ms());
		loop(&r);
		rc = finish(&r, e);
	}
	csharg_stream_free(r.stream);
	return rc;
}
