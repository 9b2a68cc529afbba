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

static void send_now(struct channel *c)
{
	int rc;

	if (c->src.fd < 0 || c->pub->json_fd < 0)
		return;
	rc = publication_send(c->pub, c->src.fd, c->answered);
	if (rc < 0 && rc != -EAGAIN) {
		drop(c, "cannot send");
		return;
	}
	/* what the service has not read in time is skipped: it gets the newest one later */
	if (c->behind != (rc == -EAGAIN)) {
		c->behind = rc == -EAGAIN;
		rc = loop_watch(c->loop, &c->src, c->behind ? EPOLLIN | EPOLLOUT : EPOLLIN);
		if (rc < 0)
			drop(c, "cannot watch");
	}
}

/* Returns false when the channel is gone. */
static bool receive(struct channel *c)
{
	uint32_t before = c->asked;

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(c->src.fd, &m, &fds);

		if (rc == -EAGAIN)
			break;
		if (rc <= 0 || m.op != MSG_REFRESH) {
			drop(c, rc == 0 ? "service ended" : "malformed message");
			return false;
		}
		c->asked = m.id;
		c->documents |= m.u.refresh.documents;
	}
	if (c->asked != before)
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
	send_now(c);
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
	c->documents = 0;
	c->behind = false;
}
