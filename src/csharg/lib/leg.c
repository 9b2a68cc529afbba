/* SPDX-License-Identifier: MIT */
#include "csharg/lib/leg.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/own.h"

#define MS_NS 1000000

/* Wait until the connection is readable (or writable). Returns 0 or a negative errno with @e. */
static int wait_for(
	struct leg *leg, struct csharg_client *c, short events, int64_t until_ns, struct err *e)
{
	struct pollfd fd[2] = {{.fd = transport_fd(leg->transport), .events = events},
		{.fd = c->cancel_fd, .events = POLLIN}};

	for (;;) {
		int64_t left = until_ns ? until_ns - clock_mono_ns() : 0;
		int n;

		if (atomic_load(&c->cancelled))
			return err_set(e, -ECANCELED, "cancelled");
		if (until_ns && left <= 0)
			return err_set(e, -ETIMEDOUT, "the service did not answer within %u ms",
				c->timeout_ms);
		n = poll(fd, 2, until_ns ? (int) (left / MS_NS) + 1 : -1);
		if (n > 0 && fd[0].revents)
			return 0;
		if (n < 0 && errno != EINTR)
			return err_sys(e, -errno, "cannot wait for the service");
	}
}

static int send_all(struct leg *leg, struct csharg_client *c, const char *p, size_t len,
	int64_t until_ns, struct err *e)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = transport_send(leg->transport, p + done, len - done);

		if (n == -EAGAIN) {
			int rc = wait_for(leg, c, POLLOUT, until_ns, e);

			if (rc < 0)
				return rc;
			continue;
		}
		if (n < 0)
			return err_set(e, -EPROTO, "the service ended the connection at once");
		done += (size_t) n;
	}
	return 0;
}

/* Read the answer to the upgrade into @leg's early bytes and judge it. */
static int read_answer(struct leg *leg, struct csharg_client *c, const uint8_t *nonce,
	int64_t until_ns, struct err *e)
{
	ssize_t head = 0, n = 1;

	leg->early = malloc(WS_ANSWER_MAX);
	if (!leg->early)
		return err_set(e, -ENOMEM, "out of memory");
	while (head == 0) {
		n = transport_recv(leg->transport, leg->early + leg->early_bytes,
			WS_ANSWER_MAX - leg->early_bytes);
		if (n == -EAGAIN) {
			int rc = wait_for(leg, c, POLLIN, until_ns, e);

			if (rc < 0)
				return rc;
			continue;
		}
		if (n <= 0 && leg->early_bytes == 0)
			return err_set(
				e, -EPROTO, "the service ended the connection without an answer");
		leg->early_bytes += n > 0 ? (size_t) n : 0;
		head = ws_answer_judge(leg->early, leg->early_bytes, n <= 0, nonce, e);
	}
	if (head < 0)
		return (int) head;
	leg->early_bytes -= (size_t) head;
	memmove(leg->early, leg->early + head, leg->early_bytes);
	return 0;
}

int leg_open(struct leg *leg, struct csharg_client *c, struct ws_request *r, struct err *e)
{
	int64_t until_ns = c->timeout_ms ? clock_mono_ns() + (int64_t) c->timeout_ms * MS_NS : 0;
	AUTO_FREE char *text = NULL;
	ssize_t len;
	int rc;

	if (getrandom(r->nonce, sizeof(r->nonce), 0) != (ssize_t) sizeof(r->nonce))
		return err_set(e, -EIO, "no random numbers");
	len = ws_request_text(r, &text, e);
	if (len < 0)
		return (int) len;
	rc = transport_open(c, &leg->transport, e);
	if (rc == 0)
		rc = send_all(leg, c, text, (size_t) len, until_ns, e);
	if (rc == 0)
		rc = read_answer(leg, c, r->nonce, until_ns, e);
	leg->has_more = true;
	return rc;
}

void leg_done(struct leg *leg)
{
	transport_close(leg->transport);
	leg->transport = NULL;
	free(leg->early);
	leg->early = NULL;
	inlet_done(&leg->inlet);
}

void leg_say(struct leg *leg, enum http_ws_opcode opcode, const void *payload, size_t len_bytes)
{
	uint8_t mask[4];

	if (!leg->transport || leg->out_bytes + HTTP_WS_MASKED_MAX > sizeof(leg->out) ||
		leg->said_close)
		return;
	/* The mask is against proxies that could be fooled by payload (RFC 6455, 10.3); ours is
	 * none that anybody chooses but for echoes. Without randomness the frame is still right. */
	if (getrandom(mask, sizeof(mask), GRND_NONBLOCK) != (ssize_t) sizeof(mask))
		memset(mask, 0x5a, sizeof(mask));
	leg->out_bytes +=
		http_ws_put_masked(opcode, payload, len_bytes, mask, leg->out + leg->out_bytes);
	leg->said_close = opcode == HTTP_WS_CLOSE;
	(void) leg_flush(leg);
}

void leg_say_close(struct leg *leg, int code, const char *words)
{
	uint8_t payload[HTTP_WS_CONTROL_MAX] = {(uint8_t) (code >> 8), (uint8_t) code};
	size_t n = strlen(words);

	memcpy(payload + 2, words, n);
	leg_say(leg, HTTP_WS_CLOSE, payload, 2 + n);
}

int leg_flush(struct leg *leg)
{
	ssize_t n;

	if (leg->out_bytes == 0)
		return 0;
	n = transport_send(leg->transport, leg->out, leg->out_bytes);
	if (n < 0)
		return n == -EAGAIN ? 0 : (int) n;
	memmove(leg->out, leg->out + n, leg->out_bytes - (size_t) n);
	leg->out_bytes -= (size_t) n;
	return 0;
}

ssize_t leg_recv(struct leg *leg, uint8_t *buf, size_t cap_bytes)
{
	size_t n = leg->early_bytes < cap_bytes ? leg->early_bytes : cap_bytes;

	if (n == 0)
		return transport_recv(leg->transport, buf, cap_bytes);
	memcpy(buf, leg->early, n);
	memmove(leg->early, leg->early + n, leg->early_bytes - n);
	leg->early_bytes -= n;
	return (ssize_t) n;
}
