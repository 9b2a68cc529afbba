/* SPDX-License-Identifier: MIT */
#include "csharg/lib/ws_frame.h"

#include <errno.h>
#include <string.h>

#define BAD_CODE_SENT 1006 /* original services send it, although it must not be sent */

static int end_close(struct ws_parser *w, struct ws_event *ret, struct err *e)
{
	const struct http_ws_reader *r = &w->reader;
	int code = http_ws_close_code(r->control, r->n_control);
	int sent = r->n_control < 2 ? code : r->control[0] << 8 | r->control[1];

	w->closed = true;
	if (code == -HTTP_WS_PROTOCOL_ERROR && sent != BAD_CODE_SENT)
		return r->n_control < 2
			       ? err_set(e, -EPROTO, "the service closed with half a code")
			       : err_set(e, -EPROTO, "the service closed with impossible code %d",
					 sent);
	*ret = (struct ws_event){.kind = WS_CLOSED, .code = sent, .bytes = r->control};
	if (r->n_control > 2) {
		ret->bytes += 2;
		ret->len_bytes = r->n_control - 2U;
	}
	return 0;
}

/* Turn what the reader returned into an event. */
static int translate(struct ws_parser *w, int rc, struct ws_event *ret, struct err *e)
{
	const struct http_ws_reader *r = &w->reader;

	switch (rc) {
	case 0:
		return 0;
	case HTTP_WS_TEXT:
		return err_set(e, -EPROTO, "the service sent a text message");
	case HTTP_WS_BINARY:
		*ret = (struct ws_event){
			.kind = WS_DATA, .bytes = r->data, .len_bytes = r->data_bytes};
		return 0;
	case HTTP_WS_CLOSE:
		return end_close(w, ret, e);
	case HTTP_WS_PING:
	case HTTP_WS_PONG:
		*ret = (struct ws_event){.kind = rc == HTTP_WS_PING ? WS_PINGED : WS_PONGED,
			.bytes = r->control,
			.len_bytes = r->n_control};
		return 0;
	default:
		return err_set(e, -EPROTO, "the service sent %s", r->why);
	}
}

ssize_t ws_parse(struct ws_parser *w, const uint8_t *p, size_t len_bytes, struct ws_event *ret,
	struct err *e)
{
	size_t used = 0;
	int rc;

	*ret = (struct ws_event){.kind = WS_MORE};
	if (w->closed)
		return (ssize_t) len_bytes;
	w->reader.is_client = true;
	rc = translate(w, http_ws_read(&w->reader, p, len_bytes, &used), ret, e);
	return rc < 0 ? rc : (ssize_t) used;
}
