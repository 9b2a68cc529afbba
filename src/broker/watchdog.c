/* SPDX-License-Identifier: MIT */
#include "broker/watchdog.h"

#include <signal.h>

#include "base/log.h"
#include "broker/news.h"

static void set_silent(struct broker *b, struct child *c, bool is_silent)
{
	if (c->is_silent == is_silent)
		return;
	c->is_silent = is_silent;
	if (c == &b->discover)
		news_restarts(b);
}

static void ping(struct broker *b, struct child *c)
{
	const struct msg m = {.op = MSG_PING, .id = ++b->last_ping};

	if (c->pid <= 0 || c->channel < 0)
		return;
	if (c->n_unanswered >= WATCHDOG_LIMIT) {
		log_error("%s has not answered for %d s, ending it pid=%d", c->name,
			WATCHDOG_LIMIT * WATCHDOG_PING_MS / 1000, (int) c->pid);
		(void) kill(c->pid, SIGKILL);
		return;
	}
	set_silent(b, c, c->n_unanswered >= WATCHDOG_SILENT);
	/* a full channel has a ping in it already */
	(void) msg_send(c->channel, &m, NULL, 0);
	c->n_unanswered++;
}

int64_t watchdog_tick(struct broker *b, int64_t now_ns)
{
	if (now_ns >= b->next_ping_ns) {
		ping(b, &b->service);
		ping(b, &b->discover);
		b->next_ping_ns = now_ns + WATCHDOG_PING_MS * 1000000LL;
	}
	return b->next_ping_ns;
}

void watchdog_pong(struct broker *b, struct child *c)
{
	c->n_unanswered = 0;
	set_silent(b, c, false);
}
