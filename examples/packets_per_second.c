/* SPDX-License-Identifier: MIT */
/* Show every second how many packets a target had, in an event loop of one's own.
 *
 *	./packets_per_second http://localhost:5001 web-1 [SECONDS] */
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <csharg.h>

#include "number.h"

static int ignore(void *ctx, const uint8_t *bytes, size_t len_bytes)
{
	(void) ctx, (void) bytes, (void) len_bytes;
	return 0;
}

int main(int argc, char **argv)
{
	const struct itimerspec second = {{1, 0}, {1, 0}};
	struct csharg_capture_options options = CSHARG_CAPTURE_OPTIONS_INIT;
	struct pollfd fd[2] = {{.events = POLLIN}, {.events = POLLIN}};
	const struct csharg_target *target;
	struct csharg_client *client = NULL;
	struct csharg_targets *targets = NULL;
	struct csharg_stream *stream;
	struct csharg_counters now;
	struct csharg_error e;
	uint64_t ticks, before = 0;

	if (argc < 3 || argc > 4)
		errx(2, "usage: %s URL TARGET [SECONDS]", argv[0]);
	options.snaplen_bytes = 64;
	options.max_duration_ms = argc == 4 ? number(argv[3], UINT32_MAX) * 1000 : 0;
	if (csharg_client_new(argv[1], NULL, &client, &e) < 0 ||
		csharg_client_targets(client, &targets, &e) < 0 ||
		csharg_targets_find(targets, &(struct csharg_query){.name = argv[2]}, &target, &e) <
			0 ||
		csharg_capture_bytes(client, target, &options, ignore, NULL, &stream, &e) < 0)
		errx(1, "%s", e.text);
	fd[0].fd = csharg_stream_fd(stream);
	fd[1].fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	(void) timerfd_settime(fd[1].fd, 0, &second, NULL);
	while (csharg_stream_step(stream)) {
		(void) poll(fd, 2, csharg_stream_timeout_ms(stream));
		if (!(fd[1].revents & POLLIN) || read(fd[1].fd, &ticks, sizeof(ticks)) < 0)
			continue;
		csharg_stream_counters(stream, &now);
		printf("%llu\n", (unsigned long long) (now.packets - before));
		(void) fflush(stdout);
		before = now.packets;
	}
	csharg_stream_free(stream);
	csharg_targets_free(targets);
	csharg_client_free(client);
	return close(fd[1].fd) < 0;
}
