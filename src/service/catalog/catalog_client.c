/* SPDX-License-Identifier: MIT */
#include "service/catalog/catalog_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define CATALOG_RENEW_SCANS 2 /* until then nobody makes a document anew */

void catalog_client_init(struct catalog_client *c, int channel, uint32_t max_age_ms)
{
	memset(c, 0, sizeof(*c));
	c->max_age_ns = max_age_ms * 1000000LL;
	c->channel = channel;
	c->era = clock_wall_ns();
}

static void drop_document(struct catalog_document *d)
{
	document_unref(d->document);
	document_unref(d->before);
	*d = (struct catalog_document){0};
}

void catalog_client_done(struct catalog_client *c)
{
	catalog_done(&c->catalog);
	drop_document(&c->mobyshark);
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++)
		drop_document(&c->documents[i]);
	close_p(&c->channel);
	c->channel = -1;
}

/* Ask for what @documents says with the newest refresh. */
static void ask(struct catalog_client *c, uint8_t documents)
{
	struct msg m = {.op = MSG_REFRESH, .id = c->asked, .u.refresh.documents = documents};

	if (c->channel >= 0)
		c->is_unasked = msg_send(c->channel, &m, NULL, 0) == -EAGAIN;
}

static void send_check(struct catalog_client *c)
{
	struct msg m = {.op = MSG_CHECK, .id = c->checking};

	m.u.refresh.documents = c->check_documents;
	if (c->channel >= 0 && msg_send(c->channel, &m, NULL, 0) == -EAGAIN)
		c->is_unasked = true;
}

static void begin_check(struct catalog_client *c, uint8_t documents, int64_t now_ns)
{
	c->checking++;
	c->check_sent_ns = now_ns;
	c->check_documents = documents;
	send_check(c);
}

/* Say again what waiters wait for. */
static void ask_for_all(struct catalog_client *c)
{
	uint8_t documents = 0;
	bool scans = false;

	for (const struct catalog_waiter *w = c->waiters; w; w = w->next) {
		if (w->is_check)
			continue;
		scans = true;
		documents |= w->documents;
	}
	c->is_unasked = false;
	if (scans)
		ask(c, documents);
	if (c->checking != c->checked)
		send_check(c);
}

void catalog_client_reconnect(struct catalog_client *c, int channel)
{
	close_p(&c->channel);
	c->channel = channel;
	c->renewing = 0;
	ask_for_all(c);
}

/* The newest document of @d, or the one before, if one of them may go on answering for a while. */
static struct document *take_before(struct catalog_document *d, int64_t now_ns, int64_t *ret_ns)
{
	*ret_ns = d->replaced_ns;
	if (!d->document || !d->document->packed)
		return TAKE_PTR(d->before);
	*ret_ns = now_ns;
	return TAKE_PTR(d->document);
}

/* Something has changed: what was is no answer any more. */
static void forget_before(struct catalog_client *c)
{
	document_unref(TAKE_PTR(c->mobyshark.before));
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++)
		document_unref(TAKE_PTR(c->documents[i].before));
}

/* Replace @d by what descriptor @i of @fds holds. */
static int take_document(
	struct catalog_client *c, struct fdset *fds, size_t i, struct catalog_document *d)
{
	AUTO_CLOSE int fd = fdset_take(fds, i);
	struct catalog_document next = {.answers = c->answered,
		.generation = c->generation,
		.scan_ns = (int64_t) c->scan_ns,
		.received_ns = c->received_ns};
	int rc = document_map(fd, c->era, c->received, &next.document);

	if (rc < 0)
		return rc;
	if (c->was_current)
		next.before = take_before(d, c->received_ns, &next.replaced_ns);
	drop_document(d);
	*d = next;
	return 0;
}

