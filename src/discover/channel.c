/* SPDX-License-Identifier: MIT */
#include "discover/channel.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

static void drop(struct channel *c, const char *why)
{
	log_info("catalog channel closed reason=\"%s\"", why);
	channel_done(c);
}

/* Be told when the service has read, or not. */
static void set_behind(struct channel *c, bool behind)
{
	if (c->behind == behind)
		return;
	c->behind = behind;
	if (loop_watch(c->loop, &c->src, behind ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
		drop(c, "cannot watch");
}

static int send_unsent(struct channel *c)
{
	const struct msg m = {.op = MSG_CURRENT, .id = c->unsent};
	int rc = c->unsent ? msg_send(c->src.fd, &m, NULL, 0) : 0;

	if (rc == 0)
		c->unsent = 0;
	return rc;
}

/* What the service has not read in time is skipped: it gets the newest one later. */
static void settle(struct channel *c, int rc)
{
	if (rc < 0 && rc != -EAGAIN)
		drop(c, "cannot send");
	else
		set_behind(c, rc == -EAGAIN);
}

static void send_now(struct channel *c)
{
	int rc;

	if (c->src.fd < 0 || c->pub->json_fd < 0)
		return;
	rc = publication_send(c->pub, c->src.fd, c->answered);
	if (rc >= 0)
		rc = send_unsent(c);
	settle(c, rc);
}

/* Returns false when the channel is gone. */
static bool receive(struct channel *c)
{
	uint32_t asked = c->asked, confirm_asked = c->confirm_asked;

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(c->src.fd, &m, &fds);

		if (rc == -EAGAIN)
			break;
		if (rc <= 0 || (m.op != MSG_REFRESH && m.op != MSG_CHECK)) {
			drop(c, rc == 0 ? "service ended" : "malformed message");
			return false;
		}
		if (m.op == MSG_REFRESH)
			c->asked = m.id;
		else
			c->confirm_asked = m.id;
		c->documents |= m.u.refresh.documents;
	}
	if (c->asked != asked || c->confirm_asked != confirm_asked)
		c->refresh_fn(c->ctx);
	return true;
}

static void on_event(void *ctx, uint32_t events)
{
	struct channel *c = ctx;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		if (!receive(c))
			return;
	}
	if (c->behind && (events & EPOLLOUT))
		send_now(c);
}

void channel_look(struct channel *c)
{
	if (c->src.fd >= 0)
		(void) receive(c);
}

static bool is_seqpacket(int fd)
{
	int domain = 0, type = 0;
	socklen_t len = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

void channel_init(struct channel *c, struct loop *loop, struct publication *pub,
	void (*refresh_fn)(void *ctx), void *ctx)
{
	*c = (struct channel){.loop = loop,
		.src = {.fd = -1, .fn = on_event, .ctx = c},
		.pub = pub,
		.refresh_fn = refresh_fn,
		.ctx = ctx};
}

int channel_use(struct channel *c, int fd)
{
	int rc;

	channel_done(c);
	c->src.fd = fd;
	rc = is_seqpacket(fd) ? loop_watch(c->loop, &c->src, EPOLLIN) : -EINVAL;
	if (rc < 0) {
		channel_done(c);
		return rc;
	}
	send_now(c);
	return 0;
}

uint8_t channel_take_documents(struct channel *c)
{
	uint8_t documents = c->documents;

	c->documents = 0;
	return documents;
}

void channel_publish(struct channel *c, uint32_t satisfies)
{
	c->answered = satisfies;
	c->is_outdated = false;
	send_now(c);
}

void channel_confirm(struct channel *c, uint32_t id)
{
	/* a scan may end behind a later confirmation */
	if (id == 0 || (int32_t) (id - c->confirmed) <= 0 || c->src.fd < 0)
		return;
	c->confirmed = c->unsent = id;
	c->is_outdated = false;
	/* behind a generation it would be about another one */
	if (!c->behind)
		settle(c, send_unsent(c));
}

void channel_outdated(struct channel *c)
{
	const struct msg m = {.op = MSG_OUTDATED};

	if (c->src.fd < 0 || c->is_outdated)
		return;
	c->is_outdated = true;
	(void) msg_send(c->src.fd, &m, NULL, 0);
}

void channel_done(struct channel *c)
{
	if (c->src.fd >= 0) {
		loop_unwatch(c->loop, &c->src);
		(void) close(c->src.fd);
	}
	c->src.fd = -1;
	/* another service counts its requests from 1 again */
	c->asked = c->answered = 0;
	c->confirm_asked = c->confirmed = c->unsent = 0;
	c->is_outdated = false;
	c->documents = 0;
	c->behind = false;
}
