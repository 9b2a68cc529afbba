/* SPDX-License-Identifier: MIT */
#include "discover/engine/activators.h"

#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "discover/engine/engine_sockets.h"

#define SOCKET_NAME     "/podman.sock"
#define WAKE_TIMEOUT_MS 10000
#define WAKE_MAX_BYTES  65536
#define PAUSE_FIRST_NS  10000000000
#define PAUSE_MAX_NS    600000000000

static void forget(struct activator *a)
{
	if (a->pid == 0)
		return;
	if (a->request)
		http_cancel(a->env->http, a->request);
	close_p(&a->fd);
	*a = (struct activator){0};
}

void activators_done(struct activators *a)
{
	for (size_t i = 0; i < ACTIVATORS_MAX; i++)
		forget(&a->v[i]);
}

/* True if systemd @pid has started a podman that listens. */
static bool has_podman(int procfd, const struct proc_table *procs, int32_t pid)
{
	for (size_t i = 0; i < procs->n; i++) {
		const struct process *p = &procs->v[i];

		if (p->ppid == pid && strcmp(p->comm, "podman") == 0 &&
			engine_sockets_any(procfd, p->pid))
			return true;
	}
	return false;
}

static bool is_podmans(const char *path)
{
	size_t n = strlen(path), len = strlen(SOCKET_NAME);

	return n >= len && strcmp(path + n - len, SOCKET_NAME) == 0;
}

static void on_woken(void *ctx, const struct http_answer *answer)
{
	struct activator *a = ctx;

	a->request = NULL;
	close_p(&a->fd);
	a->fd = -1;
	if (answer->error == 0)
		a->env->change_fn(a->env->ctx);
}

static void wake(struct activator *a, struct engine_sockets *s)
{
	struct http_get get = {.peer = ++a->env->next_peer,
		.path = "/_ping",
		.timeout_ms = WAKE_TIMEOUT_MS,
		.max_bytes = WAKE_MAX_BYTES,
		.done_fn = on_woken,
		.ctx = a};

	for (size_t i = 0; i < s->n; i++) {
		if (!is_podmans(s->path[i]))
			continue;
		a->fd = TAKE_FD(s->fd[i]);
		get.socket_fd = a->fd;
		a->request = http_start(a->env->http, &get);
		if (a->request)
			return;
		close_p(&a->fd);
		a->fd = -1;
	}
}

static void look(struct activator *a, const struct proc_table *procs)
{
	struct engine_sockets sockets;
	int64_t now = clock_mono_ns();

	if (a->request || now < a->look_ns)
		return;
	a->look_ns = now + a->pause_ns;
	if (engine_sockets_find(a->env->procfd, a->pid, &sockets) < 0)
		return;
	if (has_podman(a->env->procfd, procs, a->pid))
		a->pause_ns = PAUSE_FIRST_NS;
	else
		wake(a, &sockets);
	/* one whose podman does not come, or does not stay, is left alone ever longer */
	if (a->request)
		a->pause_ns = a->pause_ns * 2 > PAUSE_MAX_NS ? PAUSE_MAX_NS : a->pause_ns * 2;
	engine_sockets_done(&sockets);
}

static struct activator *find(struct activators *a, int32_t pid)
{
	for (size_t i = 0; i < ACTIVATORS_MAX; i++) {
		if (a->v[i].pid == pid)
			return &a->v[i];
	}
	return NULL;
}

void activators_update(struct activators *a, struct engine_env *env, const struct proc_table *procs)
{
	for (size_t i = 0; i < ACTIVATORS_MAX; i++) {
		if (!proc_table_has(procs, a->v[i].pid, a->v[i].starttime_ticks))
			forget(&a->v[i]);
	}
	for (size_t i = 0; i < procs->n; i++) {
		const struct process *p = procs->by_age[i];
		struct activator *at;

		if (strcmp(p->comm, "systemd") != 0)
			continue;
		at = find(a, p->pid);
		if (!at && (at = find(a, 0)))
			*at = (struct activator){.env = env,
				.pid = p->pid,
				.starttime_ticks = p->starttime_ticks,
				.pause_ns = PAUSE_FIRST_NS,
				.fd = -1};
		if (at)
			look(at, procs);
	}
}
