/* SPDX-License-Identifier: MIT */
#include "discover/detail/owner_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/host/proc_cmdline.h"

int owner_lines_init(struct owner_lines *l, int procfd, const struct proc_table *procs)
{
	struct owner_lines new = {.procfd = procfd, .procs = procs};

	new.v = calloc(procs->n + 1, sizeof(char *));
	if (!new.v)
		return -ENOMEM;
	*l = new;
	return 0;
}

void owner_lines_done(struct owner_lines *l)
{
	for (size_t i = 0; l->v && i < l->procs->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct owner_lines){0};
}

const char *owner_lines_get(struct owner_lines *l, const struct process *p)
{
	char **line = &l->v[p - l->procs->v];
	char text[PROC_CMDLINE_MAX];

	if (!*line) {
		proc_cmdline_read(l->procfd, p->pid, text);
		*line = strdup(text);
	}
	return *line ? *line : "";
}

const struct process *owner_leader(const struct proc_table *procs, const struct process *p)
{
	for (size_t i = 0; p && i < procs->n; i++) {
		if (proc_is_netns_leader(procs, p))
			return p;
		p = proc_table_parent(procs, p);
	}
	return NULL;
}
