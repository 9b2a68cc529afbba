/* SPDX-License-Identifier: MIT */
#include "discover/engine/grpc_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "base/own.h"
#include "discover/engine/grpc_frames.h"

#define WINDOW_BYTES (1 << 20)

enum grpc_status { /* of the protocol */
	STATUS_OK = 0,
	STATUS_NOT_FOUND = 5,
	STATUS_UNIMPLEMENTED = 12,
	STATUS_UNKNOWN = -1 /* none received */
};

struct grpc_call {
	struct grpc_call *next;
	int32_t stream;
	int64_t end_ns;
	uint8_t *request; /* owned; nghttp2 reads from it until the stream is closed */
	size_t request_bytes, sent_bytes;
	struct grpc_frames frames;
	void (*message_fn)(void *ctx, const uint8_t *p, size_t len_bytes);
	struct grpc_done done;
	int status;    /* as received */
	bool many;     /* may be answered by more than one message */
	bool told;     /* a message has come in */
	bool answered; /* with 200 and gRPC */
	bool over;     /* nothing is expected from it any more */
	bool forgotten;
};

struct grpc_session {
	nghttp2_session *http2;
	struct grpc_call *calls; /* all whose stream is not closed, and ended ones */
};

static void call_free(struct grpc_call *c)
{
	grpc_frames_done(&c->frames);
	free(c->request);
	free(c);
}

static struct grpc_call *call_of(nghttp2_session *http2, int32_t stream)
{
	struct grpc_call *c = nghttp2_session_get_stream_user_data(http2, stream);

	return c && !c->over ? c : NULL;
}

static void end_call(struct grpc_call *c, int result)
{
	c->over = true;
	c->done.result = result;
	grpc_frames_done(&c->frames);
}

/* End a call before its stream ends. */
static void abort_call(nghttp2_session *http2, struct grpc_call *c, int result)
{
	end_call(c, result);
	(void) nghttp2_submit_rst_stream(http2, NGHTTP2_FLAG_NONE, c->stream, NGHTTP2_CANCEL);
}

static int result_of(const struct grpc_call *c, uint32_t http2_error)
{
	if (c->status == STATUS_UNKNOWN && http2_error != NGHTTP2_NO_ERROR)
		return -EIO;
	if (!c->answered || c->status == STATUS_UNKNOWN || !grpc_frames_complete(&c->frames))
		return -EBADMSG;
	switch (c->status) {
	case STATUS_OK:
		return 0;
	case STATUS_NOT_FOUND:
		return -ENOENT;
	case STATUS_UNIMPLEMENTED:
		return -EOPNOTSUPP;
	default:
		return -EREMOTEIO;
	}
}

static int on_stream_close(nghttp2_session *http2, int32_t stream, uint32_t error, void *ctx)
{
	struct grpc_call *c = nghttp2_session_get_stream_user_data(http2, stream);

	(void) ctx;
	if (!c)
		return 0;
	if (!c->over)
		end_call(c, result_of(c, error));
	c->stream = 0;
	return 0;
}

static int on_data(nghttp2_session *http2, uint8_t flags, int32_t stream, const uint8_t *p,
	size_t len_bytes, void *ctx)
{
	struct grpc_call *c = call_of(http2, stream);

	(void) flags;
	(void) ctx;
	while (c && len_bytes > 0) {
		const uint8_t *message;
		size_t n, taken;
		int rc = grpc_frames_feed(&c->frames, p, len_bytes, &taken, &message, &n);

		p += taken;
		len_bytes -= taken;
		if (rc > 0 && c->told && !c->many)
			rc = -EBADMSG;
		if (rc < 0) {
			abort_call(http2, c, rc);
			return 0;
		}
		c->told = c->told || rc > 0;
		if (rc > 0 && c->message_fn)
			c->message_fn(c->done.ctx, message, n);
	}
	return 0;
}