static int take_table(struct catalog_client *c, struct fdset *fds)
{
	struct catalog_document table = {0};
	struct catalog cat;
	int rc = take_document(c, fds, 1, &table);

	if (rc < 0)
		return rc;
	rc = catalog_decode((const uint8_t *) table.document->p, table.document->len_bytes, &cat);
	drop_document(&table);
	if (rc < 0)
		return rc;
	catalog_done(&c->catalog);
	c->catalog = cat;
	c->has_catalog = true;
	return 0;
}

static int take_catalog(struct catalog_client *c, const struct msg *m, struct fdset *fds)
{
	size_t at = 2;
	int rc = take_table(c, fds);

	if (rc < 0)
		return rc;
	if (m->id)
		c->answered = m->id;
	c->received++;
	c->received_ns = clock_mono_ns();
	c->generation = m->u.catalog.generation;
	c->scan_ns = m->u.catalog.scan_ns;
	c->was_current = !c->is_outdated;
	/* what was confirmed while this was scanned holds for this as well */
	if (!c->was_current || c->current_ns < c->received_ns - (int64_t) c->scan_ns)
		c->current_ns = c->received_ns - (int64_t) c->scan_ns;
	c->is_outdated = false;
	c->renewing &= (uint8_t) ~m->u.catalog.documents;
	rc = take_document(c, fds, 0, &c->mobyshark);
	for (size_t i = 0; i < MSG_DOCUMENT_BITS && rc == 0; i++) {
		if (m->u.catalog.documents & 1U << i)
			rc = take_document(c, fds, at++, &c->documents[i]);
	}
	return rc;
}

/* The newest catalog is the answer to check @id. */
static void take_confirmation(struct catalog_client *c, uint32_t id)
{
	if ((int32_t) (id - c->checked) <= 0 || (int32_t) (c->checking - id) < 0)
		return;
	c->checked = id;
	c->is_outdated = false;
	if (id == c->checking && c->check_sent_ns > c->current_ns)
		c->current_ns = c->check_sent_ns;
}

static bool has_documents(const struct catalog_client *c, const struct catalog_waiter *w)
{
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		const struct catalog_document *d = &c->documents[i];
		bool is_old = w->is_check ? d->received_ns < w->since_ns
					  : (int32_t) (d->answers - w->want) < 0;

		if ((w->documents & 1U << i) && (!d->document || is_old))
			return false;
	}
	return true;
}

static bool is_satisfied(const struct catalog_client *c, const struct catalog_waiter *w)
{
	uint32_t newest = w->is_check ? c->checked : c->answered;

	return (int32_t) (newest - w->want) >= 0 && has_documents(c, w);
}

/* Call the waiters whose catalog has come or whose time is up. A waiter that waits again in its
 * call is not called a second time: it is on the list of those that wait. */
static void call_due(struct catalog_client *c, int64_t now_ns)
{
	struct catalog_waiter **p = &c->waiters;

	while (*p) {
		struct catalog_waiter *w = *p;

		if (!is_satisfied(c, w) && now_ns < w->limit_ns) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		w->next = c->due;
		c->due = w;
	}
	/* each call may cancel any of the others */
	while (c->due) {
		struct catalog_waiter *w = c->due;

		c->due = w->next;
		w->is_waiting = false;
		w->ready(w->ctx, is_satisfied(c, w));
	}
}

static int take_message(struct catalog_client *c, const struct msg *m, struct fdset *fds)
{
	switch ((enum msg_op) m->op) {
	case MSG_CATALOG:
		return take_catalog(c, m, fds);
	case MSG_CURRENT:
		take_confirmation(c, m->id);
		return 0;
	case MSG_OUTDATED:
		c->is_outdated = true;
		forget_before(c);
		return 0;
	default:
		return -EPROTO;
	}
}

int catalog_client_receive(struct catalog_client *c)
{
	uint64_t generations = c->received;
	bool is_any = false;

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(c->channel, &m, &fds);

		if (rc == -EAGAIN)
			break;
		rc = rc > 0 ? take_message(c, &m, &fds) : -EPIPE;
		if (rc < 0)
			return -EPIPE;
		is_any = true;
	}
	if (is_any && c->is_unasked)
		ask_for_all(c);
	if (is_any)
		call_due(c, clock_mono_ns());
	return c->received != generations;
}

