/* SPDX-License-Identifier: MIT */
#include "broker/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "broker/children.h"
#include "broker/listen.h"
#include "proto/fdpass.h"
#include "proto/service_args.h"

#define SHUTDOWN_NS  (10 * 1000000000LL) /* for viewers to be told and readers to finish */
#define EVENTS_MAX   32
#define MESSAGES_MAX 64 /* of one peer in a row, then the others */

int broker_watch(struct broker *b, int fd, uint64_t tag)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = tag};

	return epoll_ctl(b->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static void send_service(struct broker *b, const struct msg *m)
{
	/* a service that does not read any more is of no use */
	if (b->service.channel >= 0 && msg_send(b->service.channel, m, NULL, 0) == -EAGAIN) {
		log_error("service does not read its messages");
		(void) kill(b->service.pid, SIGKILL);
	}
}

static void tell_restarts(struct broker *b)
{
	struct msg m = {.op = MSG_RESTARTS,
		.u.restarts = {.service = b->service.restarts, .discover = b->discover.restarts}};

	send_service(b, &m);
}

static void on_ready(struct broker *b)
{
	char url[128];

	tell_restarts(b);
	log_info("ready pid=%d", (int) b->service.pid);
	if (b->service.restarts > 0)
		return;
	listen_url(b->listen_fds[0], b->tls_cert_fd >= 0, url, sizeof(url));
	(void) puts(url);
	(void) fflush(stdout);
}

/* Returns -EPROTO for an operation that the service may not ask for. */
static int serve_service(struct broker *b, const struct msg *m)
{
	switch ((enum msg_op) m->op) {
	case MSG_CAPTURE_OPEN:
		op_capture_open(b, m->id, &m->u.capture_open);
		return 0;
	case MSG_RING_MAKE:
		op_capture_ring(b, m->id, m->u.ring_bytes);
		return 0;
	case MSG_CAPTURE_KILL:
		op_capture_kill(b, m->id);
		return 0;
	case MSG_DIG_OPEN:
		op_dig_open(b, m->id, &m->u.ns_ref);
		return 0;
	case MSG_DIG_KILL:
		digs_kill(&b->digs, m->id);
		return 0;
	case MSG_READY:
		on_ready(b);
		return 0;
	case MSG_DISCOVER_LOST:
		/* it is started again, with a new catalog channel, when it is reaped */
		log_error("service has no catalog channel, ending discover");
		if (b->discover.pid > 0)
			(void) kill(b->discover.pid, SIGKILL);
		return 0;
	default:
		return -EPROTO;
	}
}

static int serve_discover(struct broker *b, const struct msg *m)
{
	switch ((enum msg_op) m->op) {
	case MSG_NETLINK_OPEN:
		op_netlink_open(b, m->id, &m->u.ns_ref);
		return 0;
	case MSG_PORTS_OPEN:
		op_ports_open(b, m->id, &m->u.ns_ref);
		return 0;
	case MSG_UTS_NAMES:
		op_uts_names(b, m->id, &m->u.uts_refs);
		return 0;
	case MSG_TUN_ASK:
		op_tun_ask(b, m->id, &m->u.tun);
		return 0;
	case MSG_EVENTS_OPEN:
		op_events_open(b, m->id, &m->u.events_open);
		return 0;
	default:
		return -EPROTO;
	}
}

typedef int serve_fn(struct broker *b, const struct msg *m);

/* Serve what @c sent. A peer that breaks the protocol is killed, and started again when reaped. */
static void on_channel(struct broker *b, struct child *c, serve_fn *serve)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(c->channel, &m, &fds);

		if (rc == -EAGAIN)
			return;
		if (rc > 0)
			rc = fds.n > 0 ? -EPROTO : serve(b, &m);
		else if (rc == 0)
			rc = -EPIPE;
		if (rc < 0) {
			if (rc != -EPIPE)
				log_error("%s broke the protocol, ending it", c->name);
			(void) epoll_ctl(b->epoll_fd, EPOLL_CTL_DEL, c->channel, NULL);
			(void) kill(c->pid, SIGKILL);
			return;
		}
	}
}

static void on_target_exit(struct broker *b, uint32_t id)
{
	struct msg m = {.op = MSG_TARGET_EXITED, .id = id};
	struct running_capture *r = captures_find(&b->captures, id, b->epoch);

	if (!r)
		return;
	close_p(&r->target_pidfd);
	r->target_pidfd = -1;
	send_service(b, &m);
}

static void on_reader_end(struct broker *b, struct running_capture *r, int status)
{
	struct msg m = {.op = MSG_CAPTURE_ENDED, .id = r->id};

	if (WIFSIGNALED(status)) {
		m.u.status.status = -WTERMSIG(status);
		(void) snprintf(m.u.status.text, sizeof(m.u.status.text), "killed by signal %d",
			WTERMSIG(status));
		log_error("reader crashed id=%" PRIu32 " signal=%d", r->id, WTERMSIG(status));
	}
	if (r->epoch == b->epoch)
		send_service(b, &m);
	captures_remove(&b->captures, r);
}

