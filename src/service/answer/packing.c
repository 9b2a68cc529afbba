/* SPDX-License-Identifier: MIT */
#include "service/answer/packing.h"

#include <stdlib.h>

#include "loop/loop.h"
#include "service/answer/pack.h"
#include "service/catalog/document.h"

struct packing {
	struct packing *next;
	struct packings *all;
	struct document *document; /* one reference */
	struct pack *pack;         /* owned */
	struct loop_job step;
	struct packing_waiter *waiters;
};

/* Take the first waiter off the list; NULL when there is none. */
static struct packing_waiter *take_waiter(struct packing *p)
{
	struct packing_waiter *w = p->waiters;

	if (w) {
		p->waiters = w->next;
		w->packing = NULL;
	}
	return w;
}

static void packing_free(struct packing *p)
{
	struct packing **at = &p->all->first;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	while (take_waiter(p))
		;
	loop_cancel(&p->step);
	pack_free(p->pack);
	document_unref(p->document);
	free(p);
}

static void on_step(void *ctx)
{
	struct packing *p = ctx;
	int rc = pack_step(p->pack, PACKING_STEP_BYTES);
	struct packing_waiter *w;

	if (rc == 0) {
		loop_queue_bulk(p->all->loop, &p->step);
		return;
	}
	if (rc > 0) {
		size_t len_bytes;
		char *packed = pack_take(p->pack, &len_bytes);

		/* without memory the document goes out as it is */
		(void) document_add_packed(p->document, packed, len_bytes);
	}
	while ((w = take_waiter(p)))
		w->ready(w->ctx);
	packing_free(p);
}

struct packing *packing_begin(struct packings *all, struct document *d)
{
	struct packing *p = all->first;

	while (p && p->document != d)
		p = p->next;
	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	if (pack_new(d->p, d->len_bytes, &p->pack) < 0) {
		free(p);
		return NULL;
	}
	p->all = all;
	p->document = document_ref(d);
	p->step = (struct loop_job){.fn = on_step, .ctx = p};
	p->next = all->first;
	all->first = p;
	loop_queue_bulk(all->loop, &p->step);
	return p;
}

void packing_wait(struct packing *p, struct packing_waiter *w)
{
	w->packing = p;
	w->next = p->waiters;
	p->waiters = w;
}

void packing_leave(struct packing_waiter *w)
{
	struct packing_waiter **at;

	if (!w->packing)
		return;
	at = &w->packing->waiters;
	while (*at && *at != w)
		at = &(*at)->next;
	if (*at)
		*at = w->next;
	w->packing = NULL;
}

void packings_done(struct packings *all)
{
	while (all->first)
		packing_free(all->first);
}
