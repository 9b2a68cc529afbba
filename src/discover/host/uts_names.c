/* SPDX-License-Identifier: MIT */
#include "discover/host/uts_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/ns_link.h"
#include "base/utf8.h"
#include "base/grow.h"

static int add(struct uts_names *u, uint64_t inode, const struct process *p)
{
	struct uts_name *v;
	int rc;

	if (inode == 0 || inode == u->own || inode_map_get(&u->index, inode))
		return 0;
	v = grow(u->v, u->n, &u->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	u->v = v;
	v[u->n] = (struct uts_name){
		.inode = inode, .pid = (uint32_t) p->pid, .starttime_ticks = p->starttime_ticks};
	rc = inode_map_add(&u->index, inode, (uint32_t) u->n);
	u->n++;
	return rc < 0 ? rc : 0;
}

/* Older processes first: they stay longer. */
static int collect(struct uts_names *u, int procfd, const struct proc_table *procs)
{
	int rc = 0;

	for (size_t i = 0; i < procs->n && rc == 0; i++) {
		const struct process *p = procs->by_age[i];
		char path[32];

		if (!proc_is_netns_leader(procs, p) && !proc_may_be_container(procs, p))
			continue;
		(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/uts", p->pid);
		rc = add(u, ns_link_read(procfd, path, "uts"), p);
	}
	return rc;
}

static struct uts_slot *find_slot(struct uts_names *u, uint32_t id)
{
	for (size_t i = 0; i < UTS_NAMES_WINDOW; i++) {
		if (u->slots[i].id == id)
			return &u->slots[i];
	}
	return NULL;
}

static int ask(struct uts_names *u, struct uts_slot *slot)
{
	struct msg m = {.op = MSG_UTS_NAMES, .id = ++u->next_id};
	struct msg_uts_refs *refs = &m.u.uts_refs;
	int rc;

	if (m.id == 0)
		m.id = u->next_id = 1;
	for (size_t i = u->next; i < u->n && refs->n < MSG_UTS_MAX; i++)
		refs->v[refs->n++] =
			(struct uts_ref){u->v[i].inode, u->v[i].pid, u->v[i].starttime_ticks};
	rc = msg_send(u->broker, &m, NULL, 0);
	if (rc < 0)
		return rc;
	*slot = (struct uts_slot){m.id, u->next, refs->n};
	u->next += refs->n;
	u->in_flight++;
	return 0;
}

static int fill_window(struct uts_names *u)
{
	while (u->next < u->n && u->in_flight < UTS_NAMES_WINDOW) {
		int rc = ask(u, find_slot(u, 0));

		/* the broker is behind: the next answer brings us here again; if none will come,
		 * then names are done without */
		if (rc == -EAGAIN && u->in_flight == 0)
			u->next = u->n;
		if (rc < 0)
			return rc == -EAGAIN ? 0 : rc;
	}
	return 0;
}

int uts_names_start(struct uts_names *u, int procfd, int broker, const struct proc_table *procs)
{
	struct utsname own;
	int rc;

	uts_names_stop(u);
	u->broker = broker;
	u->own = ns_link_read(procfd, "self/ns/uts", "uts");
	if (uname(&own) == 0)
		utf8_sanitize(own.nodename, u->own_name, sizeof(u->own_name));
	rc = collect(u, procfd, procs);
	return rc < 0 ? rc : fill_window(u);
}

int uts_names_answer(struct uts_names *u, const struct msg *m)
{
	struct uts_slot *slot = m->id ? find_slot(u, m->id) : NULL;
	const struct msg_uts_names *told = &m->u.uts_names;

	if (!slot)
		return 0;
	for (size_t i = 0; i < slot->n && i < told->n; i++)
		utf8_sanitize(told->v[i], u->v[slot->first + i].name, MSG_UTS_NAME_BYTES);
	*slot = (struct uts_slot){0};
	u->in_flight--;
	return fill_window(u);
}

bool uts_names_finished(const struct uts_names *u)
{
	return u->in_flight == 0 && u->next == u->n;
}

const char *uts_names_get(const struct uts_names *u, uint64_t inode)
{
	const uint32_t *at;

	if (inode == 0)
		return "";
	if (inode == u->own)
		return u->own_name;
	at = inode_map_get(&u->index, inode);
	return at ? u->v[*at].name : "";
}

void uts_names_give_up(struct uts_names *u)
{
	for (size_t i = 0; i < UTS_NAMES_WINDOW; i++)
		u->slots[i] = (struct uts_slot){0};
	u->in_flight = 0;
	u->next = u->n;
}

void uts_names_stop(struct uts_names *u)
{
	uint32_t id = u->next_id;

	free(u->v);
	inode_map_done(&u->index);
	*u = (struct uts_names){.broker = -1, .next_id = id};
}
