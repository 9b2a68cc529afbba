/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "service/hub/hub_state.h"

#define MS_NS 1000000

/* The comment of the new interfaces: what happened. */
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

static struct capture *find_successor(const struct hub *h, const struct capture *c, uint64_t inode)
{
	for (size_t i = 0; i < h->n; i++) {
		struct capture *o = h->all[i];

		/* since it began, interfaces may have come in @c: then its numbers are theirs */
		if (o->continues == c->id && o->ns.inode == inode && o->state != CAPTURE_ENDED &&
			!o->is_stopping && o->conf.first_interface == c->idbs.n)
			return o;
	}
	return NULL;
}

/* Start the capture that continues @c in @ns. NULL when that is not possible now. */
static struct capture *start_successor(struct hub *h, const struct capture *c,
	const struct follow *f, const struct catalog *cat, const struct catalog_netns *ns)
{
	struct capture_conf conf = {0};
	struct idb_list idbs = {0};
	struct capture *successor = NULL;
	struct refusal why = {0};

	if (c->idbs.n > CONF_FIRST_MAX || idb_list_add_all(&idbs, &c->idbs) < 0 ||
		copy_conf(&c->conf, &conf) < 0) {
		idb_list_done(&idbs);
		return NULL;
	}
	conf.first_interface = c->idbs.n;
	put_comment(conf.comment, sizeof(conf.comment), c, f, ns->ref.inode);
	if (hub_start(h, &ns->ref, &conf, &successor, &why) < 0) {
		log_warn("cannot go on with a capture id=%" PRIu32 " reason=\"%s\"", c->id,
			why.text);
		capture_conf_done(&conf);
		idb_list_done(&idbs);
		return NULL;
	}
	successor->continues = c->id;
	successor->idbs = idbs;
	(void) names_update(&successor->names, cat, ns->ref.inode); /* else without names */
	return successor;
}

/* Whether the interfaces that viewers of @c still get are all known. Their number is the id of the
 * successor's first interface, so it must not grow any more: a viewer of a running capture leaves
 * at the position that was scanned, one of an ended capture has its END. A capture that is stopping
 * may still report interfaces; hub_event() requests another catalog when it has ended. */
static bool is_settled(const struct capture *c)
{
	return c->state == CAPTURE_ENDED || (c->state != CAPTURE_OPENING && !c->is_stopping);
}

/* If the target of the viewer of @s is in another namespace now, give the viewer a seat in the
 * capture of that namespace. This is the only function that does so. */
static void follow(struct hub *h, struct seat *s, const struct catalog *cat)
{
	struct capture *c = s->capture, *successor;
	struct viewer *v = s->viewer;
	const struct catalog_netns *ns;
	struct follow_from from;

	if (s != v->seat || v->successor || !v->follow || v->shb)
		return;
	(void) capture_scan(c);
	if (!is_settled(c))
		return;
	from = (struct follow_from){
		.inode = c->ns.inode, .is_gone = c->state == CAPTURE_ENDED, .conf = &c->conf};
	ns = follow_find(v->follow, cat, &from);
	if (!ns)
		return;
	successor = find_successor(h, c, ns->ref.inode);
	if (!successor)
		successor = start_successor(h, c, v->follow, cat, ns);
	if (!successor)
		return;
	assert(successor->conf.first_interface == c->idbs.n);
	v->successor = viewer_seat(v, successor, SEAT_OLDEST);
	assert(v->successor);
	follow_update(v->follow, cat, ns->ref.inode);
	if (c->state != CAPTURE_ENDED)
		s->leave_at = c->scan_pos;
	v->ops->wake(v->ctx);
}

/* Take the seat of a successor away: its viewer stays where it is. */
static void drop_seat(struct seat *s)
{
	struct viewer *v = s->viewer;

	v->successor = NULL;
	v->seat->leave_at = UINT64_MAX;
	capture_unseat(s);
	v->ops->wake(v->ctx);
}

/* If successor @c could not start, no viewer moves there. */
static void drop_failed(struct hub *h, struct capture *c)
{
	struct seat *next;

	if (c->state != CAPTURE_ENDED || c->has_started || !c->continues)
		return;
	for (struct seat *s = c->seats.first; s; s = next) {
		next = s->next;
		if (s != s->viewer->successor)
			continue;
		drop_seat(s);
	}
	hub_retire(h, c);
}

void successors_drop_failed(struct hub *h)
{
	/* backwards: a capture that is forgotten is replaced by the last one */
	for (size_t i = h->n; i-- > 0;)
		drop_failed(h, h->all[i]);
}

void hub_follow(struct hub *h, const struct catalog *cat)
{
	successors_drop_failed(h);
	/* captures started here are behind the others and have no viewers of their own yet */
	for (size_t i = 0, n = h->n; i < n; i++) {
		struct seat *next;

		for (struct seat *s = h->all[i]->seats.first; s; s = next) {
			next = s->next;
			follow(h, s, cat);
		}
	}
}

bool successors_tick(struct viewer *v, int64_t now_ns)
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
