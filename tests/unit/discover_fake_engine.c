/* SPDX-License-Identifier: MIT */
/* An engine that behaves as a test wants. A thread for each connection: processes would be engines
 * of their own. */
#include "discover_fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "f00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeedf00dfeed"

struct connection {
	struct fake_engine *engine;
	atomic_bool *announced;
	int fd;
};

static void say(int fd, const char *s)
{
	(void) !send(fd, s, strlen(s), MSG_NOSIGNAL);
}

static void say_body(int fd, const char *body)
{
	char head[128];

	(void) snprintf(
		head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
	say(fd, head);
	say(fd, body);
}

static void say_without_end(int fd)
{
	static const char blanks[4096] = "[";

	say(fd, "HTTP/1.1 200 OK\r\n\r\n");
	while (send(fd, blanks, sizeof(blanks), MSG_NOSIGNAL) > 0)
		;
}

static void announce(const struct connection *c)
{
	char byte;

	say(c->fd, "HTTP/1.1 200 OK\r\n\r\n");
	if (read(c->engine->announce[0], &byte, 1) != 1)
		return;
	atomic_store(c->announced, true);
	say(c->fd, "{\"Action\":\"rename\"}\n");
}

static void say_container(const struct connection *c, bool list)
{
	const struct fake_engine *e = c->engine;
	const char *name = atomic_load(c->announced) ? e->next_name : e->name;
	char body[512];

	if (list)
		(void) snprintf(body, sizeof(body),
			"[{\"Id\":\"" ID "\",\"Names\":[\"/%s\"],\"State\":\"running\"}]", name);
	else
		(void) snprintf(body, sizeof(body),
			"{\"Id\":\"" ID "\",\"Name\":\"/%s\",\"State\":{\"Status\":\"running\","
			"\"Pid\":%d}}",
			name, (int) e->container);
	say_body(c->fd, body);
}

static void answer(const struct connection *c, const char *request)
{
	enum fake_manner manner = c->engine->manner;

	if (strstr(request, "GET /_ping "))
		say(c->fd,
			"HTTP/1.1 200 OK\r\nServer: Docker/1.2.3 (linux)\r\nApi-Version: 1.41\r\n"
			"Content-Length: 2\r\n\r\nOK");
	else if (strstr(request, "/info "))
		say_body(c->fd, "{\"ID\":\"fake\"}");
	else if (strstr(request, "/events?"))
		announce(c);
	else if (manner == FAKE_ENDLESS)
		say_without_end(c->fd);
	else if (manner == FAKE_NOISE)
		say_body(c->fd, "<html>\xff</html>");
	else
		say_container(c, strstr(request, "/containers/json ") != NULL);
}

static void *serve(void *arg)
{
	struct connection *c = arg;
	char request[4096];
	ssize_t n;

	/* one request is one segment: the client is our own */
	while ((n = recv(c->fd, request, sizeof(request) - 1, 0)) > 0) {
		request[n] = '\0';
		if (c->engine->manner != FAKE_SILENT)
			answer(c, request);
	}
	(void) close(c->fd);
	free(c);
	return NULL;
}

static void *accept_all(void *arg)
{
	static atomic_bool announced;
	struct fake_engine *e = arg;

	for (;;) {
		int fd = accept(e->listener, NULL, NULL);
		struct connection *c = fd < 0 ? NULL : malloc(sizeof(*c));
		pthread_t thread;

		if (!c)
			return NULL;
		*c = (struct connection){e, &announced, fd};
		if (pthread_create(&thread, NULL, serve, c) == 0)
			(void) pthread_detach(thread);
	}
}

static void run_engine(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, accept_all, arg) != 0)
		_exit(1);
}

pid_t fake_engine_start(struct fake_engine *e)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	pid_t pid;

	(void) snprintf(e->path, sizeof(e->path), "/tmp/pf-fake-engine-%d.sock", (int) getpid());
	(void) unlink(e->path);
	memcpy(a.sun_path, e->path, sizeof(e->path));
	e->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(pipe(e->announce), 0);
	assert_int_equal(bind(e->listener, (struct sockaddr *) &a, sizeof(a)), 0);
	assert_int_equal(listen(e->listener, 16), 0);
	pid = fixture_fork("dockerd", run_engine, e);
	(void) close(e->listener);
	return pid;
}

void fake_engine_stop(struct fake_engine *e, pid_t pid)
{
	fixture_kill(pid);
	(void) close(e->announce[0]);
	(void) close(e->announce[1]);
	(void) unlink(e->path);
}
