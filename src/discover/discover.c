/* SPDX-License-Identifier: MIT */
#include "discover/discover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/ns_link.h"
#include "base/own.h"
#include "discover/agenda.h"
#include "discover/channel.h"
#include "discover/container/container.h"
#include "discover/container/oci_states.h"
#include "discover/detail/attachments.h"
#include "discover/detail/detail.h"
#include "discover/detail/document.h"
#include "discover/detail/nif_names.h"
#include "discover/edge/edge.h"
#include "discover/engine/engines.h"
#include "discover/host/host.h"
#include "discover/host/links.h"
#include "discover/live.h"
#include "discover/loop.h"
#include "discover/host/scan.h"
#include "discover/names.h"
#include "discover/targets.h"

#define MS_NS         1000000
#define OCI_ID_DIGITS 64

struct discover {
	struct loop loop;
	int procfd;
	struct proc_self self;
	struct host host;
	struct edge edge;
	struct loop_source broker;
	struct links links;
	struct engines engines;
	struct oci_states oci;
	struct channel channel;
	struct publication pub;

	struct live live;
	struct agenda agenda;

	struct scan scan;   /* under way */
	struct scan newest; /* the one before */
	bool has_newest;
	enum agenda_kind scanning;          /* what is under way */
	uint32_t scan_asked, scan_confirms; /* requests this scan answers, 0 = none */
	struct detail detail;
	int64_t scan_began_ns;
	bool is_late;   /* the scan shows something that the newest generation does not */
	bool is_asking; /* not everybody has been asked: nothing is complete, however it looks */
	bool announced; /* by an engine, since the scan began */
	struct loop_timer next, links_limit, engines_limit;
	int status; /* why the loop was stopped */
};

static void stop(struct discover *d, int status)
{
	d->status = status;
	loop_stop(&d->loop);
}

/* Think again about what to do next. */
static void plan(struct discover *d)
{
	if (d->scanning == AGENDA_NOTHING)
		loop_arm(&d->loop, &d->next, clock_mono_ns());
}

/* Add the document of bit number @bit to the generation. */
static int add_document(struct discover *d, size_t bit, const struct document *document)
{
	const struct attachments attachments = {
		&d->scan.nets, &d->detail.network.stacks, document->containers};
	AUTO_TEXT struct text t = {0};
	int rc = 1U << bit == MSG_DOCUMENT_NEIGHBOURS ? attachments_put(&t, &attachments)
						      : document_put(&t, document);

	return rc < 0 ? rc : publication_add(&d->pub, bit, &t);
}

static void add_documents(struct discover *d, const struct container_list *containers,
	const struct metadata *metadata)
{
	struct document document = {
		.detail = &d->detail, .containers = containers, .metadata = metadata};

	nif_names_set(&d->detail.network.stacks, &d->scan.procs, &d->engines, d->self.netns);
	if (d->detail.documents & MSG_DOCUMENT_ICONS)
		edge_load_icons(&d->edge, d->procfd);
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		int rc;

		document.apps = 1U << i == MSG_DOCUMENT_ICONS ? &d->edge : NULL;
		rc = d->detail.documents & 1U << i ? add_document(d, i, &document) : 0;
		if (rc < 0)
			log_error("cannot make a document error=\"%s\"", strerror(-rc));
	}
}

/* Make a generation of @containers and what else the scan found. */
static int make_generation(struct discover *d, const struct container_list *containers)
{
	struct metadata_engine engines[ENGINES_MAX];
	struct catalog catalog;
	struct mobyshark m = {.metadata = {.host = &d->host,
				      .engines = engines,
				      .edge = &d->edge,
				      .wall_ns = clock_wall_ns()},
		.catalog = &catalog};
	const struct names_host self = {d->host.hostname, d->self.netns};
	size_t n = 0;
	int rc;

	netns_set_drop_guesses(&d->scan.nets);
	rc = targets_make(&d->scan.nets, &d->scan.procs, containers, &catalog);
	if (rc < 0)
		return rc;
	rc = names_make(&d->scan.nets, &d->scan.procs, containers, &self, &catalog);
	if (rc < 0) {
		catalog_done(&catalog);
		return rc;
	}
	for (const struct engine *e = d->engines.first; e && n < ENGINES_MAX; e = e->next) {
		if (!e->absent)
			engines[n++] = (struct metadata_engine){
				e->id, e->driver->engine_type, e->version, e->pid, e->unreachable};
	}
	m.metadata.n_engines = n;
	rc = publication_make(&d->pub, &m, (uint64_t) (clock_mono_ns() - d->scan_began_ns));
	log_debug("scanned generation=%" PRIu64 " took_us=%" PRIu64
		  " processes=%zu namespaces=%" PRIu32 " containers=%zu targets=%" PRIu32
		  " unread=%zu",
		d->pub.generation, d->pub.scan_ns / 1000, d->scan.procs.n, catalog.n_netns,
		containers->n, catalog.n_targets, d->links.failed);
	if (rc == 0)
		rc = detail_complete(&d->detail);
	if (rc == 0)
		add_documents(d, containers, &m.metadata);
	targets_give_back(&d->scan.nets, &catalog);
	catalog_done(&catalog);
	return rc;
}

