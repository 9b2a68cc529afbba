/* SPDX-License-Identifier: MIT */
#include "broker/workers.h"

#include <errno.h>
#include <signal.h>

int workers_admit(const struct workers *l, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].id == id)
			return -EEXIST;
	}
	return l->n < WORKERS_MAX ? 0 : -EBUSY;
}

void workers_add(struct workers *l, uint32_t id, pid_t pid)
{
	l->v[l->n++] = (struct worker){id, pid};
}

void workers_kill(struct workers *l, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].id == id)
			(void) kill(l->v[i].pid, SIGKILL);
	}
}

void workers_kill_all(struct workers *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void) kill(l->v[i].pid, SIGKILL);
}

void workers_ended(struct workers *l, pid_t pid)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].pid != pid)
			continue;
		l->v[i] = l->v[--l->n];
		return;
	}
}