static bool word_is(const uint8_t *p, size_t len_bytes, const char *word)
{
	return len_bytes == strlen(word) && memcmp(p, word, len_bytes) == 0;
}

static int parse_status(const uint8_t *p, size_t len_bytes)
{
	int v = 0;

	if (len_bytes == 0 || len_bytes > 3)
		return STATUS_UNKNOWN;
	for (size_t i = 0; i < len_bytes; i++) {
		if (p[i] < '0' || p[i] > '9')
			return STATUS_UNKNOWN;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

static int on_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_bytes, const uint8_t *value, size_t value_bytes, uint8_t flags, void *ctx)
{
	static const char kind[] = "application/grpc";
	struct grpc_call *c = call_of(http2, frame->hd.stream_id);

	(void) flags;
	(void) ctx;
	if (!c)
		return 0;
	if (word_is(name, name_bytes, ":status") && !word_is(value, value_bytes, "200"))
		abort_call(http2, c, -EBADMSG);
	else if (word_is(name, name_bytes, "content-type"))
		c->answered = value_bytes >= strlen(kind) && memcmp(value, kind, strlen(kind)) == 0;
	else if (word_is(name, name_bytes, "grpc-status"))
		c->status = parse_status(value, value_bytes);
	return 0;
}

static ssize_t read_request(nghttp2_session *http2, int32_t stream, uint8_t *buf, size_t cap_bytes,
	uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct grpc_call *c = source->ptr;
	size_t n = c->request_bytes - c->sent_bytes;

	(void) http2;
	(void) stream;
	(void) ctx;
	if (n > cap_bytes)
		n = cap_bytes;
	memcpy(buf, c->request + c->sent_bytes, n);
	c->sent_bytes += n;
	if (c->sent_bytes == c->request_bytes)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t) n;
}

static int make_http2(nghttp2_session **ret)
{
	static const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, GRPC_HEAD_MAX}};
	nghttp2_session_callbacks *callbacks;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		return -ENOMEM;
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	if (nghttp2_session_client_new(ret, callbacks, NULL) != 0)
		*ret = NULL;
	nghttp2_session_callbacks_del(callbacks);
	if (!*ret)
		return -ENOMEM;
	if (nghttp2_submit_settings(*ret, NGHTTP2_FLAG_NONE, settings, ARRAY_LEN(settings)) != 0 ||
		nghttp2_session_set_local_window_size(*ret, NGHTTP2_FLAG_NONE, 0, WINDOW_BYTES) !=
			0)
		return -ENOMEM;
	return 0;
}

struct grpc_session *grpc_session_new(void)
{
	struct grpc_session *s = calloc(1, sizeof(*s));

	if (s && make_http2(&s->http2) < 0) {
		grpc_session_free(s);
		return NULL;
	}
	return s;
}

void grpc_session_free(struct grpc_session *s)
{
	if (!s)
		return;
	/* closes streams, without callbacks */
	nghttp2_session_del(s->http2);
	while (s->calls) {
		struct grpc_call *c = s->calls;

		s->calls = c->next;
		call_free(c);
	}
	free(s);
}

static struct grpc_call *call_new(const struct grpc_ask *ask, int64_t now_ns)
{
	struct grpc_call *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->request_bytes = GRPC_PREFIX_BYTES + ask->len_bytes;
	c->request = malloc(c->request_bytes);
	if (!c->request || ask->len_bytes > UINT32_MAX) {
		call_free(c);
		return NULL;
	}
	grpc_frames_put_prefix(c->request, (uint32_t) ask->len_bytes);
	if (ask->len_bytes > 0)
		memcpy(c->request + GRPC_PREFIX_BYTES, ask->message, ask->len_bytes);
	c->frames = (struct grpc_frames){.max_bytes = ask->max_bytes};
	c->many = ask->stream;
	c->message_fn = ask->message_fn;
	c->done = (struct grpc_done){.fn = ask->done_fn, .ctx = ask->ctx};
	c->status = STATUS_UNKNOWN;
	c->end_ns = ask->timeout_ms ? now_ns + (int64_t) ask->timeout_ms * 1000000 : INT64_MAX;
	return c;
}

