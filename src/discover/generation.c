/* SPDX-License-Identifier: MIT */
#include "discover/generation.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "discover/container/container.h"
#include "discover/detail/attachments.h"
#include "discover/detail/document.h"
#include "discover/detail/nif_names.h"
#include "discover/discover_state.h"
#include "discover/names.h"
#include "discover/targets.h"

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

/* As generation_make(), of @containers and what else the scan found. */
static int make_of(struct discover *d, const struct container_list *containers)
{
	struct metadata_engine engines[ENGINES_MAX];
	struct catalog catalog;
	struct mobyshark m = {.metadata = {.host = &d->host,
				      .engines = engines,
				      .edge = &d->edge,
				      .incomplete = d->is_cut,
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
		if (e->absent)
			continue;
		engines[n++] = (struct metadata_engine){
			e->id, e->driver->engine_type, e->version, e->pid, e->unreachable};
		catalog.n_engines++;
		catalog.n_engines_unreachable += e->unreachable;
	}
	m.metadata.n_engines = n;
	rc = publication_make(
		&d->pub, &m, (uint64_t) (clock_mono_ns() - d->scan_began_ns), !d->is_late);
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

int generation_make(struct discover *d)
{
	struct container_list containers = {0};
	const struct container_sources sources = {&d->engines, &d->scan.cgroups, &d->oci};
	int rc = container_list_make(d->procfd, &d->scan.procs, &sources, &containers);

	if (rc == 0) {
		edge_update(&d->edge, d->procfd, &containers);
		rc = make_of(d, &containers);
	}
	if (rc == 0)
		engines_note_seen(&d->engines);
	container_list_done(&containers);
	return rc;
}
