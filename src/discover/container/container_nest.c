/* SPDX-License-Identifier: MIT */
/* Containers in containers: whose names stand in front of whose. */
#include "discover/container/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Containers by the index of their process in the table; NULL where there is none. */
struct by_process {
	const struct container **v;
	const struct proc_table *procs;
};

/* "OUTER/INNER/...": the names of the containers met from @p upwards. */
static char *prefix_from(const struct by_process *b, const struct process *p)
{
	char buf[CONTAINER_PREFIX_MAX];
	size_t at = sizeof(buf) - 1;

	buf[at] = '\0';
	for (size_t steps = 0; p && steps < b->procs->n; steps++) {
		const struct container *c = b->v[p - b->procs->v];
		bool first = buf[at] == '\0';
		size_t len = c ? strlen(c->name) + !first : 0;

		if (len > at)
			break; /* absurdly deep: the inner ones have to do */
		if (c) {
			at -= len;
			memcpy(buf + at, c->name, strlen(c->name));
			if (!first)
				buf[at + len - 1] = '/';
		}
		p = proc_table_parent(b->procs, p);
	}
	return strdup(buf + at);
}

static const struct process *start_of(const struct container *c, const struct proc_table *procs)
{
	const struct process *engine = c->engine_pid ? proc_table_find(procs, c->engine_pid) : NULL;

	return c->engine_pid ? engine : proc_table_parent(procs, c->proc);
}

/* @prefix is taken over; NULL: there was no memory. */
static int set_prefix(struct container *c, char *prefix)
{
	if (!prefix)
		return -ENOMEM;
	free(c->prefix);
	c->prefix = prefix;
	/* a container full of labels has it in its member alone */
	return labels_set(&c->labels, "turtlefinder/container/prefix", prefix) == -ENOMEM ? -ENOMEM
											  : 0;
}

int container_list_nest(struct container_list *l, const struct proc_table *procs)
{
	struct by_process b = {.procs = procs};
	int rc = 0;

	b.v = calloc(procs->n + 1, sizeof(struct container *));
	if (!b.v)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		b.v[l->v[i].proc - procs->v] = &l->v[i];
	for (size_t i = 0; i < l->n && rc == 0; i++)
		rc = set_prefix(&l->v[i], prefix_from(&b, start_of(&l->v[i], procs)));
	free(b.v);
	return rc;
}