static int publish(struct discover *d)
{
	struct container_list containers = {0};
	const struct container_sources sources = {&d->engines, &d->scan.cgroups, &d->oci};
	int rc = container_list_make(d->procfd, &d->scan.procs, &sources, &containers);

	if (rc == 0) {
		edge_update(&d->edge, d->procfd, &containers);
		rc = make_generation(d, &containers);
	}
	if (rc == 0)
		engines_note_seen(&d->engines);
	container_list_done(&containers);
	return rc;
}

/* What was scanned is what later scans are compared with. */
static void keep_scan(struct discover *d)
{
	struct scan before = d->newest;

	d->newest = d->scan;
	d->scan = (struct scan){0};
	live_use_scan(&d->live, &d->newest);
	if (d->has_newest)
		scan_done(&before);
	d->has_newest = true;
}

static void end_scan(struct discover *d)
{
	int rc = publish(d);

	if (rc < 0) {
		log_error("cannot publish a catalog error=\"%s\"", strerror(-rc));
		live_give_back(&d->live);
	} else {
		channel_publish(&d->channel, d->scan_asked);
		channel_confirm(&d->channel, d->scan_confirms);
	}
	loop_disarm(&d->loop, &d->links_limit);
	loop_disarm(&d->loop, &d->engines_limit);
	links_stop(&d->links);
	detail_end(&d->detail);
	agenda_note(&d->agenda, d->scanning, d->scan_began_ns, clock_mono_ns());
	keep_scan(d);
	d->scanning = AGENDA_NOTHING;
	plan(d);
	if (rc < 0)
		loop_arm(&d->loop, &d->next, clock_mono_ns() + DISCOVER_RETRY_MS * (int64_t) MS_NS);
}

static void end_scan_if_complete(struct discover *d)
{
	int rc;

	if (d->scanning == AGENDA_NOTHING || d->is_asking || !links_finished(&d->links))
		return;
	rc = detail_go_on(&d->detail);
	if (rc < 0)
		stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
	else if (links_finished(&d->links) && detail_finished(&d->detail) &&
		 !engines_pending(&d->engines))
		end_scan(d);
}

static void on_links_limit(void *ctx)
{
	struct discover *d = ctx;

	log_warn("the broker is slow: some namespaces are shown without links");
	links_stop(&d->links);
	detail_give_up(&d->detail);
	end_scan_if_complete(d);
}

static void on_engines_limit(void *ctx)
{
	struct discover *d = ctx;
	size_t n = engines_give_up(&d->engines);

	if (n > 0)
		log_warn(
			"container engines are slow: containers are shown as far as known late=%zu",
			n);
	end_scan_if_complete(d);
}

static void on_round_done(void *ctx)
{
	end_scan_if_complete(ctx);
}

/* An engine has announced something, or a late one has answered. */
static void on_change(void *ctx)
{
	struct discover *d = ctx;

	d->announced = true;
	plan(d);
}

/* Is there a container now that was not there before? */
static bool has_new_container(const struct cgroup_list *now, const struct cgroup_list *before)
{
	for (size_t i = 0; i < now->n; i++) {
		if (!cgroup_list_find(before, now->v[i].name.id))
			return true;
	}
	return false;
}

/* Ask all engines for their containers. */
static int ask_engines(struct discover *d)
{
	const struct cgroup_list *l = &d->scan.cgroups;
	char(*seen)[ENGINE_ID_MAX] = calloc(l->n + 1, sizeof(*seen));
	size_t n = 0;

	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		const char *id = l->v[i].name.id;

		/* not those that go by a name: there is no engine to ask */
		if (strlen(id) == OCI_ID_DIGITS && strspn(id, "0123456789abcdef") == strlen(id))
			memcpy(seen[n++], id, OCI_ID_DIGITS + 1);
	}
	engines_ask(&d->engines, seen, n);
	return 0;
}

/* Ask for what takes others' help: links and containers. */
static int ask_all(struct discover *d, bool announced)
{
	int64_t now = clock_mono_ns(), engine_ms = DISCOVER_ENGINE_MS;
	bool has_new_engine = engines_update(&d->engines, &d->scan.procs);
	/* links first: engines may be done at once, and then it is looked what is left to wait for
	 */
	int rc = links_start(&d->links, &d->scan.nets);

	d->engines.env.networks_wanted = d->detail.documents != 0;
	if (rc < 0)
		return rc;
	if (d->scanning == AGENDA_WHOLE || announced || d->detail.documents)
		rc = ask_engines(d);
	else if (has_new_engine || has_new_container(&d->scan.cgroups, &d->newest.cgroups)) {
		engine_ms = DISCOVER_ENGINE_SOON_MS;
		rc = ask_engines(d);
	}
	if (rc == 0) {
		loop_arm(&d->loop, &d->links_limit, now + (int64_t) DISCOVER_LINKS_MS * MS_NS);
		loop_arm(&d->loop, &d->engines_limit, now + engine_ms * MS_NS);
	}
	return rc;
}

