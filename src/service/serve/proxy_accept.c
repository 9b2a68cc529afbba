/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy_accept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "service/serve/proxy.h"
#include "service/serve/proxy_target.h"

#define ASK_SECONDS 10

void proxy_accept(struct app *a, int fd)
{
	lws_sock_file_fd_type d;
	struct proxy_accept *p;
	struct lws *wsi;

	/* nothing can be seen through TLS */
	if (a->config->tls_cert) {
		proxy_adopt(a, fd);
		return;
	}
	/* a copy is watched, as it is closed with the watching connection */
	d.filefd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	wsi = d.filefd < 0 ? NULL
			   : lws_adopt_descriptor_vhost(a->vhost, LWS_ADOPT_RAW_FILE_DESC, d,
				     PROXY_ACCEPT_PROTOCOL, NULL);
	if (!wsi) {
		(void) close(fd);
		return;
	}
	p = lws_wsi_user(wsi);
	*p = (struct proxy_accept){true, fd};
	lws_set_timer_usecs(wsi, ASK_SECONDS * LWS_US_PER_SEC);
}

/* Has the client closed its side? Then no more is to come. */
static bool is_over(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0;
}

/* Look at the request without taking it: whoever gets the socket reads it again. */
static int look(struct app *a, struct proxy_accept *p)
{
	char buf[PROXY_JUDGE_BYTES];
	ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_PEEK | MSG_DONTWAIT);
	enum proxy_judgement judgement;
	int wake_bytes = 1;

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	judgement = proxy_judge(buf, (size_t) n);
	if (judgement == PROXY_UNDECIDED) {
		if (is_over(p->fd))
			return -1;
		/* what was seen must not wake us again, only more than that */
		wake_bytes = (int) n + 1;
	}
	(void) setsockopt(p->fd, SOL_SOCKET, SO_RCVLOWAT, &wake_bytes, sizeof(wake_bytes));
	if (judgement == PROXY_UNDECIDED)
		return 0;
	p->has_fd = false;
	if (judgement == PROXY_LOCAL)
		(void) lws_adopt_socket_vhost(a->vhost, p->fd);
	else
		proxy_adopt(a, p->fd);
	return -1;
}

int proxy_accept_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct proxy_accept *p = user;

	(void) in;
	(void) len;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX_FILE:
		return look(app_of(wsi), p);
	case LWS_CALLBACK_TIMER:
		return -1;
	case LWS_CALLBACK_RAW_CLOSE_FILE:
		if (p->has_fd)
			(void) close(p->fd);
		return 0;
	default:
		return 0;
	}
}
