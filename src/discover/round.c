/* SPDX-License-Identifier: MIT */
#include "discover/round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "discover/discover.h"
#include "discover/discover_state.h"
#include "discover/generation.h"

#define MS_NS         1000000
#define OCI_ID_DIGITS 64

/* What was scanned is what later scans are compared with. */
static void keep_scan(struct discover *d)
{
	struct scan before = d->newest;

	live_leave_scan(&d->live);
	d->newest = d->scan;
	d->scan = (struct scan){0};
	live_use_scan(&d->live, &d->newest);
	if (d->has_newest)
		scan_done(&before);
	d->has_newest = true;
}

static void end_scan(struct discover *d)
{
	int rc = generation_make(d);

	if (rc < 0) {
		log_error("cannot publish a catalog error=\"%s\"", strerror(-rc));
		live_give_back(&d->live);
	} else {
		channel_publish(&d->channel, d->scan_asked);
		channel_confirm(&d->channel, d->scan_confirms);
		/* an engine that was not waited for may know names */
		if (d->is_cut || engines_unanswered(&d->engines))
			channel_outdated(&d->channel);
	}
	loop_disarm(&d->loop, &d->links_limit);
	loop_disarm(&d->loop, &d->engines_limit);
	links_stop(&d->links);
	detail_end(&d->detail);
	agenda_note(&d->agenda, d->scanning, d->scan_began_ns, clock_mono_ns());
	keep_scan(d);
	/* what was not read has to be, before anything is called current */
	if (d->is_cut)
		live_give_back(&d->live);
	d->scanning = AGENDA_NOTHING;
	d->is_cut = false;
	discover_plan(d);
	if (rc < 0)
		loop_arm(&d->loop, &d->next, clock_mono_ns() + DISCOVER_RETRY_MS * (int64_t) MS_NS);
}

void round_go_on(struct discover *d)
{
	int rc;

	if (d->scanning == AGENDA_NOTHING || d->is_asking || !links_finished(&d->links))
		return;
	rc = detail_go_on(&d->detail);
	if (rc < 0)
		discover_stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
	else if (links_finished(&d->links) && detail_finished(&d->detail) &&
		 !engines_pending(&d->engines))
		end_scan(d);
}

static void arm_links_limit(struct discover *d)
{
	loop_arm(&d->loop, &d->links_limit,
		d->broker_heard_ns + DISCOVER_LINKS_MS * (int64_t) MS_NS);
}

static void on_links_limit(void *ctx)
{
	struct discover *d = ctx;

	/* the limit is one of silence: many namespaces take their time */
	if (clock_mono_ns() < d->broker_heard_ns + DISCOVER_LINKS_MS * (int64_t) MS_NS) {
		arm_links_limit(d);
		return;
	}
	log_warn("the broker is silent: some namespaces are shown without links");
	d->is_cut = true;
	links_stop(&d->links);
	detail_give_up(&d->detail);
	round_go_on(d);
}

static void on_engines_limit(void *ctx)
{
	struct discover *d = ctx;
	size_t n = 0;

	if (d->is_patient)
		n = engines_give_up(&d->engines);
	else
		engines_leave(&d->engines);
	if (n > 0)
		log_warn(
			"container engines are slow: containers are shown as far as known late=%zu",
			n);
	round_go_on(d);
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

/* Ask @all engines for their containers, or those that may have something to tell. */
static int ask_engines(struct discover *d, bool all)
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
	engines_ask(&d->engines, all, seen, n);
	return 0;
}

/* Ask for what takes others' help: links and containers. */
static int ask_all(struct discover *d, bool announced)
{
	int64_t now = clock_mono_ns();
	int64_t engine_ms = d->is_patient ? DISCOVER_ENGINE_MS : DISCOVER_ENGINE_SOON_MS;
	bool has_new_engine = engines_update(&d->engines, &d->scan.procs);
	/* whose container it is, only the engines know */
	bool is_all = d->scanning == AGENDA_WHOLE ||
		      has_new_container(&d->scan.cgroups, &d->newest.cgroups);
	/* links first: engines may be done at once, and then it is looked what is left to wait for
	 */
	int rc = links_start(&d->links, &d->scan.nets);

	d->engines.env.networks_wanted = d->detail.documents != 0;
	if (rc < 0)
		return rc;
	if (is_all || has_new_engine || announced || d->detail.documents)
		rc = ask_engines(d, is_all);
	if (d->is_patient)
		engines_await(&d->engines);
	if (rc == 0) {
		d->broker_heard_ns = now;
		arm_links_limit(d);
		loop_arm(&d->loop, &d->engines_limit, now + engine_ms * MS_NS);
	}
	return rc;
}

static int read_host(struct discover *d, enum agenda_kind kind, bool is_free)
{
	const struct scan_means means = {d->procfd, &d->self, &d->yield};
	struct scan_changes changes;
	int rc;

	if (!is_free || kind != AGENDA_UPDATE || !live_lend(&d->live, &changes))
		live_take(&d->live, &changes);
	rc = kind == AGENDA_WHOLE ? scan_read(&means, &d->scan)
				  : scan_update(&means, &d->newest, &changes, &d->scan);
	scan_changes_done(&changes);
	return rc;
}

/* It cannot be done now; later. */
static void fail_scan(struct discover *d, uint8_t documents, int rc)
{
	log_error("cannot scan error=\"%s\"", strerror(-rc));
	d->scanning = AGENDA_NOTHING;
	d->channel.documents |= documents;
	live_give_back(&d->live);
	loop_arm(&d->loop, &d->next, d->scan_began_ns + (int64_t) DISCOVER_RETRY_MS * MS_NS);
}

void round_begin(struct discover *d, enum agenda_kind kind)
{
	const struct network_means means = {
		&d->scan, d->procfd, d->broker.fd, &d->links, &d->yield};
	bool announced = d->announced;
	uint8_t documents;
	int rc;

	/* what was found just before has planned another one: it must not begin within this */
	loop_disarm(&d->loop, &d->next);
	d->is_late = !live_is_complete(&d->live) || d->live.matters || announced ||
		     engines_unanswered(&d->engines);
	d->scan_began_ns = clock_mono_ns();
	d->scan_asked = kind == AGENDA_WHOLE ? d->channel.asked : d->channel.answered;
	d->scan_confirms = d->channel.confirm_asked;
	documents = channel_take_documents(&d->channel);
	d->is_patient = kind == AGENDA_WHOLE || announced || documents ||
			d->scan_confirms != d->channel.confirmed;
	/* announcements cannot be heard while the host is read, questions can */
	d->scanning = kind;
	rc = read_host(d, kind, documents && !announced);
	if (rc < 0) {
		fail_scan(d, documents, rc);
		return;
	}
	d->announced = false;
	if (d->scan.cut)
		log_warn("too many network namespaces limit=%d", CATALOG_NETNS_MAX);
	/* an engine that cannot be talked to says so while it is asked */
	d->is_asking = true;
	rc = detail_begin(&d->detail, documents, &means);
	if (rc == 0)
		rc = ask_all(d, announced);
	d->is_asking = false;
	if (rc < 0)
		discover_stop(d, rc == -EPIPE || rc == -ECONNRESET ? 0 : rc);
	else
		round_go_on(d);
}

void round_init(struct discover *d)
{
	d->links_limit = (struct loop_timer){.fn = on_links_limit, .ctx = d};
	d->engines_limit = (struct loop_timer){.fn = on_engines_limit, .ctx = d};
}