static int read_host(struct discover *d, enum agenda_kind kind)
{
	struct scan_changes changes;
	int rc;

	live_take(&d->live, &changes);
	rc = kind == AGENDA_WHOLE
		     ? scan_read(d->procfd, &d->self, &d->scan)
		     : scan_update(d->procfd, &d->self, &d->newest, &changes, &d->scan);
	scan_changes_done(&changes);
	return rc;
}

/* It cannot be done now; later. */
static void fail_scan(struct discover *d, uint8_t documents, int rc)
{
	log_error("cannot scan error=\"%s\"", strerror(-rc));
	d->channel.documents |= documents;
	live_give_back(&d->live);
	loop_arm(&d->loop, &d->next, d->scan_began_ns + (int64_t) DISCOVER_RETRY_MS * MS_NS);
}

static void begin_scan(struct discover *d, enum agenda_kind kind)
{
	const struct network_means means = {&d->scan, d->procfd, d->broker.fd, &d->links};
	bool announced = d->announced;
	uint8_t documents;
	int rc;

	/* what on_next() has found has planned another one: it must not begin within this */
	loop_disarm(&d->loop, &d->next);
	d->is_late = !live_is_complete(&d->live) || d->live.matters || announced;
	d->scan_began_ns = clock_mono_ns();
	d->scan_asked = kind == AGENDA_WHOLE ? d->channel.asked : d->channel.answered;
	d->scan_confirms = d->channel.confirm_asked;
	documents = channel_take_documents(&d->channel);
	rc = read_host(d, kind);
	if (rc < 0) {
		fail_scan(d, documents, rc);
		return;
	}
	d->announced = false;
	d->scanning = kind;
	if (d->scan.cut)
		log_warn("too many network namespaces limit=%d", CATALOG_NETNS_MAX);
	/* an engine that cannot be talked to says so while it is asked */
	d->is_asking = true;
	rc = detail_begin(&d->detail, documents, &means);
	if (rc == 0)
		rc = ask_all(d, announced);
	d->is_asking = false;
	if (rc < 0)
		stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
	else
		end_scan_if_complete(d);
}

static void on_next(void *ctx)
{
	struct discover *d = ctx;
	struct agenda_wants w;
	enum agenda_kind kind;
	int64_t at_ns;

	live_look(&d->live);
	w = (struct agenda_wants){.whole_asked = d->channel.asked != d->channel.answered,
		.confirm_asked = d->channel.confirm_asked != d->channel.confirmed,
		.documents = d->channel.documents != 0,
		.is_told = live_tells(&d->live),
		.is_lost = live_tells(&d->live) && d->live.is_lost,
		.has_changed = d->live.matters,
		.announced = d->announced};
	if (w.has_changed || w.announced)
		channel_outdated(&d->channel);
	else if (w.confirm_asked && live_is_complete(&d->live))
		channel_confirm(&d->channel, d->channel.confirm_asked);
	kind = agenda_next(&d->agenda, &w, clock_mono_ns(), &at_ns);
	if (kind == AGENDA_NOTHING)
		loop_arm(&d->loop, &d->next, at_ns);
	else
		begin_scan(d, kind);
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

	if (d->scanning != AGENDA_NOTHING && !d->is_late)
		confirm_meanwhile(d);
	plan(d);
}

static void on_live_change(void *ctx)
{
	plan(ctx);
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
		plan(d);
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
	case MSG_CATALOG_CHANNEL:
		use_channel(d, fdset_take(fds, 0));
		return 0;
	default:
		return -EBADMSG;
	}
}

static void on_broker(void *ctx, uint32_t events)
{
	struct discover *d = ctx;

	(void) events;
	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(d->broker.fd, &m, &fds);

		if (rc == -EAGAIN)
			break;
		if (rc > 0)
			rc = on_broker_message(d, &m, &fds);
		else if (rc == 0)
			rc = -EPIPE;
		if (rc < 0) {
			stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
			return;
		}
	}
	end_scan_if_complete(d);
}

static void init(struct discover *d, const struct discover_fds *fds)
{
	*d = (struct discover){.procfd = fds->proc,
		.self = {.pid = getpid(),
			.broker_pid = getppid(),
			.netns = ns_link_read(fds->proc, "self/ns/net", "net")},
		.broker = {.fd = fds->broker, .fn = on_broker, .ctx = d},
		.pub = PUBLICATION_NONE,
		.next = {.fn = on_next, .ctx = d},
		.links_limit = {.fn = on_links_limit, .ctx = d},
		.engines_limit = {.fn = on_engines_limit, .ctx = d}};
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
