/* SPDX-License-Identifier: MIT */
#include "discover/discover.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ns_link.h"
#include "base/own.h"
#include "discover/discover_state.h"
#include "discover/round.h"

#define MS_NS 1000000

void discover_stop(struct discover *d, int status)
{
	d->status = status;
	loop_stop(&d->loop);
}

void discover_plan(struct discover *d)
{
	if (d->scanning == AGENDA_NOTHING)
		loop_arm(&d->loop, &d->next, clock_mono_ns());
}

/* An engine has announced something, or a late one has answered. */
static void on_change(void *ctx)
{
	struct discover *d = ctx;

	d->announced = true;
	discover_plan(d);
}

static void on_next(void *ctx)
{
	struct discover *d = ctx;
	struct agenda_wants w;
	enum agenda_kind kind;
	int64_t at_ns;

	bool is_unanswered;

	live_look(&d->live);
	/* a scan that nobody waited for went on without what engines say */
	is_unanswered =
		d->channel.confirm_asked != d->channel.confirmed && engines_unanswered(&d->engines);
	w = (struct agenda_wants){.whole_asked = d->channel.asked != d->channel.answered,
		.confirm_asked = d->channel.confirm_asked != d->channel.confirmed,
		.documents = d->channel.documents != 0,
		.is_told = live_tells(&d->live),
		.is_lost = live_tells(&d->live) && d->live.is_lost,
		.has_changed = d->live.matters || is_unanswered,
		.announced = d->announced};
	if (w.has_changed || w.announced)
		channel_outdated(&d->channel);
	else if (w.confirm_asked && live_is_complete(&d->live))
		channel_confirm(&d->channel, d->channel.confirm_asked);
	kind = agenda_next(&d->agenda, &w, clock_mono_ns(), &at_ns);
	if (kind == AGENDA_NOTHING)
		loop_arm(&d->loop, &d->next, at_ns);
	else
		round_begin(d, kind);
}

/* A scan is under way, but not because something has changed: as long as nothing has, the newest
 * generation is what is known of the host. */
static void confirm_meanwhile(struct discover *d)
{
	live_look(&d->live);
	if (live_is_complete(&d->live) && !d->live.matters && !d->announced)
		channel_confirm(&d->channel, d->channel.confirm_asked);
}

static void on_refresh(void *ctx)
{
	struct discover *d = ctx;

	agenda_request(&d->agenda);
	if (d->scanning != AGENDA_NOTHING && !d->is_late)
		confirm_meanwhile(d);
	discover_plan(d);
}

static void on_yield(void *ctx)
{
	struct discover *d = ctx;

	channel_look(&d->channel);
}

static void on_live_change(void *ctx)
{
	discover_plan(ctx);
}

/* Requests of the service from now on wait for a look. */
static void on_live_doubt(void *ctx)
{
	struct discover *d = ctx;

	channel_outdated(&d->channel);
}

static void use_channel(struct discover *d, int fd)
{
	int rc;

	/* requests of the former service must not be answered to the new one */
	d->scan_asked = d->scan_confirms = 0;
	rc = channel_use(&d->channel, fd);
	if (rc < 0)
		log_error("cannot use a catalog channel error=\"%s\"", strerror(-rc));
}

static void use_events(struct discover *d, const struct msg *m, struct fdset *fds)
{
	AUTO_CLOSE int fd = fdset_take(fds, 0);

	if (fd < 0)
		log_info("no events, scanning instead reason=\"%s\"", m->u.status.text);
	else if (m->id == EVENTS_PROCESSES)
		live_use_processes(&d->live, TAKE_FD(fd));
	else
		live_use_links(&d->live, TAKE_FD(fd));
	/* the last answer: there is nothing more to wait for */
	if (m->id == EVENTS_PROCESSES)
		discover_plan(d);
}

/* Links first: they are of use only once processes are told of, too. */
static int ask_for_events(const struct discover *d)
{
	static const uint8_t sources[] = {EVENTS_LINKS, EVENTS_PROCESSES};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(sources) && rc == 0; i++) {
		const struct msg m = {.op = MSG_EVENTS_OPEN,
			.id = sources[i],
			.u.events_open.source = sources[i]};

		rc = msg_send(d->broker.fd, &m, NULL, 0);
	}
	return rc;
}

