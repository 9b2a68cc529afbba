/* SPDX-License-Identifier: MIT */
/* Capture one target into a file for five minutes (or as long as said).
 *
 *	cc capture_to_file.c $(pkg-config --cflags --libs csharg) -o capture_to_file
 *	./capture_to_file http://localhost:5001 web-1 web-1.pcapng */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <csharg.h>

#include "number.h"

static struct csharg_stream *stream;

static void on_signal(int number)
{
	(void) number;
	csharg_stream_stop(stream);
}

int main(int argc, char **argv)
{
	struct csharg_capture_options options = CSHARG_CAPTURE_OPTIONS_INIT;
	const struct csharg_target *target;
	struct csharg_client *client = NULL;
	struct csharg_targets *targets = NULL;
	struct csharg_counters counters;
	struct csharg_error e;
	struct csharg_end end;
	int fd, rc;

	if (argc < 4 || argc > 5)
		errx(2, "usage: %s URL TARGET FILE [SECONDS]", argv[0]);
	options.max_duration_ms = (argc == 5 ? number(argv[4], UINT32_MAX) : 300) * 1000;
	fd = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0)
		err(1, "%s", argv[3]);
	if (csharg_client_new(argv[1], NULL, &client, &e) < 0 ||
		csharg_client_targets(client, &targets, &e) < 0 ||
		csharg_targets_find(targets, &(struct csharg_query){.name = argv[2]}, &target, &e) <
			0 ||
		csharg_capture_fd(client, target, &options, fd, &stream, &e) < 0)
		errx(1, "%s", e.text);
	(void) signal(SIGINT, on_signal);
	(void) signal(SIGTERM, on_signal);
	rc = csharg_stream_run(stream);
	csharg_stream_end(stream, &end);
	csharg_stream_counters(stream, &counters);
	fprintf(stderr, "%s: %llu packets, %llu lost\n", end.text,
		(unsigned long long) counters.packets, (unsigned long long) counters.lost);
	csharg_stream_free(stream);
	csharg_targets_free(targets);
	csharg_client_free(client);
	return rc < 0 || close(fd) < 0;
}
