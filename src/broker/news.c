/* SPDX-License-Identifier: MIT */
#include "broker/news.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/watch.h"

/* Send @m to the service. Returns false when its channel is full. Another failure means that the
 * service is gone, and the message with it. */
static bool send_news(struct broker *b, const struct msg *m)
{
	bool is_full = msg_send(b->service.channel, m, NULL, 0) == -EAGAIN;

	if (is_full != b->is_service_full)
		broker_watch_writable(b, b->service.channel,
			watch_tag(WATCH_SERVICE, (uint32_t) b->service.pid), is_full);
	b->is_service_full = is_full;
	return !is_full;
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

void news_flush(struct broker *b)
{
	const struct msg shutdown = {.op = MSG_SHUTDOWN};
	bool has_room = true;

	for (size_t i = 0; i < b->captures.n && has_room;) {
		bool removed;

		has_room = flush_capture(b, &b->captures.all[i], &removed);
		i += !removed;
	}
	if (b->service.channel < 0)
		return;
	if (b->are_restarts_due && has_room)
		has_room = send_restarts(b);
	b->are_restarts_due &= !has_room;
	if (b->is_shutdown_due && has_room)
		b->is_shutdown_due = !send_news(b, &shutdown);
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

void news_forget(struct broker *b)
{
	b->is_service_full = false;
	b->are_restarts_due = false;
	news_flush(b);
}
