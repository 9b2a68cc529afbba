/* SPDX-License-Identifier: MIT */
#include "ws.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum opcode {
	OP_CONTINUED = 0,
	OP_TEXT = 1,
	OP_BINARY = 2,
	OP_CLOSE = 8,
	OP_PING = 9,
	OP_PONG = 10
};

#define FIN_BIT           0x80
#define MASK_BIT          0x80
#define REPLY_MAX_BYTES   4096
#define CLOSE_NORMAL      1000
#define REQUEST_MAX_BYTES 8192

int ws_connect(struct ws *ws, uint16_t port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int one = 1;

	*ws = (struct ws){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (ws->fd < 0 || connect(ws->fd, (struct sockaddr *) &to, sizeof(to)) < 0)
		return -errno;
	(void) setsockopt(ws->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return 0;
}

static int send_all(int fd, const void *p, size_t len_bytes)
{
	ssize_t n = send(fd, p, len_bytes, MSG_NOSIGNAL);

	if (n < 0)
		return -errno;
	return (size_t) n == len_bytes ? 0 : -EIO;
}

/* Byte by byte, so that nothing of the stream behind the answer is taken. */
static int read_reply(int fd, char *ret, size_t cap_bytes)
{
	size_t n = 0;

	while (n + 1 < cap_bytes) {
		ssize_t got = recv(fd, ret + n, 1, 0);

		if (got <= 0)
			return got < 0 ? -errno : -ECONNRESET;
		ret[++n] = '\0';
		if (n >= 4 && memcmp(ret + n - 4, "\r\n\r\n", 4) == 0)
			return 0;
	}
	return -EMSGSIZE;
}

int ws_upgrade(struct ws *ws, uint16_t port, const char *target)
{
	char request[REQUEST_MAX_BYTES], reply[REPLY_MAX_BYTES];
	/* The key only has to be the base64 form of 16 bytes; a benchmark has no proxy to fool. */
	int n = snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: localhost:%u\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Key: bnVtYmVyZWQgcGFja2V0cw==\r\n"
		"Sec-WebSocket-Version: 13\r\n\r\n",
		target, port);
	int ret;

	if (n < 0 || (size_t) n >= sizeof(request))
		return -EMSGSIZE;
	ret = send_all(ws->fd, request, (size_t) n);
	if (ret == 0)
		ret = read_reply(ws->fd, reply, sizeof(reply));
	if (ret < 0)
		return ret;
	if (strncmp(reply, "HTTP/1.1 101 ", 13) == 0)
		return 0;
	(void) fprintf(stderr, "%.*s\n", (int) strcspn(reply, "\r\n"), reply);
	return -EPROTO;
}

/* Every frame of a client is masked. @len_bytes at most WS_CONTROL_MAX_BYTES. */
static int send_control(struct ws *ws, enum opcode op, const uint8_t *payload, size_t len_bytes)
{
	uint8_t frame[6 + WS_CONTROL_MAX_BYTES] = {FIN_BIT | op, (uint8_t) (MASK_BIT | len_bytes)};

	if (getrandom(frame + 2, 4, 0) != 4)
		return -EIO;
	for (size_t i = 0; i < len_bytes; i++)
		frame[6 + i] = payload[i] ^ frame[2 + i % 4];
	return send_all(ws->fd, frame, 6 + len_bytes);
}

int ws_send_close(struct ws *ws)
{
	const uint8_t code[] = {CLOSE_NORMAL >> 8, CLOSE_NORMAL & 0xff};

	return send_control(ws, OP_CLOSE, code, sizeof(code));
}

/* Bytes the frame head has, judged by those already there; 2 while even the length is unknown. */
static size_t head_wanted(const struct ws *ws)
{
	if (ws->head_bytes < 2 || ws->head[1] < 126)
		return 2;
	return ws->head[1] == 126 ? 4 : 10;
}

/* True when the head is complete. */
static bool gather_head(struct ws *ws, struct ws_input *in)
{
	while (ws->head_bytes < head_wanted(ws)) {
		if (!in->len_bytes)
			return false;
		ws->head[ws->head_bytes++] = *in->p++;
		in->len_bytes--;
	}
	return true;
}

/* False on a frame a server may not send on this connection. */
static bool begin_payload(struct ws *ws)
{
	size_t len_field = ws->head_bytes - 2;

	ws->opcode = ws->head[0] & 0x0f;
	ws->left_bytes = len_field ? 0 : ws->head[1];
	for (size_t i = 0; i < len_field; i++)
		ws->left_bytes = ws->left_bytes << 8 | ws->head[2 + i];
	ws->control_bytes = 0;
	ws->head_bytes = 0;
	ws->in_payload = true;
	if (ws->head[0] & 0x70 || ws->head[1] & MASK_BIT)
		return false;
	if (ws->opcode >= OP_CLOSE)
		return ws->left_bytes <= WS_CONTROL_MAX_BYTES && ws->head[0] & FIN_BIT;
	return ws->opcode == OP_BINARY || ws->opcode == OP_CONTINUED;
}

static struct ws_input take_payload(struct ws *ws, struct ws_input *in)
{
	struct ws_input part = *in;

	if (part.len_bytes > ws->left_bytes)
		part.len_bytes = (size_t) ws->left_bytes;
	in->p += part.len_bytes;
	in->len_bytes -= part.len_bytes;
	ws->left_bytes -= part.len_bytes;
	ws->in_payload = ws->left_bytes > 0;
	return part;
}

static enum ws_event finish_control(struct ws *ws)
{
	ws->control[ws->control_bytes] = '\0';
	if (ws->opcode == OP_PING)
		return send_control(ws, OP_PONG, ws->control, ws->control_bytes) < 0 ? WS_BAD
										     : WS_NEED_MORE;
	if (ws->opcode != OP_CLOSE)
		return WS_NEED_MORE;
	ws->close_code =
		ws->control_bytes < 2 ? 1005 : (uint16_t) (ws->control[0] << 8 | ws->control[1]);
	ws->reason = ws->control_bytes < 2 ? "" : (const char *) ws->control + 2;
	return WS_CLOSE;
}

static enum ws_event take_control(struct ws *ws, struct ws_input part)
{
	memcpy(ws->control + ws->control_bytes, part.p, part.len_bytes);
	ws->control_bytes += part.len_bytes;
	return ws->in_payload ? WS_NEED_MORE : finish_control(ws);
}

enum ws_event ws_next(struct ws *ws, struct ws_input *in, struct ws_input *ret_bytes)
{
	while (in->len_bytes) {
		enum ws_event e = WS_NEED_MORE;
		struct ws_input part;

		if (!ws->in_payload) {
			if (!gather_head(ws, in))
				return WS_NEED_MORE;
			if (!begin_payload(ws))
				return WS_BAD;
		}
		part = take_payload(ws, in);
		if (ws->opcode >= OP_CLOSE)
			e = take_control(ws, part);
		else if (part.len_bytes)
			e = WS_BYTES;
		if (e == WS_BYTES)
			*ret_bytes = part;
		if (e != WS_NEED_MORE)
			return e;
	}
	return WS_NEED_MORE;
}
