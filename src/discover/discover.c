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
#include "discover/channel.h"
#include "discover/container/container.h"
#include "discover/container/oci_states.h"
#include "discover/detail/detail.h"
#include "discover/detail/document.h"
#include "discover/detail/nif_names.h"
#include "discover/edge/edge.h"
#include "discover/engine/engines.h"
#include "discover/host/host.h"
#include "discover/host/links.h"
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

	struct scan scan; /* valid while scanning */
	bool scanning;
	uint32_t scan_asked; /* request this scan answers, 0 = none */
	struct detail detail;
	int64_t scan_began_ns, scan_took_ns, scan_ended_ns;
	int64_t next_ns; /* when the next scan is due */
	struct loop_timer next, links_limit, engines_limit;
	int status; /* why the loop was stopped */
};

static void stop(struct discover *d, int status)
{
	d->status = status;
	loop_stop(&d->loop);
}

/* Have a scan begin at @at_ns, or right after the one that is running. */
static void schedule(struct discover *d, int64_t at_ns)
{
	if (at_ns < d->next_ns)
		d->next_ns = at_ns;
	if (!d->scanning)
		loop_arm(&d->loop, &d->next, d->next_ns);
}

/* Add the document of bit number @bit to the generation. */
static int add_document(struct discover *d, size_t bit, const struct document *document)
{
	AUTO_TEXT struct text t = {0};
	int rc = document_put(&t, document);

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

static void end_scan(struct discover *d)
{
	int64_t now, rest_ns = (int64_t) DISCOVER_REST_MS * MS_NS;
	int rc = publish(d);

	now = clock_mono_ns();
	if (rc < 0)
		log_error("cannot publish a catalog error=\"%s\"", strerror(-rc));
	else
		channel_publish(&d->channel, d->scan_asked);
	loop_disarm(&d->loop, &d->links_limit);
	loop_disarm(&d->loop, &d->engines_limit);
	links_stop(&d->links);
	detail_end(&d->detail);
	scan_done(&d->scan);
	d->scanning = false;
	d->scan_ended_ns = now;
	d->scan_took_ns = now - d->scan_began_ns;
	if (d->scan_took_ns * 200 > rest_ns)
		rest_ns = d->scan_took_ns * 200;
	schedule(d, now + rest_ns);
}

static void end_scan_if_complete(struct discover *d)
{
	int rc;

	if (!d->scanning || !links_finished(&d->links))
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
	int64_t now = clock_mono_ns(), gap_ns = (int64_t) DISCOVER_GAP_MS * MS_NS;

	if (gap_ns < d->scan_took_ns)
		gap_ns = d->scan_took_ns;
	schedule(d, d->scan_ended_ns + gap_ns > now ? d->scan_ended_ns + gap_ns : now);
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
	d->engines.env.networks_wanted = d->detail.documents != 0;
	engines_update(&d->engines, &d->scan.procs);
	engines_ask(&d->engines, seen, n);
	return 0;
}

/* Ask for what takes others' help: links and containers. */
static int ask_all(struct discover *d)
{
	int64_t now = clock_mono_ns();
	int rc = ask_engines(d);

	if (rc == 0)
		rc = links_start(&d->links, &d->scan.nets);
	if (rc == 0) {
		loop_arm(&d->loop, &d->links_limit, now + (int64_t) DISCOVER_LINKS_MS * MS_NS);
		loop_arm(&d->loop, &d->engines_limit, now + (int64_t) DISCOVER_ENGINE_MS * MS_NS);
	}
	return rc;
}

static void begin_scan(void *ctx)
{
	struct discover *d = ctx;
	const struct network_means means = {&d->scan, d->procfd, d->broker.fd, &d->links};
	uint8_t documents;
	int rc;

	d->next_ns = INT64_MAX;
	d->scan_began_ns = clock_mono_ns();
	d->scan_asked = d->channel.asked;
	documents = channel_take_documents(&d->channel);
	rc = scan_read(d->procfd, &d->self, &d->scan);
	if (rc < 0) {
		d->channel.documents |= documents;
		log_error("cannot scan error=\"%s\"", strerror(-rc));
		schedule(d, d->scan_began_ns + (int64_t) DISCOVER_REST_MS * MS_NS);
		return;
	}
	if (d->scan.cut)
		log_warn("too many network namespaces limit=%d", CATALOG_NETNS_MAX);
	rc = detail_begin(&d->detail, documents, &means);
	if (rc == 0)
		rc = ask_all(d);
	if (rc < 0) {
		detail_end(&d->detail);
		scan_done(&d->scan);
		stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
		return;
	}
	d->scanning = true;
	end_scan_if_complete(d);
}

static void on_refresh(void *ctx)
{
	schedule(ctx, clock_mono_ns());
}

static void use_channel(struct discover *d, int fd)
{
	int rc;

	/* requests of the former service must not be answered to the new one */
	d->scan_asked = 0;
	rc = channel_use(&d->channel, fd);
	if (rc < 0)
		log_error("cannot use a catalog channel error=\"%s\"", strerror(-rc));
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
		.next_ns = INT64_MAX,
		.next = {.fn = begin_scan, .ctx = d},
		.links_limit = {.fn = on_links_limit, .ctx = d},
		.engines_limit = {.fn = on_engines_limit, .ctx = d}};
	host_read(d->procfd, &d->host);
}

static void done(struct discover *d)
{
	detail_end(&d->detail);
	if (d->scanning)
		scan_done(&d->scan);
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
	if (rc == 0) {
		schedule(&d, clock_mono_ns());
		rc = loop_run(&d.loop);
	}
	if (rc == 0)
		rc = d.status;
	done(&d);
	return rc < 0 ? err_sys(e, rc, "discovery ended") : 0;
}
