/* SPDX-License-Identifier: MIT */
#include "service/serve/stream.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/utf8.h"
#include "service/serve/reply.h"

#define BURST            16  /* pieces in a row, then other connections have their turn */
#define CLOSE_REASON_MAX 123 /* bytes in a close frame, RFC 6455 section 5.5 */
#define HEADERS_MAX      2048
#define FILE_NAME_MAX    96
#define CHECK_US         (1000 * 1000)

int stream_close_ws(struct connection *c, const struct refusal *why)
{
	size_t n = utf8_cut(why->text, strlen(why->text), CLOSE_REASON_MAX);
	char reason[ERR_TEXT_MAX];

	log_info("stream ends code=%d reason=\"%s\"", why->close_code,
		log_quote(why->text, reason, sizeof(reason)));
	lws_close_reason(
		c->wsi, (enum lws_close_status) why->close_code, (unsigned char *) why->text, n);
	return -1;
}

/* libwebsockets asks for more while the close is on its way: there is none. */
static int close_now(struct connection *c)
{
	int rc = stream_close_ws(c, session_why(c->session));

	session_free(c->session);
	c->session = NULL;
	return rc;
}

int stream_write_ws(struct connection *c)
{
	for (int i = 0; i < BURST; i++) {
		struct piece p;
		int rc = session_next(c->session, &p);

		if (rc == VIEWER_END)
			return close_now(c);
		if (rc != VIEWER_PIECE)
			return 0;
		if (lws_write(c->wsi, p.bytes, p.len_bytes, LWS_WRITE_BINARY) < 0)
			return -1;
		session_sent(c->session);
		if (lws_send_pipe_choked(c->wsi))
			break;
	}
	lws_callback_on_writable(c->wsi);
	return 0;
}

/* "web-20260131-154500.pcapng": the target's name without characters that trouble file systems. */
static void file_name(const struct connection *c, char *ret, size_t cap)
{
	const char *target = session_target(c->session);
	char name[64];
	size_t n = 0;
	time_t now = time(NULL);
	struct tm tm;

	for (; *target && n < sizeof(name) - 1; target++) {
		bool ok = (*target >= '0' && *target <= '9') ||
			  (*target >= 'a' && *target <= 'z') ||
			  (*target >= 'A' && *target <= 'Z') || *target == '-' || *target == '_' ||
			  (*target == '.' && n > 0);

		name[n++] = ok ? *target : '_';
	}
	name[n] = '\0';
	(void) gmtime_r(&now, &tm);
	n = (size_t) snprintf(ret, cap, "%s-", n ? name : "capture");
	(void) strftime(ret + n, cap - n, "%Y%m%d-%H%M%S.pcapng", &tm);
}

static int write_headers(struct connection *c)
{
	unsigned char buf[LWS_PRE + HEADERS_MAX], *start = buf + LWS_PRE, *p = start;
	unsigned char *end = buf + sizeof(buf) - 1;
	char name[FILE_NAME_MAX], disposition[FILE_NAME_MAX + 32];

	file_name(c, name, sizeof(name));
	(void) snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s\"", name);
	if (lws_add_http_header_status(c->wsi, 200, &p, end) ||
		reply_add_header(c->wsi, "content-type:", "application/x-pcapng", &p, end) ||
		reply_add_header(c->wsi, "content-disposition:", disposition, &p, end) ||
		reply_add_header(c->wsi, "cache-control:", "no-store", &p, end) ||
		reply_add_header(c->wsi, "x-content-type-options:", "nosniff", &p, end) ||
		reply_add_header(c->wsi, "connection:", "close", &p, end))
		return -1;
	if (c->is_chunked && reply_add_header(c->wsi, "transfer-encoding:", "chunked", &p, end))
		return -1;
	if (lws_finalize_write_http_header(c->wsi, start, &p, end))
		return -1;
	c->has_headers = true;
	/* there is room for few requests' headers, and this one stays for long */
	(void) lws_http_headers_detach(c->wsi);
	return 0;
}

/* Send a piece as one chunk: the size goes into its head-room, the line end into its tail-room. */
static int write_chunk(struct connection *c, struct piece *p)
{
	char size[16];
	int n;

	if (c->is_chunked) {
		n = snprintf(size, sizeof(size), "%zx\r\n", p->len_bytes);
		memcpy(p->bytes + p->len_bytes, "\r\n", 2);
		p->bytes -= n;
		memcpy(p->bytes, size, (size_t) n);
		p->len_bytes += (size_t) n + 2;
	}
	return lws_write(c->wsi, p->bytes, p->len_bytes, LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

/* A stream that was cut short has no last chunk: clients then know that something is missing. */
static int end_http(struct connection *c)
{
	unsigned char buf[LWS_PRE + 8];
	char reason[ERR_TEXT_MAX];
	const struct refusal *why = session_why(c->session);

	if (!c->has_headers)
		return reply_error(c, why->http_status, why->text);
	log_info("stream ends reason=\"%s\"", log_quote(why->text, reason, sizeof(reason)));
	if (!c->is_chunked ||
		(why->close_code != CLOSE_NORMAL && why->close_code != CLOSE_GOING_AWAY))
		return -1;
	memcpy(buf + LWS_PRE, "0\r\n\r\n", 5);
	(void) lws_write(c->wsi, buf + LWS_PRE, 5, LWS_WRITE_HTTP_FINAL);
	return -1;
}

int stream_write_http(struct connection *c)
{
	for (int i = 0; i < BURST; i++) {
		struct piece p;
		int rc = session_next(c->session, &p);

		if (rc == VIEWER_END)
			return end_http(c);
		if (rc != VIEWER_PIECE) {
			(void) lws_rx_flow_control(c->wsi, 0);
			return 0;
		}
		if (!c->has_headers) {
			if (write_headers(c) < 0)
				return -1;
			break; /* the body in a call of its own */
		}
		if (write_chunk(c, &p) < 0)
			return -1;
		session_sent(c->session);
		if (lws_send_pipe_choked(c->wsi))
			break;
	}
	lws_callback_on_writable(c->wsi);
	return 0;
}

void stream_resume(struct connection *c)
{
	(void) lws_rx_flow_control(c->wsi, 1);
}

int stream_check_peer(struct connection *c)
{
	struct pollfd p = {.fd = lws_get_socket_fd(c->wsi), .events = POLLIN | POLLRDHUP};

	/* a client that speaks out of turn is turned out as well: its words would keep us awake */
	if (poll(&p, 1, 0) > 0)
		return -1;
	lws_set_timer_usecs(c->wsi, CHECK_US);
	return 0;
}