static void on_child_end(struct broker *b, struct child *c, int status)
{
	bool hopeless = WIFEXITED(status) && c->restarts == 0 &&
			(WEXITSTATUS(status) == EXIT_CONFIGURATION || WEXITSTATUS(status) == 127);

	children_ended(c, clock_mono_ns());
	if (b->shutting_down)
		return;
	if (hopeless) {
		b->shutting_down = true;
		b->exit_status = EXIT_FAILURE;
		b->deadline_ns = clock_mono_ns() + SHUTDOWN_NS;
		return;
	}
	log_error("%s ended status=%d signal=%d restarts=%" PRIu32, c->name,
		WIFEXITED(status) ? WEXITSTATUS(status) : 0,
		WIFSIGNALED(status) ? WTERMSIG(status) : 0, c->restarts);
	if (c == &b->discover)
		tell_restarts(b);
}

static void on_service_end(struct broker *b, int status)
{
	digs_kill_all(&b->digs);
	on_child_end(b, &b->service, status);
}

static void reap(struct broker *b)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct running_capture *r = captures_find_reader(&b->captures, pid);

		if (r)
			on_reader_end(b, r, status);
		else if (pid == b->service.pid)
			on_service_end(b, status);
		else if (pid == b->discover.pid)
			on_child_end(b, &b->discover, status);
		else
			digs_ended(&b->digs, pid);
	}
}

static void begin_shutdown(struct broker *b, int signal)
{
	struct msg m = {.op = MSG_SHUTDOWN};

	if (b->shutting_down)
		return;
	log_info("ending signal=%d captures=%zu", signal, b->captures.n);
	b->shutting_down = true;
	b->deadline_ns = clock_mono_ns() + SHUTDOWN_NS;
	send_service(b, &m);
}

static void on_signal(struct broker *b)
{
	struct signalfd_siginfo s;

	while (read(b->signal_fd, &s, sizeof(s)) == (ssize_t) sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			reap(b);
		else
			begin_shutdown(b, (int) s.ssi_signo);
	}
}

static void restart_due(struct broker *b, int64_t now_ns)
{
	struct err e = ERR_NONE;

	if (b->service.retry_ns && now_ns >= b->service.retry_ns &&
		children_start_service(b, &e) < 0) {
		log_error("%s", e.text);
		children_ended(&b->service, now_ns);
	}
	if (b->discover.retry_ns && now_ns >= b->discover.retry_ns &&
		children_start_discover(b, &e) < 0) {
		log_error("%s", e.text);
		children_ended(&b->discover, now_ns);
	}
}

/* Milliseconds until the next thing that happens by the clock, -1 for never. */
static int next_timeout(const struct broker *b, int64_t now_ns)
{
	int64_t at = INT64_MAX;

	if (b->shutting_down)
		at = b->deadline_ns;
	else if (b->service.retry_ns || b->discover.retry_ns) {
		at = b->service.retry_ns ? b->service.retry_ns : INT64_MAX;
		if (b->discover.retry_ns && b->discover.retry_ns < at)
			at = b->discover.retry_ns;
	}
	if (at == INT64_MAX)
		return -1;
	return at <= now_ns ? 0 : (int) ((at - now_ns) / 1000000) + 1;
}

static void dispatch(struct broker *b, uint64_t tag)
{
	switch ((enum watch_tag)(tag >> 32)) {
	case WATCH_SIGNAL:
		on_signal(b);
		break;
	case WATCH_SERVICE:
		/* the event may be about the channel of an incarnation that is gone */
		if ((uint32_t) b->service.pid == (uint32_t) tag && b->service.channel >= 0)
			on_channel(b, &b->service, serve_service);
		break;
	case WATCH_DISCOVER:
		if ((uint32_t) b->discover.pid == (uint32_t) tag && b->discover.channel >= 0)
			on_channel(b, &b->discover, serve_discover);
		break;
	case WATCH_TARGET:
		on_target_exit(b, (uint32_t) tag);
		break;
	default:
		break;
	}
}

/* The service has told its viewers and gone, or its time is up. */
static bool is_over(const struct broker *b, int64_t now_ns)
{
	return b->shutting_down && (b->service.pid == 0 || now_ns >= b->deadline_ns);
}

static void end_everything(struct broker *b)
{
	for (size_t i = 0; i < b->captures.n; i++)
		(void) kill(b->captures.all[i].reader, SIGKILL);
	digs_kill_all(&b->digs);
	if (b->service.pid > 0)
		(void) kill(b->service.pid, SIGKILL);
	if (b->discover.pid > 0)
		(void) kill(b->discover.pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

int supervise_run(struct broker *b)
{
	struct err e = ERR_NONE;
	int rc = children_start_discover(b, &e);

	if (rc == 0)
		rc = children_start_service(b, &e);
	if (rc < 0) {
		log_error("%s", e.text);
		b->exit_status = EXIT_FAILURE;
	}
	while (rc == 0) {
		struct epoll_event ev[EVENTS_MAX];
		int64_t now_ns = clock_mono_ns();
		int n;

		if (is_over(b, now_ns))
			break;
		if (!b->shutting_down)
			restart_due(b, now_ns);
		n = epoll_wait(b->epoll_fd, ev, EVENTS_MAX, next_timeout(b, now_ns));
		for (int i = 0; i < n; i++)
			dispatch(b, ev[i].data.u64);
	}
	end_everything(b);
	return b->exit_status;
}
