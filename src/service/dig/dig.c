/* SPDX-License-Identifier: MIT */
#include "service/dig/dig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/log.h"
#include "base/own.h"
#include "loop/loop.h"
#include "proto/dig.h"
#include "proto/fdpass.h"
#include "proto/neighbours.h"
#include "service/catalog/catalog_client.h"
#include "service/dig/dig_names.h"

#define CLOSE_DIG      4400                 /* contract 2.10 */
#define LIMIT_NS       (600 * 1000000000LL) /* for a dig, from the request on */
#define NEIGHBOURS_BIT 2                    /* of MSG_DOCUMENT_NEIGHBOURS */

struct dig {
	struct dig *next; /* in @all */
	struct digs *all;
	void (*wake)(void *ctx);
	void *ctx;
	uint32_t id;
	char *target; /* owned */
	struct catalog_waiter waiter;
	struct name_list names;
	bool is_asked;              /* the broker knows of it */
	struct loop_source control; /* control.fd: owned, -1 = none */
	struct dig_told *told;
	size_t n_told, cap_told, at; /* @at: the next one the client gets */
	int64_t limit_ns;
	bool has_ended;
	struct refusal why;
};

/* Nothing more is expected of the process. */
static void leave(struct dig *d)
{
	struct msg m = {.op = MSG_DIG_KILL, .id = d->id};

	if (d->is_asked)
		(void) msg_send(d->all->broker_fd, &m, NULL, 0);
	d->is_asked = false;
	loop_unwatch(d->all->loop, &d->control);
	close_p(&d->control.fd);
	d->control.fd = -1;
}

static void end(struct dig *d)
{
	catalog_client_cancel(d->all->catalog, &d->waiter);
	leave(d);
	d->has_ended = true;
	d->wake(d->ctx);
}

static void end_unknown(struct dig *d)
{
	(void) refuse(&d->why, 0, 404, CLOSE_DIG, "Docker container \"%s\" not found", d->target);
	end(d);
}

static void end_unstarted(struct dig *d)
{
	(void) refuse(&d->why, 0, 500, CLOSE_DIG,
		"cannot start digging and address verification for \"%s\"", d->target);
	end(d);
}

static void end_broken(struct dig *d, const char *why)
{
	(void) refuse(&d->why, 0, 500, CLOSE_INTERNAL, "%s", why);
	end(d);
}

/* Have the broker start it in the namespace of @start. */
static void open_dig(struct dig *d, const struct neighbour *start)
{
	struct msg m = {.op = MSG_DIG_OPEN, .id = d->id, .u.ns_ref = start->ref};

	if (msg_send(d->all->broker_fd, &m, NULL, 0) < 0) {
		end_unstarted(d);
		return;
	}
	d->is_asked = true;
}

static void on_catalog(void *ctx, bool is_fresh)
{
	struct dig *d = ctx;
	const struct document *doc = d->all->catalog->documents[NEIGHBOURS_BIT].document;
	struct neighbours all = {0};
	const struct neighbour *start;

	if (!is_fresh || !doc ||
		neighbours_decode((const uint8_t *) doc->p, doc->len_bytes, &all) < 0) {
		end_broken(d, "discovery does not answer");
		return;
	}
	start = neighbours_find(&all, d->target);
	if (!start)
		end_unknown(d);
	else if (name_list_make(&all, start, &d->names) < 0)
		end_broken(d, "out of memory");
	else
		open_dig(d, start);
	neighbours_done(&all);
}

/* Keep what was told for the client. */
static int keep(struct dig *d, const struct dig_told *t)
{
	struct dig_told *told;

	if (t->name >= d->names.n || d->n_told == DIG_TOLD_MAX)
		return -EBADMSG;
	told = grow(d->told, d->n_told, &d->cap_told, sizeof(*told));
	if (!told)
		return -ENOMEM;
	d->told = told;
	told[d->n_told++] = *t;
	return 0;
}

static void on_message(struct dig *d, const struct dig_msg *m)
{
	if (m->kind == DIG_DONE) {
		(void) refuse(&d->why, 0, 200, CLOSE_NORMAL, "%s", "");
		end(d);
	} else if (m->kind == DIG_FAILED) {
		end_unstarted(d);
	} else if (keep(d, &m->told) < 0) {
		end_broken(d, "digging has failed");
	}
}

static void on_control(void *ctx, uint32_t events)
{
	struct dig *d = ctx;

	(void) events;
	while (d->control.fd >= 0) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		uint8_t buf[DIG_MSG_BYTES];
		struct dig_msg m;
		ssize_t n = fdpass_recv(d->control.fd, buf, sizeof(buf), &fds);

		if (n == -EAGAIN)
			break;
		if (n <= 0 || dig_msg_decode(buf, (size_t) n, &m) < 0)
			end_broken(d, "digging has failed");
		else
			on_message(d, &m);
	}
	d->wake(d->ctx);
}

