/* SPDX-License-Identifier: MIT */
#include "service/answer/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "service/answer/negotiate.h"
#include "service/http/conn.h"

#define KNOWN_MAX     1024 /* of an If-None-Match header that is read */
#define ENCODINGS_MAX 256  /* of an Accept-Encoding header */
#define OPTION_MAX    16   /* of a parameter's value */

struct answer {
	struct conn *conn;
	struct answer_env *env;
	bool takes_gzip;
	char *known; /* If-None-Match: owned, NULL = none */
	/* while it waits for a catalog: */
	struct catalog_waiter waiter;
	const struct catalog_document *wanted;
	uint8_t documents; /* MSG_DOCUMENT_* that it is of */
	bool has_waited, is_fresh;
	/* then, perhaps, for the gzip form of @document: */
	struct packing_waiter packing;
	bool is_packing;
	struct document *document; /* one reference: what is packed or sent */
};

static void answer_free(void *ctx)
{
	struct answer *a = ctx;

	catalog_client_cancel(a->env->catalog, &a->waiter);
	packing_leave(&a->packing);
	document_unref(a->document);
	free(a->known);
	free(a);
}

static void on_ready(void *ctx);

static const struct conn_ops ops = {.ready = on_ready, .free = answer_free};

/* Send @d, or that the client has it already. */
static void send_document(struct answer *a, struct document *d)
{
	bool is_known = a->known && negotiate_knows(a->known, d->tag);
	struct conn_body body = {.bytes = d->p, .len_bytes = d->len_bytes};
	char fields[DOCUMENT_TAG_MAX + 128];
	struct conn_head head = {.status = is_known ? 304 : 200,
		.type = "application/json",
		.fields = fields,
		.is_cacheable = true};

	/* what only some may see is not for files of a browser */
	(void) snprintf(fields, sizeof(fields),
		"Cache-Control: %s\r\nETag: %s\r\n%sVary: Accept-Encoding\r\n",
		a->env->is_guarded ? "no-store" : "private, no-cache", d->tag,
		d->is_gzip ? "Content-Encoding: gzip\r\n" : "");
	(void) document_ref(d);
	document_unref(a->document);
	a->document = d;
	conn_reply(a->conn, &head, &body);
}

static void on_packed(void *ctx)
{
	struct answer *a = ctx;

	conn_wake(a->conn);
}

/* Answer with the gzip form of @d once it is there. */
static void pack_first(struct answer *a, struct document *d)
{
	struct packing *p = packing_begin(&a->env->packings, d);

	if (!p) {
		send_document(a, d);
		return;
	}
	a->document = document_ref(d);
	a->is_packing = true;
	a->packing = (struct packing_waiter){.ready = on_packed, .ctx = a};
	packing_wait(p, &a->packing);
}

static bool takes_gzip(const struct answer *a, const struct document *d)
{
	return a->takes_gzip && d->len_bytes >= PACKING_LEAST_BYTES;
}

/* Answer with the newest of @d, or in its place, while its gzip form is made, with the one before,
 * which was current a moment ago. */
static void begin_current(struct answer *a, const struct catalog_document *d, int64_t now_ns)
{
	struct document *packed;

	if (!takes_gzip(a, d->document)) {
		send_document(a, d->document);
		return;
	}
	packed = catalog_client_packed(a->env->catalog, d, now_ns);
	if (!packed) {
		pack_first(a, d->document);
		return;
	}
	if (packed != d->document)
		(void) packing_begin(&a->env->packings, d->document);
	send_document(a, packed->packed);
}

static void on_catalog(void *ctx, bool is_fresh)
{
	struct answer *a = ctx;

	a->has_waited = true;
	a->is_fresh = is_fresh;
	conn_wake(a->conn);
}

/* Ask discover, whether the catalog is current or for a new one, and for the documents that are not
 * at hand. */
