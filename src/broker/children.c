/* SPDX-License-Identifier: MIT */
#include "broker/children.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>

#include "base/clock.h"
#include "base/own.h"
#include "broker/news.h"
#include "broker/spawn.h"
#include "broker/watch.h"
#include "proto/fdpass.h"
#include "proto/service_args.h"

#define RAN_WELL_NS    (5 * 1000000000LL)
#define RETRY_FIRST_NS (100 * 1000000LL)
#define RETRY_STEPS    6 /* up to 6.4 s */

#define ARGS_MAX     96
#define ARG_TEXT_MAX 448

/* Words of the form name=value. */
struct args {
	char text[ARGS_MAX][ARG_TEXT_MAX];
	char *argv[ARGS_MAX + 1];
	size_t n;
};

static void add_arg(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add_arg(struct args *a, const char *fmt, ...)
{
	va_list ap;

	if (a->n == ARGS_MAX)
		return;
	va_start(ap, fmt);
	(void) vsnprintf(a->text[a->n], ARG_TEXT_MAX, fmt, ap);
	va_end(ap);
	a->argv[a->n] = a->text[a->n];
	a->argv[++a->n] = NULL;
}

static void service_args(const struct broker *b, struct args *a)
{
	const struct options *o = b->options;
	char user[SANDBOX_IDS_MAX];

	sandbox_ids_format(&b->users.service, user);
	add_arg(a, "packetflix-service");
	add_arg(a, "user=%s", user);
	add_arg(a, "listen=%" PRIu32, b->n_listen);
	add_arg(a, "tls=%d", b->tls_cert_fd >= 0);
	add_arg(a, "token=%d", b->token_fd >= 0);
	add_arg(a, "debug=%d", o->debug);
	add_arg(a, "log-requests=%d", o->log_requests);
	add_arg(a, "log-headers=%d", o->log_headers);
	add_arg(a, "proxy=%d", o->proxy_discovery);
	add_arg(a, "discovery-service=%s", o->discovery_service);
	add_arg(a, "gw-port=%u", o->gw_port);
	add_arg(a, "memory=%" PRIu64, o->memory_bytes);
	add_arg(a, "ring-size=%" PRIu64, o->ring_bytes);
	add_arg(a, "stream-size=%" PRIu64, o->stream_bytes);
	add_arg(a, "latency=%" PRIu64, o->latency_ms);
	add_arg(a, "max-age=%" PRIu64, o->max_age_ms);
	add_arg(a, "max-captures=%" PRIu64, o->max_captures);
	add_arg(a, "max-viewers=%" PRIu64, o->max_viewers);
	add_arg(a, "max-targets=%" PRIu64, o->max_targets);
	add_arg(a, "max-connections=%" PRIu64, o->max_connections);
	for (uint32_t i = 0; i < o->n_allow_host; i++)
		add_arg(a, "allow-host=%s", o->allow_host[i]);
	for (size_t i = 0; i < b->host_names.n; i++)
		add_arg(a, "own-host=%s", b->host_names.v[i]);
	for (size_t i = 0; i < b->warnings.n; i++)
		add_arg(a, "warning=%s:%s", b->warnings.v[i].kind, b->warnings.v[i].text);
}

/* Two new channels for a child: to the broker, and the catalog channel, whose other end goes to its
 * counterpart. */
struct channels {
	int broker[2], catalog[2]; /* owned; [0] for the child, [1] for the others */
};

static void channels_done(struct channels *c)
{
	for (int i = 0; i < 2; i++) {
		close_p(&c->broker[i]);
		close_p(&c->catalog[i]);
	}
}

static int channels_make(struct channels *c, struct err *e)
{
	int rc = fdpass_pair(c->broker);

	if (rc == 0)
		rc = fdpass_pair(c->catalog);
	return rc < 0 ? err_sys(e, rc, "cannot make a channel") : 0;
}

/* The child runs: keep our end of its channel and hand its counterpart the catalog channel. A child
 * that cannot be watched is of no use: it is killed, and reaped like one that ended. */
static int started(
	struct broker *b, struct child *c, struct child *other, struct channels *ch, struct err *e)
{
	int rc;

	c->channel = TAKE_FD(ch->broker[1]);
	c->started_ns = clock_mono_ns();
	c->retry_ns = 0;
	c->n_unanswered = 0;
	rc = broker_watch(b, c->channel,
		watch_tag(c == &b->service ? WATCH_SERVICE : WATCH_DISCOVER, (uint32_t) c->pid));
	if (rc < 0)
		(void) kill(c->pid, SIGKILL);
	else if (other->pid > 0)
		news_catalog_channel(b, other, TAKE_FD(ch->catalog[1]));
	return rc < 0 ? err_sys(e, rc, "cannot watch %s", c->name) : 0;
}

int children_start_service(struct broker *b, struct err *e)
{
	struct channels ch = {{-1, -1}, {-1, -1}};
	struct args args = {.n = 0};
	int fds[SPAWN_FDS_MAX], rc;
	size_t n = 0;
	struct spawn s = {.program = "packetflix-service", .argv = args.argv, .fds = fds};

	rc = channels_make(&ch, e);
	fds[n++] = ch.broker[0];
	fds[n++] = ch.catalog[0];
	fds[n++] = b->empty_root_fd;
	for (uint32_t i = 0; i < b->n_listen; i++)
		fds[n++] = b->listen_fds[i];
	if (b->tls_cert_fd >= 0) {
		fds[n++] = b->tls_cert_fd;
		fds[n++] = b->tls_key_fd;
	}
	if (b->token_fd >= 0)
		fds[n++] = b->token_fd;
	s.n_fds = n;
	/* to give up its root directory and its user */
	s.caps = 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_SETUID | 1ULL << CAP_SETGID |
		 1ULL << CAP_SETPCAP;
	service_args(b, &args);
	if (rc == 0)
		rc = spawn_program(&s, e);
	if (rc > 0) {
		b->service.pid = rc;
		b->epoch++;
		rc = started(b, &b->service, &b->discover, &ch, e);
	}
	channels_done(&ch);
	return rc;
}

int children_start_discover(struct broker *b, struct err *e)
{
	struct channels ch = {{-1, -1}, {-1, -1}};
	struct args args = {.n = 0};
	int fds[2], rc;
	struct spawn s = {
		.program = "packetflix-discover", .argv = args.argv, .fds = fds, .n_fds = 2};

	rc = channels_make(&ch, e);
	fds[0] = ch.broker[0];
	fds[1] = ch.catalog[0];
	/* to read about other users' processes, and to reach the engines' sockets */
	s.caps = 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_DAC_OVERRIDE |
		 1ULL << CAP_SETPCAP;
	add_arg(&args, "packetflix-discover");
	add_arg(&args, "--broker-fd");
	add_arg(&args, "%d", DISCOVER_FD_BROKER);
	add_arg(&args, "--catalog-fd");
	add_arg(&args, "%d", DISCOVER_FD_CATALOG);
	if (b->options->debug)
		add_arg(&args, "--debug");
	if (rc == 0)
		rc = spawn_program(&s, e);
	if (rc > 0) {
		b->discover.pid = rc;
		rc = started(b, &b->discover, &b->service, &ch, e);
	}
	channels_done(&ch);
	return rc;
}

void children_ended(struct child *c, int64_t now_ns)
{
	int64_t delay = 0;

	if (now_ns - c->started_ns >= RAN_WELL_NS)
		c->failures = 0;
	if (c->failures > 0)
		delay = RETRY_FIRST_NS << (c->failures < RETRY_STEPS ? c->failures : RETRY_STEPS);
	c->failures++;
	c->restarts++;
	c->retry_ns = now_ns + delay;
	c->pid = 0;
	c->is_silent = false;
	c->n_unanswered = 0;
	c->is_blocked = c->wants_room = false;
	close_p(&c->catalog_fd);
	c->catalog_fd = -1;
	close_p(&c->channel);
	c->channel = -1;
}
