/* SPDX-License-Identifier: MIT */
/* Laws: whatever a server sends, in whatever pieces, each call ends exactly once, no message is
 * larger than its call allows, and a call that is no stream has at most one. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/engine/grpc_session.h"

#define MESSAGE_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct call {
	bool stream;
	int ends;
	size_t messages;
};

static void on_message(void *ctx, const uint8_t *p, size_t len_bytes)
{
	struct call *c = ctx;
	volatile uint8_t last = len_bytes ? p[len_bytes - 1] : 0;

	(void) last;
	assert(c->ends == 0 && len_bytes <= MESSAGE_MAX);
	c->messages++;
	assert(c->stream || c->messages == 1);
}

static void on_done(void *ctx, int result)
{
	struct call *c = ctx;

	assert(result <= 0);
	c->ends++;
}

static void start(struct grpc_session *s, struct call *c)
{
	const struct grpc_ask ask = {.path = "/pf.Test/Ask",
		.message = "hello",
		.len_bytes = 5,
		.max_bytes = MESSAGE_MAX,
		.timeout_ms = 1000,
		.stream = c->stream,
		.message_fn = on_message,
		.done_fn = on_done,
		.ctx = c};

	(void) grpc_session_start(s, &ask, 0);
}

static int send_all(struct grpc_session *s)
{
	const uint8_t *p;
	ssize_t n;

	while ((n = grpc_session_pull(s, &p)) > 0)
		;
	return (int) n;
}

static void tell_ends(struct grpc_session *s)
{
	struct grpc_done d;

	while (grpc_session_take_done(s, &d))
		d.fn(d.ctx, d.result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct grpc_session *s = grpc_session_new();
	struct call calls[] = {{.stream = false}, {.stream = true}, {.stream = false}};
	size_t step = size ? 1 + data[0] : 1;
	int rc = 0;

	for (size_t i = 0; i < 3; i++)
		start(s, &calls[i]);
	(void) send_all(s);
	for (size_t at = 1; at < size && rc == 0; at += step) {
		rc = grpc_session_feed(s, data + at, size - at < step ? size - at : step);
		tell_ends(s);
		if (rc == 0)
			rc = send_all(s);
	}
	grpc_session_expire(s, 2000000000);
	tell_ends(s);
	grpc_session_end(s, -EIO);
	tell_ends(s);
	for (size_t i = 0; i < 3; i++)
		assert(calls[i].ends == 1);
	grpc_session_free(s);
	return 0;
}
