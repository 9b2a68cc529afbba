/* SPDX-License-Identifier: MIT */
#include "extcap/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "extcap/connect.h"

#define READER_WAIT_NS (2 * INT64_C(1000000000))
#define READER_STEP_MS 20

#define CLOSE_GOING_AWAY 1001 /* RFC 6455, section 7.4.1 */

static void stream_free_p(struct csharg_stream **s)
{
	csharg_stream_free(*s);
}

#define AUTO_STREAM __attribute__((cleanup(stream_free_p)))

/* Waits until Wireshark opens its end. */
static int open_fifo(const char *path, int *ret, struct err *e)
{
	int fd;

	if (!*path)
		return err_set(e, -EINVAL, "no pipe to write to is given (--fifo)");
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return err_sys(e, -errno, "cannot open the pipe %.200s", path);
	*ret = fd;
	return 0;
}

static int start(struct job *job, int fd, struct csharg_stream **ret, struct err *e)
{
	struct csharg_capture_options o = CSHARG_CAPTURE_OPTIONS_INIT;
	struct csharg_error why = {0, ""};

	o.interfaces = job->interfaces;
	o.n_interfaces = job->n_interfaces;
	o.filter = job->filter;
	o.avoid_promiscuous = job->avoid_promiscuous;
	if (csharg_capture_fd(job->client, job->target, &o, fd, ret, &why) < 0)
		return connect_refused(job->client, &why, e);
	return 0;
}

/* From now on signals are read. */
static int take_signals(int *ret, struct err *e)
{
	sigset_t set;
	int fd;

	(void) sigemptyset(&set);
	(void) sigaddset(&set, SIGINT);
	(void) sigaddset(&set, SIGTERM);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		close_p(&fd);
		return err_sys(e, -errno, "cannot wait for signals");
	}
	*ret = fd;
	return 0;
}

/* The number of signals since the last look. */
static unsigned int read_signals(int fd)
{
	struct signalfd_siginfo info;
	unsigned int n = 0;

	while (read(fd, &info, sizeof(info)) == (ssize_t) sizeof(info))
		n++;
	return n;
}

/* Returns 0 at the stream's end, -EINTR when a second signal came before it. */
static int drive(struct csharg_stream *stream, int signal_fd, const struct journal *j)
{
	struct pollfd pfd[] = {{.fd = csharg_stream_fd(stream), .events = POLLIN},
		{.fd = signal_fd, .events = POLLIN}};
	unsigned int signals = 0;

	do {
		(void) poll(pfd, ARRAY_LEN(pfd), csharg_stream_timeout_ms(stream));
		for (unsigned int n = read_signals(signal_fd); n > 0; n--) {
			journal_debug(j, "signal %u", ++signals);
			csharg_stream_stop(stream);
		}
		if (signals > 1)
			return -EINTR;
	} while (csharg_stream_step(stream) > 0);
	return 0;
}

static int judge(struct csharg_stream *stream, const struct journal *j, struct err *e)
{
	struct csharg_counters counters;
	struct csharg_end end;

	csharg_stream_end(stream, &end);
	csharg_stream_counters(stream, &counters);
	journal_debug(j, "end: %s: %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " lost",
		end.text, counters.packets, counters.bytes, counters.lost);
	switch (end.reason) {
	case CSHARG_END_CLOSED:
		if (end.close_code != CLOSE_GOING_AWAY)
			return 0;
		/* the target still exists: the user must learn why no more packets come */
		return err_set(e, -ECONNABORTED, "the capture service was shut down: %s", end.text);
	case CSHARG_END_STOPPED:
	case CSHARG_END_OUTPUT_GONE: /* Wireshark has closed the capture */
		return 0;
	default:
		return err_set(e, end.error < 0 ? end.error : -ECONNABORTED, "%s", end.text);
	}
}

static void tell_job(const struct job *job, const struct journal *j)
{
	journal_debug(j, "capture of \"%s\" (%s) by %s", job->target->name, job->target->type,
		csharg_client_url(job->client));
	for (size_t i = 0; i < job->n_interfaces; i++)
		journal_debug(j, "interface \"%s\"", job->interfaces[i]);
	journal_debug(j, "filter \"%s\"%s", job->filter,
		job->avoid_promiscuous ? ", not promiscuous" : "");
}

int capture_run(struct job *job, const char *fifo, const struct journal *j, struct err *e)
{
	AUTO_STREAM struct csharg_stream *stream = NULL;
	AUTO_CLOSE int fd = -1;
	AUTO_CLOSE int signal_fd = -1;
	int rc;

	tell_job(job, j);
	rc = open_fifo(fifo, &fd, e);
	if (rc == 0)
		rc = start(job, fd, &stream, e);
	if (rc == 0)
		rc = take_signals(&signal_fd, e);
	if (rc < 0)
		return rc;
	journal_debug(j, "the capture has started");
	if (drive(stream, signal_fd, j) < 0)
		return err_set(e, -EINTR, "the capture was aborted");
	return judge(stream, j, e);
}

void capture_release_reader(const char *fifo)
{
	int64_t deadline = clock_mono_ns() + READER_WAIT_NS;
	struct stat st;
	int fd;

	if (stat(fifo, &st) < 0 || !S_ISFIFO(st.st_mode))
		return;
	/* without a reader this fails with ENXIO */
	while ((fd = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == ENXIO &&
		clock_mono_ns() < deadline)
		(void) poll(NULL, 0, READER_STEP_MS);
	close_p(&fd);
}
