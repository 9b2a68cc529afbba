/* SPDX-License-Identifier: MIT */
#include "broker/supervise.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
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
#include "broker/news.h"
#include "broker/reload.h"
#include "broker/watch.h"
#include "broker/watchdog.h"
#include "proto/fdpass.h"
#include "proto/service_args.h"

#define SHUTDOWN_NS    (10 * 1000000000LL) /* for captures to end with their statistics */
#define KILLED_NS      (2 * 1000000000LL)  /* for killed processes to end */
#define KILLED_POLL_MS 50
#define EVENTS_MAX     32
#define MESSAGES_MAX   64 /* of one peer in a row, then the others */

/* Print the URL and say so when both children work. */
static void announce(struct broker *b)
{
	char url[128];

	if (!b->is_service_ready || !b->discover.has_spoken || b->is_announced)
		return;
	b->is_announced = true;
	log_info("ready pid=%d", (int) b->service.pid);
	listen_url(b->listen_fds[0], b->tls_cert_fd >= 0, url, sizeof(url));
	(void) puts(url);
	(void) fflush(stdout);
}

static void on_ready(struct broker *b)
{
	news_restarts(b);
	b->is_service_ready = true;
	announce(b);
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
		workers_kill(&b->digs, m->id);
		return 0;
	case MSG_COMPILE_OPEN:
		op_compile_open(b, m->id);
		return 0;
	case MSG_COMPILE_KILL:
		workers_kill(&b->compilers, m->id);
		return 0;
	case MSG_READY:
		on_ready(b);
		return 0;
	case MSG_PONG:
		watchdog_pong(b, &b->service);
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

static void kill_readers(struct broker *b)
{
	for (size_t i = 0; i < b->captures.n; i++) {
		if (b->captures.all[i].reader > 0)
			(void) kill(b->captures.all[i].reader, SIGKILL);
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
	case MSG_PONG:
		watchdog_pong(b, &b->discover);
		return 0;
	default:
		return -EPROTO;
	}
}

typedef int serve_fn(struct broker *b, const struct msg *m);

/* Is there room for an answer in the channel of @c? What the kernel calls writable has room for
 * several. */
static bool has_room(const struct child *c)
{
	struct pollfd p = {.fd = c->channel, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLOUT | POLLERR | POLLHUP));
}

static void set_blocked(struct broker *b, struct child *c, bool is_blocked)
{
	if (c->is_blocked == is_blocked)
		return;
	c->is_blocked = is_blocked;
	broker_watch_channel(b, c);
}

/* Serve what @c sent, as long as there is room for the answers: a peer that does not read them is
 * not served further, and loses none. A peer that breaks the protocol is killed, and started again
 * when reaped. */
static void on_channel(struct broker *b, struct child *c, serve_fn *serve)
{
	for (int i = 0; i < MESSAGES_MAX; i++) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc;

		set_blocked(b, c, !has_room(c));
		if (c->is_blocked)
			return;
		rc = msg_recv(c->channel, &m, &fds);

		if (rc == -EAGAIN)
			return;
		if (rc > 0) {
			c->has_spoken = true;
			rc = fds.n > 0 ? -EPROTO : serve(b, &m);
		} else if (rc == 0)
			rc = -EPIPE;
		if (rc < 0) {
			if (rc != -EPIPE)
				log_error("%s broke the protocol, ending it", c->name);
			broker_unwatch(b, c->channel);
			(void) kill(c->pid, SIGKILL);
			return;
		}
	}
}

/* How @status of waitpid(2) is said. */
static const char *status_text(int status, char *ret, size_t cap)
{
	if (WIFSIGNALED(status))
		(void) snprintf(ret, cap, "killed by signal %d", WTERMSIG(status));
	else
		(void) snprintf(ret, cap, "exit status %d", WEXITSTATUS(status));
	return ret;
}

/* The child ended before any incarnation of it did anything: starting it again would not help. */
static void give_up(struct broker *b, const struct child *c, int status)
{
	char text[64];

	log_error("packetflix-%s cannot start: %s; ending", c->name,
		status_text(status, text, sizeof(text)));
	b->shutting_down = true;
	b->exit_status = EXIT_FAILURE;
	b->deadline_ns = clock_mono_ns();
}

static void on_child_end(struct broker *b, struct child *c, int status)
{
	char text[64];

	broker_unwatch(b, c->channel);
	children_ended(c, clock_mono_ns());
	if (b->shutting_down)
		return;
	if (!c->has_spoken || (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_CONFIGURATION &&
				      c->restarts == 1)) {
		give_up(b, c, status);
		return;
	}
	log_error("%s ended: %s restarts=%" PRIu32, c->name,
		status_text(status, text, sizeof(text)), c->restarts);
	if (c == &b->discover)
		news_restarts(b);
}

