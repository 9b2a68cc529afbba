/* SPDX-License-Identifier: MIT */
/* Feed the packets of a target to an analysis: here, interface, time, length and the first bytes.
 *
 *	./analyse_packets http://localhost:5001 web-1 [COUNT] [FILTER] */
#include <err.h>
#include <stdio.h>

#include <csharg.h>

#include "number.h"

static int analyse(void *ctx, const struct csharg_packet *p)
{
	unsigned long long *bytes = ctx;

	printf("%s %llu.%09llu %u", p->interface, (unsigned long long) (p->ts_ns / 1000000000),
		(unsigned long long) (p->ts_ns % 1000000000), p->original_len_bytes);
	for (uint32_t i = 0; i < p->len_bytes && i < 14; i++)
		printf("%s%02x", i ? "" : " ", p->bytes[i]);
	printf("%s\n", p->lost_before ? " after a gap" : "");
	*bytes += p->original_len_bytes;
	return 0; /* go on */
}

int main(int argc, char **argv)
{
	struct csharg_capture_options options = CSHARG_CAPTURE_OPTIONS_INIT;
	struct csharg_packet_fns fns = {CSHARG_PACKET_FNS_INIT, .packet_fn = analyse};
	const struct csharg_target *target;
	struct csharg_client *client = NULL;
	struct csharg_targets *targets = NULL;
	struct csharg_stream *stream;
	unsigned long long bytes = 0;
	struct csharg_error e;
	struct csharg_end end;
	int rc;

	if (argc < 3 || argc > 5)
		errx(2, "usage: %s URL TARGET [COUNT] [FILTER]", argv[0]);
	options.max_packets = argc > 3 ? number(argv[3], UINT64_MAX) : 0;
	options.filter = argc > 4 ? argv[4] : NULL;
	if (csharg_client_new(argv[1], NULL, &client, &e) < 0 ||
		csharg_client_targets(client, &targets, &e) < 0 ||
		csharg_targets_find(targets, &(struct csharg_query){.name = argv[2]}, &target, &e) <
			0 ||
		csharg_capture_packets(client, target, &options, &fns, &bytes, &stream, &e) < 0)
		errx(1, "%s", e.text);
	rc = csharg_stream_run(stream);
	csharg_stream_end(stream, &end);
	fprintf(stderr, "%llu bytes; %s\n", bytes, end.text);
	csharg_stream_free(stream);
	csharg_targets_free(targets);
	csharg_client_free(client);
	return rc < 0;
}