void catalog_client_hang_up(struct catalog_client *c)
{
	close_p(&c->channel);
	c->channel = -1;
	c->lost_ns = clock_mono_ns();
}

static void add_waiter(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns)
{
	w->limit_ns = now_ns + CATALOG_WAIT_LIMIT_NS;
	w->is_waiting = true;
	w->next = c->waiters;
	c->waiters = w;
}

void catalog_client_wait(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns)
{
	w->is_check = false;
	w->want = ++c->asked;
	w->since_ns = now_ns;
	add_waiter(c, w, now_ns);
	ask(c, w->documents);
}

bool catalog_client_is_current(const struct catalog_client *c, int64_t now_ns)
{
	return c->has_catalog && !c->is_outdated && now_ns - c->current_ns <= c->max_age_ns;
}

/* As long as the age limit, or as @n scans like that of @d. Who asks all the time for what takes
 * long gets it made for a share of the time. */
static int64_t age_limit(
	const struct catalog_client *c, const struct catalog_document *d, int64_t n)
{
	return c->max_age_ns > n * d->scan_ns ? c->max_age_ns : n * d->scan_ns;
}

static bool is_usable(
	const struct catalog_client *c, const struct catalog_document *d, int64_t now_ns)
{
	int64_t limit_ns = age_limit(c, d, CATALOG_DOCUMENT_SCANS);

	if (limit_ns < CATALOG_DOCUMENT_NS)
		limit_ns = CATALOG_DOCUMENT_NS;
	return d->document && d->generation == c->generation && now_ns - d->received_ns <= limit_ns;
}

bool catalog_client_has(const struct catalog_client *c, uint8_t documents, int64_t now_ns)
{
	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		if ((documents & 1U << i) && !is_usable(c, &c->documents[i], now_ns))
			return false;
	}
	return true;
}

struct document *catalog_client_packed(
	const struct catalog_client *c, const struct catalog_document *d, int64_t now_ns)
{
	if (d->document && d->document->packed)
		return d->document;
	return now_ns - d->replaced_ns <= c->max_age_ns ? d->before : NULL;
}

void catalog_client_check(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns)
{
	/* a question that is on its way will do, if its answer is not too old then */
	if (c->checking == c->checked || now_ns - c->check_sent_ns > c->max_age_ns ||
		(w->documents & ~c->check_documents))
		begin_check(c, w->documents, now_ns);
	w->is_check = true;
	w->want = c->checking;
	w->since_ns = c->check_sent_ns;
	add_waiter(c, w, now_ns);
}

void catalog_client_renew(struct catalog_client *c, uint8_t documents, int64_t now_ns)
{
	bool is_asked = c->checking != c->checked && now_ns - c->check_sent_ns <= c->max_age_ns / 4;
	uint8_t old = 0;

	for (size_t i = 0; i < MSG_DOCUMENT_BITS; i++) {
		const struct catalog_document *d = &c->documents[i];

		if (now_ns - d->received_ns > age_limit(c, d, CATALOG_RENEW_SCANS))
			old |= (uint8_t) (documents & 1U << i);
	}
	old &= (uint8_t) ~c->renewing;
	if (!old && (is_asked || now_ns - c->current_ns <= c->max_age_ns / 4))
		return;
	c->renewing |= old;
	begin_check(c, old, now_ns);
}

static void remove_waiter(struct catalog_waiter **list, const struct catalog_waiter *w)
{
	while (*list && *list != w)
		list = &(*list)->next;
	if (*list)
		*list = w->next;
}

void catalog_client_cancel(struct catalog_client *c, struct catalog_waiter *w)
{
	if (!w->is_waiting)
		return;
	remove_waiter(&c->waiters, w);
	remove_waiter(&c->due, w);
	w->is_waiting = false;
}

void catalog_client_tick(struct catalog_client *c, int64_t now_ns)
{
	call_due(c, now_ns);
}
