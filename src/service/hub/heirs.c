/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "service/hub/hub_state.h"

#define MS_NS 1000000

/* What happened, for those who look at the new interfaces. */
static void put_comment(char *ret, size_t cap_bytes, const struct capture *c,
	const struct follow *f, uint64_t inode)
{
	char name[128];
	int64_t gone_ms = c->state == CAPTURE_ENDED ? (clock_mono_ns() - c->ended_ns) / MS_NS : 0;

	(void) snprintf(name, sizeof(name), "%.*s",
		(int) utf8_cut(f->name, strlen(f->name), sizeof(name) - 1), f->name);
	(void) snprintf(ret, cap_bytes,
		"%s was restarted: it is in network namespace %" PRIu64 " now, before in %" PRIu64
		"; between the two captures %" PRId64 " ms passed",
		name, inode, c->ns.inode, gone_ms);
}

static int copy_conf(const struct capture_conf *from, struct capture_conf *ret)
{
	struct capture_conf to = *from;
	int rc = 0;

	to.names = calloc((size_t) from->n_names + 1, sizeof(*to.names));
	to.filter = strdup(from->filter);
	if (to.names && from->n_names > 0)
		memcpy(to.names, from->names, from->n_names * sizeof(*to.names));
	for (uint16_t i = 0; i < CONF_PROGRAMS_MAX; i++) {
		struct conf_program *p = &to.programs[i];

		p->insns = i < from->n_programs && p->n_insns
				   ? malloc(p->n_insns * sizeof(*p->insns))
				   : NULL;
		if (p->insns)
			memcpy(p->insns, from->programs[i].insns, p->n_insns * sizeof(*p->insns));
		else if (i < from->n_programs && p->n_insns)
			rc = -1;
	}
	if (rc < 0 || !to.names || !to.filter) {
		capture_conf_done(&to);
		return -1;
	}
	*ret = to;
	return 0;
}

static struct capture *find_heir(const struct hub *h, const struct capture *c, uint64_t inode)
{
	for (size_t i = 0; i < h->n; i++) {
		struct capture *o = h->all[i];

		/* since it began, interfaces may have come in @c: then its numbers are theirs */
		if (o->heir_of == c->id && o->ns.inode == inode && o->state != CAPTURE_ENDED &&
			!o->is_stopping && o->conf.first_interface == c->idbs.n)
			return o;
	}
	return NULL;
}

/* Start the capture that continues @c in @ns. NULL when that is not possible now. */
static struct capture *start_heir(struct hub *h, const struct capture *c, const struct follow *f,
	const struct catalog *cat, const struct catalog_netns *ns)
{
	struct capture_conf conf = {0};
	struct idb_list idbs = {0};
	struct capture *heir = NULL;
	struct refusal why = {0};

	if (c->idbs.n > CONF_FIRST_MAX || idb_list_add_all(&idbs, &c->idbs) < 0 ||
		copy_conf(&c->conf, &conf) < 0) {
		idb_list_done(&idbs);
		return NULL;
	}
	conf.first_interface = c->idbs.n;
	put_comment(conf.comment, sizeof(conf.comment), c, f, ns->ref.inode);
	if (hub_start(h, &ns->ref, &conf, &heir, &why) < 0) {
		log_warn("cannot go on with a capture id=%" PRIu32 " reason=\"%s\"", c->id,
			why.text);
		capture_conf_done(&conf);
		idb_list_done(&idbs);
		return NULL;
	}
	heir->heir_of = c->id;
	heir->idbs = idbs;
	(void) names_update(&heir->names, cat, ns->ref.inode); /* else without names */
	return heir;
}

/* Give the viewer of @s, if its target is elsewhere now, a seat there. */
static void follow(struct hub *h, struct seat *s, const struct catalog *cat)
{
	struct capture *c = s->capture, *heir;
	struct viewer *v = s->viewer;
	const struct catalog_netns *ns;
	struct follow_from from;

	if (s != v->seat || v->heir || !v->follow || v->shb || c->state == CAPTURE_OPENING)
		return;
	/* its interfaces up to where the viewer leaves are what the heir counts from */
	(void) capture_scan(c);
	from = (struct follow_from){
		.inode = c->ns.inode, .is_gone = c->state == CAPTURE_ENDED, .conf = &c->conf};
	ns = follow_find(v->follow, cat, &from);
	if (!ns)
		return;
	heir = find_heir(h, c, ns->ref.inode);
	if (!heir)
		heir = start_heir(h, c, v->follow, cat, ns);
	if (!heir)
		return;
	follow_update(v->follow, cat, ns->ref.inode);
	v->heir = capture_seat(heir, v, 0);
	/* of one that ends there may be more to come */
	if (c->state != CAPTURE_ENDED && !c->is_stopping)
		s->leave_at = c->scan_pos;
	v->ops->wake(v->ctx);
}

/* Its viewer stays where it is. */
static void drop_seat(struct seat *s)
{
	struct viewer *v = s->viewer;

	v->heir = NULL;
	v->seat->leave_at = UINT64_MAX;
	capture_unseat(s);
	v->ops->wake(v->ctx);
}

/* An heir that could not start is no heir. */
static void drop_failed(struct hub *h, struct capture *c)
{
	struct seat *next;

	if (c->state != CAPTURE_ENDED || c->has_started || !c->heir_of)
		return;
	for (struct seat *s = c->seats; s; s = next) {
		next = s->next;
		if (s != s->viewer->heir)
			continue;
		drop_seat(s);
	}
	hub_retire(h, c);
}

void heirs_drop_failed(struct hub *h)
{
	/* backwards: a capture that is forgotten is replaced by the last one */
	for (size_t i = h->n; i-- > 0;)
		drop_failed(h, h->all[i]);
}

void hub_follow(struct hub *h, const struct catalog *cat)
{
	heirs_drop_failed(h);
	/* heirs come behind, and have nobody to follow yet */
	for (size_t i = 0, n = h->n; i < n; i++) {
		struct seat *next;

		for (struct seat *s = h->all[i]->seats; s; s = next) {
			next = s->next;
			follow(h, s, cat);
		}
	}
}

bool heirs_tick(struct viewer *v, int64_t now_ns)
{
	if (!viewer_waits(v))
		return false;
	if (v->waits_since_ns == 0)
		v->waits_since_ns = now_ns;
	if (now_ns - v->waits_since_ns < v->follow->wait_ns)
		return true;
	v->has_waited_enough = true;
	v->ops->wake(v->ctx);
	return false;
}
