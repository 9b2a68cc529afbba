/* SPDX-License-Identifier: MIT */
#include "service/serve/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "proto/service_args.h"
#include "service/serve/proxy_accept.h"
#include "service/serve/endpoints.h"
#include "service/serve/watch.h"

#define ACCEPT_BURST 32 /* connections taken at a time, then others have their turn */

int listener_init(struct app *a, struct err *e)
{
	for (uint32_t i = 0; i < a->config->n_listen; i++) {
		int fd = SERVICE_FD_FILES + (int) i;

		if (endpoints_learn_listener(a, fd) < 0)
			return err_set(e, -ENOTSOCK, "was given no listening socket");
		if (!watch_add(a, WATCH_LISTENER, fd, 0))
			return err_set(e, -ENOMEM, "cannot watch a listening socket");
	}
	a->spare_fd = fcntl(SERVICE_FD_FILES, F_DUPFD_CLOEXEC, 0);
	a->endpoints.own_inode = a->config->own_netns;
	endpoints_publish(a);
	return 0;
}

static void turn_away(struct app *a, int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Type: application/json\r\n"
				     "Content-Length: 32\r\nConnection: close\r\n\r\n"
				     "{\"error\":\"too many connections\"}";

	/* over TLS this is no answer, but there is no handshake to spare for a better one */
	if (!a->config->tls_cert)
		(void) !send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	a->counters.refused_connections++;
	(void) close(fd);
}

/* No descriptor is left for a connection that waits: give up the spare one to turn it away, as it
 * would otherwise wake us again and again. */
static void turn_away_with_spare(struct app *a, int fd)
{
	int c;

	log_warn("out of descriptors, turning a connection away");
	close_p(&a->spare_fd);
	c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c >= 0)
		turn_away(a, c);
	a->spare_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void listener_accept(struct app *a, int fd)
{
	static const int on = 1;

	for (int i = 0; i < ACCEPT_BURST; i++) {
		int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (c < 0) {
			if (errno == EMFILE || errno == ENFILE)
				turn_away_with_spare(a, fd);
			return;
		}
		endpoints_learn_connection(a, c);
		(void) setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void) setsockopt(c, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		if (app_connections(a) >= a->config->max_connections || a->is_ending)
			turn_away(a, c);
		else if (a->config->proxy)
			proxy_accept(a, c);
		else
			(void) lws_adopt_socket_vhost(a->vhost, c);
	}
}
