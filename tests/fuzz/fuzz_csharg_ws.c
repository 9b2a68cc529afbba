/* SPDX-License-Identifier: MIT */
/* Laws: frames say the same however their bytes are cut; no more is used than there is; control
 * payload never exceeds its limit; after a close nothing more is said. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csharg/lib/ws_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was said: payload, and for each other event its kind, code and bytes. */
struct said {
	uint8_t *payload, *other;
	size_t payload_bytes, other_bytes;
	int rc;
};

static void note(struct said *s, const struct ws_event *ev)
{
	if (ev->kind == WS_DATA) {
		memcpy(s->payload + s->payload_bytes, ev->bytes, ev->len_bytes);
		s->payload_bytes += ev->len_bytes;
	} else if (ev->kind != WS_MORE) {
		assert(ev->len_bytes <= HTTP_WS_CONTROL_MAX);
		s->other[s->other_bytes++] = (uint8_t) ev->kind;
		s->other[s->other_bytes++] = (uint8_t) ev->code;
		memcpy(s->other + s->other_bytes, ev->bytes, ev->len_bytes);
		s->other_bytes += ev->len_bytes;
	}
}

static struct said listen(const uint8_t *p, size_t size, size_t step)
{
	struct said s = {.payload = malloc(size + 1), .other = malloc(2 * size + 2)};
	struct ws_parser w = {0};
	struct ws_event ev;
	struct err e = ERR_NONE;

	if (!s.payload || !s.other)
		abort();
	for (size_t at = 0; at < size && s.rc == 0;) {
		size_t n = size - at < step ? size - at : step;
		bool was_closed = w.closed;
		ssize_t used = ws_parse(&w, p + at, n, &ev, &e);

		s.rc = used < 0 ? -1 : 0;
		assert(used <= (ssize_t) n && (used != 0 || ev.kind != WS_MORE));
		assert(!was_closed || ev.kind == WS_MORE);
		if (used < 0)
			break;
		at += (size_t) used;
		note(&s, &ev);
	}
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said all, pieces;

	if (size == 0)
		return 0;
	all = listen(data + 1, size - 1, size);
	pieces = listen(data + 1, size - 1, 1 + data[0] % 16);
	assert(all.rc == pieces.rc && all.other_bytes == pieces.other_bytes);
	assert(memcmp(all.other, pieces.other, all.other_bytes) == 0);
	assert(all.payload_bytes == pieces.payload_bytes);
	assert(memcmp(all.payload, pieces.payload, all.payload_bytes) == 0);
	free(all.payload);
	free(all.other);
	free(pieces.payload);
	free(pieces.other);
	return 0;
}