static void ask(struct answer *a, bool is_fresh, int64_t now_ns)
{
	struct catalog_client *cat = a->env->catalog;
	bool has = !is_fresh && catalog_client_has(cat, a->documents, now_ns);

	a->waiter.documents = has ? 0 : a->documents;
	a->waiter.ready = on_catalog;
	a->waiter.ctx = a;
	if (is_fresh)
		catalog_client_wait(cat, &a->waiter, now_ns);
	else
		catalog_client_check(cat, &a->waiter, now_ns);
}

/* A catalog has come that satisfies the question, or time is up. */
static void end_catalog(struct answer *a)
{
	struct document *d = a->wanted->document;

	a->has_waited = false;
	if (!a->is_fresh || !d) {
		conn_error(a->conn, 504, "discovery does not answer");
		return;
	}
	/* there was a document of the catalog, but the catalog was not current: another one came */
	if (a->waiter.documents != a->documents &&
		a->wanted->generation != a->env->catalog->generation) {
		ask(a, false, clock_mono_ns());
		return;
	}
	if (!takes_gzip(a, d))
		send_document(a, d);
	else if (d->packed)
		send_document(a, d->packed);
	else
		pack_first(a, d);
}

static void on_ready(void *ctx)
{
	struct answer *a = ctx;

	if (a->is_packing) {
		if (!packing_is_over(&a->packing))
			return;
		send_document(a, a->document->packed ? a->document->packed : a->document);
	} else if (a->has_waited) {
		end_catalog(a);
	}
}

/* What the answer depends on. Returns whether nothing scanned before the request will do. */
static bool read_request(struct answer *a)
{
	const struct http_request *r = conn_request(a->conn);
	char list[ENCODINGS_MAX], known[KNOWN_MAX], value[OPTION_MAX], control[ENCODINGS_MAX];

	a->takes_gzip = http_request_field(r, "accept-encoding", list, sizeof(list)) &&
			negotiate_takes_gzip(list);
	/* a list too long to be read, or to be kept, counts as none */
	if (http_request_field(r, "if-none-match", known, sizeof(known)))
		a->known = strdup(known);
	/* RFC 9111 section 5.2.1.4 */
	if (http_request_field(r, "cache-control", control, sizeof(control)) &&
		strcasestr(control, "no-cache"))
		return true;
	return http_request_argument(r, "fresh", value, sizeof(value)) && strcmp(value, "off") != 0;
}

/* An answer about the host is current, or was not long ago; one that is fresh comes of a scan begun
 * after the question. */
static void begin(
	struct conn *c, struct answer_env *env, const struct catalog_document *d, uint8_t documents)
{
	struct answer *a = calloc(1, sizeof(*a));
	int64_t now_ns = clock_mono_ns();
	bool is_fresh;

	if (!a) {
		conn_error(c, 503, "out of memory");
		return;
	}
	a->conn = c;
	a->env = env;
	is_fresh = read_request(a);
	a->wanted = d;
	a->documents = documents;
	conn_wait(c, &ops, a);
	if (!is_fresh && catalog_client_is_current(env->catalog, now_ns) &&
		catalog_client_has(env->catalog, documents, now_ns)) {
		catalog_client_renew(env->catalog, documents, now_ns);
		begin_current(a, d, now_ns);
		return;
	}
	ask(a, is_fresh, now_ns);
}

void answer_targets(struct conn *c, struct answer_env *env)
{
	begin(c, env, &env->catalog->mobyshark, 0);
}

/* Icons come for any value of the parameter but "off", also for none. */
void answer_json(struct conn *c, struct answer_env *env)
{
	char value[OPTION_MAX];
	bool icons = http_request_argument(conn_request(c), "ieappicons", value, sizeof(value)) &&
		     strcmp(value, "off") != 0;

	begin(c, env, &env->catalog->documents[icons],
		icons ? MSG_DOCUMENT_ICONS : MSG_DOCUMENT_JSON);
}