static nghttp2_nv field(const char *name, const char *value)
{
	/* nghttp2 copies both, and does not write to them */
	return (nghttp2_nv){.name = (uint8_t *) (uintptr_t) name,
		.value = (uint8_t *) (uintptr_t) value,
		.namelen = strlen(name),
		.valuelen = strlen(value)};
}

struct grpc_call *grpc_session_start(
	struct grpc_session *s, const struct grpc_ask *ask, int64_t now_ns)
{
	const nghttp2_nv fields[] = {field(":method", "POST"), field(":scheme", "http"),
		field(":path", ask->path), field(":authority", "localhost"),
		field("content-type", "application/grpc"), field("te", "trailers"),
		field("user-agent", "packetflix"),
		field("containerd-namespace", ask->ns ? ask->ns : "")};
	struct grpc_call *c = call_new(ask, now_ns);
	nghttp2_data_provider body = {.source.ptr = c, .read_callback = read_request};
	size_t n = ARRAY_LEN(fields) - !ask->ns;

	if (!c)
		return NULL;
	c->stream = nghttp2_submit_request(s->http2, NULL, fields, n, &body, c);
	if (c->stream < 0) {
		call_free(c);
		return NULL;
	}
	c->next = s->calls;
	s->calls = c;
	return c;
}

/* Free what is both forgotten and closed. */
static void sweep(struct grpc_session *s)
{
	for (struct grpc_call **at = &s->calls; *at;) {
		struct grpc_call *c = *at;

		if (c->forgotten && c->stream == 0) {
			*at = c->next;
			call_free(c);
		} else {
			at = &c->next;
		}
	}
}

void grpc_session_cancel(struct grpc_session *s, struct grpc_call *c)
{
	if (!c)
		return;
	c->forgotten = true;
	if (!c->over)
		abort_call(s->http2, c, -ECANCELED);
	sweep(s);
}

int grpc_session_feed(struct grpc_session *s, const uint8_t *p, size_t len_bytes)
{
	ssize_t n = nghttp2_session_mem_recv(s->http2, p, len_bytes);

	sweep(s);
	return n == (ssize_t) len_bytes ? 0 : -EPROTO;
}

ssize_t grpc_session_pull(struct grpc_session *s, const uint8_t **ret)
{
	ssize_t n = nghttp2_session_mem_send(s->http2, ret);

	sweep(s);
	if (n > 0)
		return n;
	/* after an error of the other side nghttp2 says good-bye and wants nothing more */
	if (n < 0 ||
		(!nghttp2_session_want_read(s->http2) && !nghttp2_session_want_write(s->http2)))
		return -EPROTO;
	return 0;
}

void grpc_session_end(struct grpc_session *s, int result)
{
	for (struct grpc_call *c = s->calls; c; c = c->next) {
		if (!c->over)
			end_call(c, result);
	}
}

void grpc_session_expire(struct grpc_session *s, int64_t now_ns)
{
	for (struct grpc_call *c = s->calls; c; c = c->next) {
		if (!c->over && c->end_ns <= now_ns)
			abort_call(s->http2, c, -ETIMEDOUT);
	}
}

int64_t grpc_session_deadline(const struct grpc_session *s)
{
	int64_t first = INT64_MAX;

	for (const struct grpc_call *c = s->calls; c; c = c->next) {
		if (!c->over && c->end_ns < first)
			first = c->end_ns;
	}
	return first;
}

bool grpc_session_take_done(struct grpc_session *s, struct grpc_done *ret)
{
	for (struct grpc_call *c = s->calls; c; c = c->next) {
		if (!c->over || c->forgotten)
			continue;
		*ret = c->done;
		c->forgotten = true;
		sweep(s);
		return true;
	}
	return false;
}
