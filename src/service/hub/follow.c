/* SPDX-License-Identifier: MIT */
#include "service/hub/follow.h"

#include <stdlib.h>
#include <string.h>

static bool has_name(const struct catalog_target *t)
{
	return strcmp(t->type, "proc") != 0 && strcmp(t->type, "bindmount") != 0;
}

static const struct catalog_target *find_listed(
	const struct catalog *cat, const char *name, const char *prefix, uint64_t inode)
{
	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *t = &cat->targets[i];

		if (t->netns_inode == inode && strcmp(t->name, name) == 0 &&
			strcmp(t->prefix, prefix) == 0 && has_name(t))
			return t;
	}
	return NULL;
}

static void remember(struct follow *f, const struct catalog_target *t)
{
	f->pid = t->pid;
	f->starttime_ticks = t->starttime_ticks;
	f->owner = t->owner;
	f->engine_pid = t->engine_pid;
	f->engine_starttime_ticks = t->engine_starttime_ticks;
}

struct follow *follow_new(const struct catalog *cat, const char *name, const char *prefix,
	uint64_t inode, int64_t wait_ns)
{
	const struct catalog_target *t = find_listed(cat, name, prefix, inode);
	struct follow *f = t ? calloc(1, sizeof(*f)) : NULL;

	if (!f)
		return NULL;
	f->name = strdup(t->name);
	f->prefix = strdup(t->prefix);
	f->type = strdup(t->type);
	f->wait_ns = wait_ns;
	remember(f, t);
	if (f->name && f->prefix && f->type)
		return f;
	follow_free(f);
	return NULL;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	free(f->name);
	free(f->prefix);
	free(f->type);
	free(f);
}

static bool has_links(const struct catalog_netns *ns, const struct capture_conf *conf)
{
	for (uint16_t i = 0; i < conf->n_names; i++) {
		bool found = false;

		for (uint32_t j = 0; j < ns->n_links && !found; j++)
			found = strcmp(ns->links[j].name, conf->names[i]) == 0;
		if (!found)
			return false;
	}
	return true;
}

static bool is_it(const struct follow *f, const struct catalog_target *t)
{
	return t->owner == f->owner && strcmp(t->name, f->name) == 0 &&
	       strcmp(t->prefix, f->prefix) == 0 && strcmp(t->type, f->type) == 0;
}

static bool is_of_engine(const struct follow *f, const struct catalog_target *t)
{
	return t->engine_pid == f->engine_pid &&
	       t->engine_starttime_ticks == f->engine_starttime_ticks;
}

/* Does the engine that listed the target last still list something? Then the target can come back
 * there only; else the engine may have been restarted. */
static bool has_engine(const struct follow *f, const struct catalog *cat)
{
	for (uint32_t i = 0; i < cat->n_targets && f->engine_pid; i++) {
		if (is_of_engine(f, &cat->targets[i]))
			return true;
	}
	return false;
}

/* Is @t, which is the target, still where the viewer is? */
static bool is_still_there(
	const struct follow *f, const struct catalog_target *t, const struct follow_from *from)
{
	return t->netns_inode == from->inode &&
	       (!from->is_gone || (t->pid == f->pid && t->starttime_ticks == f->starttime_ticks));
}

/* Does @t share its namespace with a process that is older and no container, as the host's are?
 * Then it may be a container that is only being started there, and that network is none of its own.
 */
static bool is_guest(const struct catalog *cat, const struct catalog_target *t)
{
	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *o = &cat->targets[i];

		if (o->netns_inode == t->netns_inode && strcmp(o->type, "proc") == 0 &&
			o->starttime_ticks < t->starttime_ticks)
			return true;
	}
	return false;
}

const struct catalog_netns *follow_find(
	const struct follow *f, const struct catalog *cat, const struct follow_from *from)
{
	const struct catalog_netns *found = NULL;
	bool is_bound = has_engine(f, cat);

	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *t = &cat->targets[i];

		if (!is_it(f, t) || (is_bound && !is_of_engine(f, t)))
			continue;
		if (is_still_there(f, t, from))
			return NULL;
		if (!found && !is_guest(cat, t))
			found = catalog_find_netns(cat, t->netns_inode);
	}
	return found && has_links(found, from->conf) ? found : NULL;
}

void follow_update(struct follow *f, const struct catalog *cat, uint64_t inode)
{
	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *t = &cat->targets[i];

		if (t->netns_inode != inode || !is_it(f, t))
			continue;
		remember(f, t);
		return;
	}
}