/* The readers of the former service are of no use to the next one. */
static void on_service_end(struct broker *b, int status)
{
	workers_kill_all(&b->digs);
	workers_kill_all(&b->compilers);
	kill_readers(b);
	on_child_end(b, &b->service, status);
	news_forget(b);
}

static void reap(struct broker *b)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct running_capture *r = captures_find_reader(&b->captures, pid);

		if (r)
			news_reader_ended(b, r, status);
		else if (pid == b->service.pid)
			on_service_end(b, status);
		else if (pid == b->discover.pid)
			on_child_end(b, &b->discover, status);
		else
			workers_ended(&b->digs, pid);
		workers_ended(&b->compilers, pid);
	}
}

static void begin_shutdown(struct broker *b, int signal)
{
	if (b->shutting_down)
		return;
	log_info("ending signal=%d captures=%zu", signal, b->captures.n);
	b->shutting_down = true;
	b->deadline_ns = clock_mono_ns() + SHUTDOWN_NS;
	news_shutdown(b);
}

static void on_signal(struct broker *b)
{
	struct signalfd_siginfo s;

	while (read(b->signal_fd, &s, sizeof(s)) == (ssize_t) sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			reap(b);
		else if (s.ssi_signo == SIGHUP)
			reload_files(b);
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

/* Milliseconds until the next thing that happens by the clock. @at_ns: when pings are due. */
static int next_timeout(const struct broker *b, int64_t now_ns, int64_t at_ns)
{
	const int64_t times[] = {b->shutting_down ? b->deadline_ns : 0,
		b->shutting_down ? 0 : b->service.retry_ns,
		b->shutting_down ? 0 : b->discover.retry_ns};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		if (times[i] && times[i] < at_ns)
			at_ns = times[i];
	}
	return at_ns <= now_ns ? 0 : (int) ((at_ns - now_ns) / 1000000) + 1;
}

/* Is this about the channel of the incarnation of @c that runs? */
static bool is_current(const struct child *c, uint32_t pid)
{
	return (uint32_t) c->pid == pid && c->channel >= 0;
}

/* Something happened on the channel of the incarnation @pid of @c: messages, room for them, or its
 * end. */
static void on_event(struct broker *b, struct child *c, uint32_t pid, serve_fn *serve)
{
	if (is_current(c, pid))
		on_channel(b, c, serve);
	if (is_current(c, pid) && c->wants_room)
		news_flush(b);
}

static void dispatch(struct broker *b, const struct epoll_event *ev)
{
	uint32_t number = (uint32_t) ev->data.u64;
	struct running_capture *r;

	switch ((enum watch_tag)(ev->data.u64 >> 32)) {
	case WATCH_SIGNAL:
		on_signal(b);
		break;
	case WATCH_SERVICE:
		on_event(b, &b->service, number, serve_service);
		break;
	case WATCH_DISCOVER:
		on_event(b, &b->discover, number, serve_discover);
		announce(b);
		break;
	case WATCH_TARGET:
		r = captures_find_serial(&b->captures, number);
		if (r && r->target_pidfd >= 0)
			news_target_exited(b, r);
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

static bool has_children(const struct broker *b)
{
	for (size_t i = 0; i < b->captures.n; i++) {
		if (b->captures.all[i].reader > 0)
			return true;
	}
	return b->service.pid > 0 || b->discover.pid > 0 || b->digs.n > 0 || b->compilers.n > 0;
}

/* Kill all children and wait for them, not for others that this process may have inherited, and not
 * for ever: one can be stuck in the kernel. */
static void end_everything(struct broker *b)
{
	int64_t limit_ns = clock_mono_ns() + KILLED_NS;

	b->shutting_down = true;
	kill_readers(b);
	workers_kill_all(&b->digs);
	workers_kill_all(&b->compilers);
	if (b->service.pid > 0)
		(void) kill(b->service.pid, SIGKILL);
	if (b->discover.pid > 0)
		(void) kill(b->discover.pid, SIGKILL);
	for (reap(b); has_children(b) && clock_mono_ns() < limit_ns; reap(b)) {
		struct pollfd p = {.fd = b->signal_fd, .events = POLLIN};
		struct signalfd_siginfo s;

		(void) poll(&p, 1, KILLED_POLL_MS);
		(void) !read(b->signal_fd, &s, sizeof(s));
	}
	if (has_children(b))
		log_error("some processes do not end although they were killed");
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
		int64_t now_ns = clock_mono_ns(), ping_ns;
		int n;

		if (is_over(b, now_ns))
			break;
		if (!b->shutting_down)
			restart_due(b, now_ns);
		ping_ns = watchdog_tick(b, now_ns);
		n = epoll_wait(b->epoll_fd, ev, EVENTS_MAX, next_timeout(b, now_ns, ping_ns));
		for (int i = 0; i < n; i++)
			dispatch(b, &ev[i]);
	}
	end_everything(b);
	return b->exit_status;
}
