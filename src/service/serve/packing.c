/* SPDX-License-Identifier: MIT */
#include "service/serve/packing.h"

#include <stdlib.h>

#include "service/pack.h"
#include "service/serve/connection.h"
#include "service/serve/stream.h"

struct packing {
	struct packing *next;
	struct app *app;
	struct document *document; /* one reference */
	struct pack *pack;         /* owned */
	lws_sorted_usec_list_t step;
	struct connection *waiters;
};

static void wake_all(struct packing *p)
{
	while (p->waiters) {
		struct connection *c = p->waiters;

		p->waiters = c->next_packing;
		c->packing = NULL;
		stream_resume(c);
		lws_callback_on_writable(c->wsi);
	}
}

static void packing_free(struct packing *p)
{
	struct packing **at = &p->app->packings;

	while (*at && *at != p)
		at = &(*at)->next;
	if (*at)
		*at = p->next;
	lws_sul_cancel(&p->step);
	pack_free(p->pack);
	document_unref(p->document);
	free(p);
}

static void on_step(lws_sorted_usec_list_t *sul);

/* In the next round of the loop. */
static void go_on(struct packing *p)
{
	lws_sul_schedule(p->app->lws, 0, &p->step, on_step, 1);
}

static void on_step(lws_sorted_usec_list_t *sul)
{
	struct packing *p = lws_container_of(sul, struct packing, step);
	int rc = pack_step(p->pack, PACKING_STEP_BYTES);

	if (rc == 0) {
		go_on(p);
		return;
	}
	if (rc > 0) {
		size_t len_bytes;
		char *packed = pack_take(p->pack, &len_bytes);

		/* without memory the document goes out as it is */
		(void) document_add_packed(p->document, packed, len_bytes);
	}
	wake_all(p);
	packing_free(p);
}

struct packing *packing_begin(struct app *a, struct document *d)
{
	struct packing *p = a->packings;

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
	p->app = a;
	p->document = document_ref(d);
	p->next = a->packings;
	a->packings = p;
	go_on(p);
	return p;
}

void packing_wait(struct packing *p, struct connection *c)
{
	c->packing = p;
	c->next_packing = p->waiters;
	p->waiters = c;
}

void packing_leave(struct connection *c)
{
	struct connection **at;

	if (!c->packing)
		return;
	at = &c->packing->waiters;
	while (*at && *at != c)
		at = &(*at)->next_packing;
	if (*at)
		*at = c->next_packing;
	c->packing = NULL;
}

void packings_done(struct app *a)
{
	while (a->packings)
		packing_free(a->packings);
}
