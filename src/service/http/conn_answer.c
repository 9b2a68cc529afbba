/* SPDX-License-Identifier: MIT */
/* How handlers answer. */
#include "service/http/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "service/http/answer_head.h"
#include "service/http/conn_state.h"

/* A body that is smaller goes behind the head, into one packet; a larger one from where it is. */
#define SMALL_BYTES 16384

/* What the answer to this request says of the connection. */
static void describe(const struct conn *c, const struct conn_head *head, struct answer_head *ret)
{
	*ret = (struct answer_head){.status = head->status,
		.type = head->type,
		.fields = head->fields,
		.allow = c->allow,
		.is_http10 = c->is_http10,
		.closes = !c->is_persistent || c->env->is_ending,
		.no_store = !head->is_cacheable,
		/* the version we speak: also in answers to requests that should have been upgrades
		 */
		.is_upgrade = c->wants_upgrade || head->status == 400};
}

/* Put the head into c->out. Without memory the connection ends. */
static void put_head(struct conn *c, const struct answer_head *head)
{
	size_t cap = ANSWER_HEAD_BYTES + (head->fields ? strlen(head->fields) : 0);
	char *to = buf_room(&c->out, cap);

	if (!to) {
		conn_kill(c);
		return;
	}
	c->out.len_bytes += answer_head_put(head, to, cap);
	c->status = (uint16_t) head->status;
	c->n_sent = c->n_checked = 0;
}

static void free_body(const struct conn_body *body)
{
	if (body->free)
		body->free(body->ctx);
}

void conn_reply(struct conn *c, const struct conn_head *head, const struct conn_body *body)
{
	struct answer_head h;

	c->is_persistent = c->is_persistent && !c->env->is_ending;
	describe(c, head, &h);
	h.has_length = true;
	h.len_bytes = body->len_bytes;
	put_head(c, &h);
	c->body_at_bytes = 0;
	if (c->is_head || head->status == 304) {
		free_body(body);
	} else if (body->len_bytes <= SMALL_BYTES) {
		if (buf_add(&c->out, body->bytes, body->len_bytes) < 0)
			conn_kill(c);
		free_body(body);
	} else {
		c->body = *body;
	}
	conn_enter(c, CONN_ANSWER);
}

void conn_reply_text(struct conn *c, const struct conn_head *head, const char *text)
{
	struct conn_body body = {.bytes = text, .len_bytes = strlen(text)};
	char *copy;

	if (body.len_bytes > SMALL_BYTES) {
		copy = strdup(text);
		if (!copy) {
			conn_kill(c);
			return;
		}
		body = (struct conn_body){copy, body.len_bytes, free, copy};
	}
	conn_reply(c, head, &body);
}

/* Clients of the original service get plain text where they asked for a WebSocket (wire contract
 * 1.5). */
static void reply_plain(struct conn *c, int status, const char *words)
{
	struct conn_head head = {.status = status, .type = "text/plain; charset=utf-8"};
	AUTO_TEXT struct text t = {0};
	struct conn_body body;

	c->is_persistent = false;
	text_put(&t, words);
	text_put(&t, "\n");
	body = (struct conn_body){.bytes = t.p, .len_bytes = t.len_bytes};
	if (t.failed || t.len_bytes > SMALL_BYTES)
		conn_kill(c);
	else
		conn_reply(c, &head, &body);
}

void conn_error(struct conn *c, int status, const char *words)
{
	struct conn_head head = {.status = status, .type = "application/json"};
	AUTO_TEXT struct text t = {0};

	if (c->wants_upgrade) {
		reply_plain(c, status, words);
		return;
	}
	text_put(&t, "{");
	text_put_string(&t, "error", words);
	text_put(&t, "}");
	text_put_bytes(&t, "", 1);
	if (t.failed)
		conn_kill(c);
	else
		conn_reply_text(c, &head, t.p);
}

void conn_refuse(struct conn *c, int status, const char *words)
{
	c->is_persistent = false;
	conn_error(c, status, words);
}

void conn_wait(struct conn *c, const struct conn_ops *ops, void *ctx)
{
	c->ops = ops;
	c->ctx = ctx;
	conn_enter(c, CONN_WAITING);
}

void conn_stream(struct conn *c, const struct conn_head *head, enum conn_framing framing,
	const struct conn_ops *ops, void *ctx)
{
	struct answer_head h;

	c->ops = ops;
	c->ctx = ctx;
	c->is_persistent = false;
	describe(c, head, &h);
	c->is_chunked = framing == CONN_CHUNKED && !c->is_http10;
	h.is_chunked = c->is_chunked;
	put_head(c, &h);
	conn_enter(c, c->is_head ? CONN_ANSWER : CONN_STREAM);
}

void conn_upgrade(struct conn *c, bool is_text, const struct conn_ops *ops, void *ctx)
{
	struct answer_head h = {.status = 101};

	c->ops = ops;
	c->ctx = ctx;
	c->is_persistent = false;
	if (conn_websocket_new(c, is_text) < 0) {
		conn_kill(c);
		return;
	}
	h.accept = conn_websocket_accept(c);
	put_head(c, &h);
	conn_enter(c, CONN_UPGRADED);
}

void conn_relay(struct conn *c, const struct conn_ops *ops, void *ctx)
{
	c->ops = ops;
	c->ctx = ctx;
	c->is_persistent = false;
	c->status = 0;
	c->n_sent = c->n_checked = 0;
	conn_enter(c, CONN_RELAYED);
}

void conn_relayed_status(struct conn *c, int status)
{
	c->status = (uint16_t) status;
}
