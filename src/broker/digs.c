/* SPDX-License-Identifier: MIT */
#include "broker/digs.h"

#include <errno.h>
#include <signal.h>

int digs_admit(const struct digs *d, uint32_t id)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].id == id)
			return -EEXIST;
	}
	return d->n < DIGS_MAX ? 0 : -EBUSY;
}

void digs_add(struct digs *d, uint32_t id, pid_t pid)
{
	d->v[d->n++] = (struct running_dig){id, pid};
}

void digs_kill(struct digs *d, uint32_t id)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].id == id)
			(void) kill(d->v[i].pid, SIGKILL);
	}
}

void digs_kill_all(struct digs *d)
{
	for (size_t i = 0; i < d->n; i++)
		(void) kill(d->v[i].pid, SIGKILL);
}

void digs_ended(struct digs *d, pid_t pid)
{
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].pid != pid)
			continue;
		d->v[i] = d->v[--d->n];
		return;
	}
}