struct dig *dig_new(struct digs *all, const char *target, void (*wake)(void *ctx), void *ctx)
{
	struct dig *d = calloc(1, sizeof(*d));
	int64_t now_ns = clock_mono_ns();

	if (!d)
		return NULL;
	d->target = strdup(target);
	if (!d->target) {
		free(d);
		return NULL;
	}
	d->all = all;
	d->wake = wake;
	d->ctx = ctx;
	d->control = (struct loop_source){.fd = -1, .fn = on_control, .ctx = d};
	d->id = ++all->last_id;
	d->limit_ns = now_ns + LIMIT_NS;
	d->next = all->first;
	all->first = d;
	d->waiter = (struct catalog_waiter){
		.documents = MSG_DOCUMENT_NEIGHBOURS, .ready = on_catalog, .ctx = d};
	catalog_client_wait(all->catalog, &d->waiter, now_ns);
	return d;
}

static struct dig *find(const struct digs *all, uint32_t id)
{
	struct dig *d = all->first;

	while (d && d->id != id)
		d = d->next;
	return d;
}

static int send_names(const struct dig *d)
{
	uint8_t buf[DIG_MESSAGE_BYTES];
	size_t at = 0, len;
	int rc;

	do {
		at += dig_names_encode(d->names.v + at, d->names.n - at, buf, &len);
		rc = fdpass_send(d->control.fd, buf, len, NULL, 0);
	} while (rc == 0 && at < d->names.n);
	return rc;
}

void digs_opened(struct digs *all, const struct msg *m, struct fdset *fds)
{
	struct dig *d = find(all, m->id);
	int rc = m->u.status.status;
	char why[MSG_TEXT_BYTES];

	if (!d || d->has_ended)
		return;
	d->control.fd = fdset_take(fds, 0);
	if (rc == 0)
		rc = d->control.fd < 0 ? -EBADF : send_names(d);
	if (rc == 0)
		rc = loop_watch(all->loop, &d->control, EPOLLIN);
	if (rc == 0)
		return;
	log_warn("cannot dig id=%u status=%d reason=\"%s\"", d->id, rc,
		log_quote(m->u.status.text, why, sizeof(why)));
	if (rc == -ESRCH || rc == -EXDEV)
		end_unknown(d);
	else
		end_unstarted(d);
}

static void put_told(struct text *ret, const char *fqdn, const struct dig_told *t)
{
	static const char *const qualities[] = {[DIG_UNVERIFIED] = "unverified",
		[DIG_VERIFYING] = "verifying",
		[DIG_INVALID] = "invalid",
		[DIG_VERIFIED] = "verified"};
	char address[INET6_ADDRSTRLEN] = "";

	text_put(ret, "{");
	text_put_string(ret, "fqdn", fqdn);
	if (t->family &&
		inet_ntop(t->family == 4 ? AF_INET : AF_INET6, t->bytes, address, sizeof(address)))
		text_put_string(ret, "address", address);
	text_put_string(ret, "quality", qualities[t->quality]);
	if (t->quality == DIG_INVALID)
		text_put_string(ret, "error", "no replies or too many losses");
	text_put(ret, "}");
}

int dig_next(struct dig *d, struct text *ret)
{
	const struct dig_told *t;

	if (d->at == d->n_told)
		return d->has_ended ? -1 : 0;
	t = &d->told[d->at++];
	put_told(ret, d->names.v[t->name], t);
	return 1;
}

const struct refusal *dig_why(const struct dig *d)
{
	return &d->why;
}

void dig_free(struct dig *d)
{
	struct dig **p;

	if (!d)
		return;
	p = &d->all->first;
	while (*p && *p != d)
		p = &(*p)->next;
	if (*p)
		*p = d->next;
	catalog_client_cancel(d->all->catalog, &d->waiter);
	leave(d);
	name_list_done(&d->names);
	free(d->told);
	free(d->target);
	free(d);
}

void digs_tick(struct digs *all, int64_t now_ns)
{
	for (struct dig *d = all->first; d; d = d->next) {
		if (!d->has_ended && now_ns >= d->limit_ns)
			end_broken(d, "digging takes too long");
	}
}

void digs_end(struct digs *all, const struct refusal *why)
{
	for (struct dig *d = all->first; d; d = d->next) {
		if (d->has_ended)
			continue;
		d->why = *why;
		end(d);
	}
}
