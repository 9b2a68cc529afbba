/* SPDX-License-Identifier: MIT */
/* Laws: frames are read the same however their bytes are divided, by servers and clients; no more
 * bytes are used than there are; text that was accepted is UTF-8; no message exceeds its limit. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/ws.h"

#define MESSAGE_MAX 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read: control frames with their payload, and the data of messages. */
struct seen {
	uint8_t *control, *data;
	size_t control_bytes, data_bytes;
	int rc;
};

static void note(struct seen *s, const struct http_ws_reader *r, int event)
{
	if (event == HTTP_WS_TEXT || event == HTTP_WS_BINARY) {
		memcpy(s->data + s->data_bytes, r->data, r->data_bytes);
		s->data_bytes += r->data_bytes;
		return;
	}
	assert(r->n_control <= HTTP_WS_CONTROL_MAX);
	s->control[s->control_bytes++] = (uint8_t) event;
	memcpy(s->control + s->control_bytes, r->control, r->n_control);
	s->control_bytes += r->n_control;
	(void) http_ws_close_code(r->control, r->n_control);
}

static struct seen read_all(const uint8_t *p, size_t size, size_t step, struct http_ws_reader r)
{
	struct seen s = {.control = malloc(size + 1), .data = malloc(size + 1)};
	size_t message_at = 0;

	assert(s.control && s.data);
	for (size_t at = 0; at < size && s.rc >= 0;) {
		size_t n = size - at < step ? size - at : step, used = n + 1;

		s.rc = http_ws_read(&r, p + at, n, &used);
		assert(used <= n && (s.rc != 0 || used == n));
		assert(s.rc >= 0 || r.why);
		at += used;
		if (s.rc > 0)
			note(&s, &r, s.rc);
		if (s.rc != HTTP_WS_TEXT && s.rc != HTTP_WS_BINARY)
			continue;
		assert(s.data_bytes - message_at <= MESSAGE_MAX || !r.message_max_bytes);
		if (r.in_message || r.in_payload)
			continue;
		if (s.rc == HTTP_WS_TEXT)
			assert(utf8_valid((char *) s.data + message_at, s.data_bytes - message_at));
		message_at = s.data_bytes;
	}
	return s;
}

static void check(const uint8_t *p, size_t size, size_t step, struct http_ws_reader r)
{
	struct seen all = read_all(p, size, size, r), pieces = read_all(p, size, step, r);

	assert((all.rc < 0) == (pieces.rc < 0) && (all.rc >= 0 || all.rc == pieces.rc));
	assert(all.control_bytes == pieces.control_bytes);
	assert(memcmp(all.control, pieces.control, all.control_bytes) == 0);
	/* of text that is not UTF-8, smaller pieces show more before the error */
	assert(all.data_bytes == pieces.data_bytes || all.rc == -HTTP_WS_BAD_TEXT);
	assert(all.data_bytes <= pieces.data_bytes);
	assert(memcmp(all.data, pieces.data, all.data_bytes) == 0);
	free(all.control);
	free(all.data);
	free(pieces.control);
	free(pieces.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step;

	if (size < 2)
		return 0;
	step = 1 + data[0] % 16;
	check(data + 1, size - 1, step, (struct http_ws_reader){.is_client = true});
	check(data + 1, size - 1, step, (struct http_ws_reader){.is_client = false});
	check(data + 1, size - 1, step,
		(struct http_ws_reader){.is_client = true, .message_max_bytes = MESSAGE_MAX});
	return 0;
}
