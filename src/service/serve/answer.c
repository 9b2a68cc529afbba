/* SPDX-License-Identifier: MIT */
#include "service/serve/answer.h"

#include <string.h>

#include "base/clock.h"
#include "service/serve/packing.h"
#include "service/serve/reply.h"
#include "service/serve/stream.h"

static void on_catalog(void *ctx, bool is_fresh)
{
	struct connection *c = ctx;

	c->has_waited = true;
	c->is_fresh = is_fresh;
	stream_resume(c);
	lws_callback_on_writable(c->wsi);
}

/* There is room for few requests' headers, and this one may stay for long. What its client says
 * meanwhile has time until then. */
static void begin_wait(struct connection *c, enum connection_kind kind)
{
	c->kind = kind;
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	(void) lws_http_headers_detach(c->wsi);
	words_done(&c->words);
	(void) lws_rx_flow_control(c->wsi, 0);
}

/* Answer with the gzip form of @d once it is there. */
static int pack_first(struct connection *c, struct document *d)
{
	struct packing *p = packing_begin(c->app, d);

	if (!p)
		return reply_document(c, d);
	c->doc = document_ref(d);
	packing_wait(p, c);
	begin_wait(c, CONNECTION_PACKING);
	return 0;
}

static int end_packing(struct connection *c)
{
	struct document *d = c->doc;
	int rc;

	if (c->packing)
		return 0;
	c->doc = NULL;
	rc = reply_document(c, d->packed ? d->packed : d);
	document_unref(d);
	return rc;
}

static bool takes_gzip(const struct connection *c, const struct document *d)
{
	return c->asked.takes_gzip && d->len_bytes >= PACKING_LEAST_BYTES;
}

/* Answer with the newest of @d, or in its place, while its gzip form is made, with the one before,
 * which was current a moment ago. */
static int begin_current(struct connection *c, const struct catalog_document *d, int64_t now_ns)
{
	struct document *packed;

	if (!takes_gzip(c, d->document))
		return reply_document(c, d->document);
	packed = catalog_client_packed(&c->app->catalog, d, now_ns);
	if (!packed)
		return pack_first(c, d->document);
	if (packed != d->document)
		(void) packing_begin(c->app, d->document);
	return reply_document(c, packed->packed);
}

/* Ask discover, whether the catalog is current or for a new one, and for the documents that are not
 * at hand. */
static void ask(struct connection *c, bool is_fresh, int64_t now_ns)
{
	struct catalog_client *cat = &c->app->catalog;
	bool has = !is_fresh && catalog_client_has(cat, c->documents, now_ns);

	c->waiter.documents = has ? 0 : c->documents;
	c->waiter.ready = on_catalog;
	c->waiter.ctx = c;
	if (is_fresh)
		catalog_client_wait(cat, &c->waiter, now_ns);
	else
		catalog_client_check(cat, &c->waiter, now_ns);
}

/* An answer about the host is current, or was not long ago; one that is fresh comes of a scan begun
 * after the question. */
static int begin(struct connection *c, const struct catalog_document *d, uint8_t documents)
{
	struct catalog_client *cat = &c->app->catalog;
	int64_t now_ns = clock_mono_ns();
	bool is_fresh = c->words.is_fresh;

	if (!is_fresh && catalog_client_is_current(cat, now_ns) &&
		catalog_client_has(cat, documents, now_ns)) {
		catalog_client_renew(cat, documents, now_ns);
		return begin_current(c, d, now_ns);
	}
	c->wanted = d;
	c->documents = documents;
	begin_wait(c, CONNECTION_CATALOG);
	ask(c, is_fresh, now_ns);
	return 0;
}

int answer_targets(struct connection *c)
{
	return begin(c, &c->app->catalog.mobyshark, 0);
}

/* Icons come for any value of the parameter but "off", also for none. */
int answer_json(struct connection *c)
{
	bool icons = c->words.ieappicons && strcmp(c->words.ieappicons, "off") != 0;

	return begin(c, &c->app->catalog.documents[icons],
		icons ? MSG_DOCUMENT_ICONS : MSG_DOCUMENT_JSON);
}

static int end_catalog(struct connection *c)
{
	struct document *d = c->wanted->document;

	if (!c->has_waited)
		return 0;
	c->has_waited = false;
	if (!c->is_fresh || !d)
		return reply_error(c, 504, "discovery does not answer");
	/* there was a document of the catalog, but the catalog was not current: another one came */
	if (c->waiter.documents != c->documents &&
		c->wanted->generation != c->app->catalog.generation) {
		(void) lws_rx_flow_control(c->wsi, 0);
		ask(c, false, clock_mono_ns());
		return 0;
	}
	if (!takes_gzip(c, d))
		return reply_document(c, d);
	return d->packed ? reply_document(c, d->packed) : pack_first(c, d);
}

int answer_go_on(struct connection *c)
{
	return c->kind == CONNECTION_CATALOG ? end_catalog(c) : end_packing(c);
}
