/* SPDX-License-Identifier: MIT */
#include "broker/news.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/watch.h"

/* Send @m with @fds (borrowed) to @c. Returns false when its channel is full. Another failure means
 * that the child is gone, and the message with it. */
static bool send_to(
	struct broker *b, struct child *c, const struct msg *m, const int *fds, size_t n_fds)
{
	bool is_full = msg_send(c->channel, m, fds, n_fds) == -EAGAIN;

	if (is_full != c->wants_room) {
		c->wants_room = is_full;
		broker_watch_channel(b, c);
	}
	return !is_full;
}

static bool send_news(struct broker *b, const struct msg *m)
{
	return send_to(b, &b->service, m, NULL, 0);
}

/* Returns false when the channel is full. */
static bool flush_catalog_channel(struct broker *b, struct child *c)
{
	const struct msg m = {.op = MSG_CATALOG_CHANNEL};

	if (c->catalog_fd < 0 || c->channel < 0)
		return true;
	if (!send_to(b, c, &m, &c->catalog_fd, 1))
		return false;
	close_p(&c->catalog_fd);
	c->catalog_fd = -1;
	return true;
}

static bool flush_reload(struct broker *b)
{
	struct msg m = {.op = MSG_RELOAD,
		.u.reload = {.has_tls = b->tls_cert_fd >= 0, .has_token = b->token_fd >= 0}};
	int fds[3];
	size_t n = 0;

	if (m.u.reload.has_tls) {
		fds[n++] = b->tls_cert_fd;
		fds[n++] = b->tls_key_fd;
	}
	if (m.u.reload.has_token)
		fds[n++] = b->token_fd;
	return send_to(b, &b->service, &m, fds, n);
}

static bool send_restarts(struct broker *b)
{
	const struct msg m = {.op = MSG_RESTARTS,
		.u.restarts = {.service = b->service.restarts,
			.discover = b->discover.restarts,
			.discover_is_silent = b->discover.is_silent}};

	return send_news(b, &m);
}

static bool send_ended(struct broker *b, const struct running_capture *r)
{
	struct msg m = {.op = MSG_CAPTURE_ENDED, .id = r->id};

	if (WIFSIGNALED(r->end_status)) {
		m.u.status.status = -WTERMSIG(r->end_status);
		(void) snprintf(m.u.status.text, sizeof(m.u.status.text), "killed by signal %d",
			WTERMSIG(r->end_status));
	}
	return send_news(b, &m);
}

/* Returns false when the channel is full. *ret_removed: @r is no more, another may be in its place.
 */
static bool flush_capture(struct broker *b, struct running_capture *r, bool *ret_removed)
{
	const struct msg exited = {.op = MSG_TARGET_EXITED, .id = r->id};
	bool is_known = r->epoch == b->epoch && b->service.channel >= 0;

	*ret_removed = false;
	if (r->is_exit_due && is_known && !send_news(b, &exited))
		return false;
	r->is_exit_due = false;
	if (!r->has_ended)
		return true;
	if (is_known && !send_ended(b, r))
		return false;
	captures_remove(&b->captures, r);
	*ret_removed = true;
	return true;
}

static bool flush_captures(struct broker *b)
{
	bool has_room = true;

	for (size_t i = 0; i < b->captures.n && has_room;) {
		bool removed;

		has_room = flush_capture(b, &b->captures.all[i], &removed);
		i += !removed;
	}
	return has_room;
}

void news_flush(struct broker *b)
{
	const struct msg shutdown = {.op = MSG_SHUTDOWN};
	bool has_room = flush_captures(b);

	(void) flush_catalog_channel(b, &b->discover);
	if (b->service.channel < 0 || !has_room || !flush_catalog_channel(b, &b->service))
		return;
	if (b->are_restarts_due && !send_restarts(b))
		return;
	b->are_restarts_due = false;
	if (b->is_reload_due && !flush_reload(b))
		return;
	b->is_reload_due = false;
	if (b->is_shutdown_due && send_news(b, &shutdown))
		b->is_shutdown_due = false;
}

void news_restarts(struct broker *b)
{
	b->are_restarts_due = true;
	news_flush(b);
}

void news_target_exited(struct broker *b, struct running_capture *r)
{
	broker_unwatch(b, r->target_pidfd);
	close_p(&r->target_pidfd);
	r->target_pidfd = -1;
	r->is_exit_due = true;
	news_flush(b);
}

void news_reader_ended(struct broker *b, struct running_capture *r, int status)
{
	if (WIFSIGNALED(status))
		log_error("reader ended by a signal id=%" PRIu32 " signal=%d", r->id,
			WTERMSIG(status));
	broker_unwatch(b, r->target_pidfd);
	close_p(&r->target_pidfd);
	r->target_pidfd = -1;
	r->reader = 0;
	r->has_ended = true;
	r->end_status = status;
	news_flush(b);
}

void news_shutdown(struct broker *b)
{
	b->is_shutdown_due = true;
	news_flush(b);
}

void news_reload(struct broker *b)
{
	b->is_reload_due = true;
	news_flush(b);
}

void news_catalog_channel(struct broker *b, struct child *c, int fd)
{
	close_p(&c->catalog_fd);
	c->catalog_fd = fd;
	news_flush(b);
}

void news_forget(struct broker *b)
{
	b->are_restarts_due = false;
	/* the next service reads the files at its start */
	b->is_reload_due = false;
	news_flush(b);
}