/* Handle one message. Returns 0, or a negative errno when the broker cannot be talked to. */
static int on_broker_message(struct discover *d, const struct msg *m, struct fdset *fds)
{
	switch (m->op) {
	case MSG_NETLINK_OPENED:
		return links_answer(&d->links, m, fds);
	case MSG_UTS_NAMES_TOLD:
	case MSG_TUN_TOLD:
	case MSG_PORTS_OPENED:
		return detail_answer(&d->detail, m, fds);
	case MSG_EVENTS_OPENED:
		use_events(d, m, fds);
		return 0;
	case MSG_PING:
		/* a full channel is empty again before the watchdog's time is over */
		(void) msg_send(d->broker.fd, &(struct msg){.op = MSG_PONG, .id = m->id}, NULL, 0);
		return 0;
	case MSG_CATALOG_CHANNEL:
		use_channel(d, fdset_take(fds, 0));
		return 0;
	default:
		return -EBADMSG;
	}
}

/* One message: what it hands over may take long to read, and others have their turn in between. */
static void on_broker(void *ctx, uint32_t events)
{
	struct discover *d = ctx;

	AUTO_FDSET struct fdset fds = FDSET_NONE;
	struct msg m;
	int rc = msg_recv(d->broker.fd, &m, &fds);

	(void) events;
	if (rc == -EAGAIN)
		return;
	d->broker_heard_ns = clock_mono_ns();
	if (rc > 0)
		rc = on_broker_message(d, &m, &fds);
	else if (rc == 0)
		rc = -EPIPE;
	if (rc < 0)
		discover_stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
	else
		round_go_on(d);
}

static void init(struct discover *d, const struct discover_fds *fds)
{
	*d = (struct discover){.procfd = fds->proc,
		.self = {.pid = getpid(),
			.broker_pid = getppid(),
			.netns = ns_link_read(fds->proc, "self/ns/net", "net"),
			.mntns = ns_link_read(fds->proc, "self/ns/mnt", "mnt")},
		.broker = {.fd = fds->broker, .fn = on_broker, .ctx = d},
		.yield = {.fn = on_yield, .ctx = d},
		.pub = PUBLICATION_NONE,
		.next = {.fn = on_next, .ctx = d}};
	round_init(d);
	host_read(d->procfd, &d->host);
}

static void done(struct discover *d)
{
	detail_end(&d->detail);
	live_done(&d->live);
	scan_done(&d->scan);
	scan_done(&d->newest);
	links_stop(&d->links);
	edge_done(&d->edge);
	engines_done(&d->engines);
	oci_states_done(&d->oci);
	channel_done(&d->channel);
	publication_done(&d->pub);
	loop_done(&d->loop);
	close_p(&d->broker.fd);
	close_p(&d->procfd);
}

static void on_round_done(void *ctx)
{
	round_go_on(ctx);
}

static int init_engines(struct discover *d)
{
	int rc = engines_init(&d->engines, &d->loop, d->procfd);

	d->engines.env.round_fn = on_round_done;
	d->engines.env.change_fn = on_change;
	d->engines.env.ctx = d;
	return rc;
}

int discover_run(const struct discover_fds *fds, struct err *e)
{
	struct discover d;
	int rc;

	init(&d, fds);
	live_init(&d.live, &d.loop, d.procfd, &d.self);
	d.live.change_fn = on_live_change;
	d.live.doubt_fn = on_live_doubt;
	d.live.ctx = &d;
	channel_init(&d.channel, &d.loop, &d.pub, on_refresh, &d);
	rc = loop_init(&d.loop);
	if (rc == 0)
		rc = links_init(&d.links, d.procfd, d.broker.fd);
	if (rc == 0)
		rc = init_engines(&d);
	if (rc == 0)
		rc = loop_watch(&d.loop, &d.broker, EPOLLIN);
	if (rc == 0)
		rc = channel_use(&d.channel, fds->catalog);
	if (rc == 0)
		rc = ask_for_events(&d);
	if (rc == 0) {
		/* a scan begun before events are told has to be repeated */
		loop_arm(&d.loop, &d.next, clock_mono_ns() + (int64_t) DISCOVER_EVENTS_MS * MS_NS);
		rc = loop_run(&d.loop);
	}
	if (rc == 0)
		rc = d.status;
	done(&d);
	return rc < 0 ? err_sys(e, rc, "discovery ended") : 0;
}
