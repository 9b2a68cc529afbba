/* SPDX-License-Identifier: MIT */
#include "discover/detail/detail.h"

#include <errno.h>
#include <stdlib.h>

int detail_begin(
	struct detail *d, uint8_t documents, const struct scan *scan, int procfd, int broker)
{
	uint32_t last_id = d->uts.next_id;
	int rc;

	*d = (struct detail){.documents = documents, .procfd = procfd, .scan = scan};
	/* late answers of an earlier scan must not be taken for those of this one */
	d->uts.next_id = last_id;
	if (!documents)
		return 0;
	d->dns = malloc(sizeof(*d->dns));
	rc = d->dns ? dns_files_init(d->dns, procfd) : -ENOMEM;
	if (rc == 0)
		rc = pidns_tree_read(procfd, &scan->procs, &d->pidns);
	if (rc == 0)
		rc = uts_names_start(&d->uts, procfd, broker, &scan->procs);
	return rc;
}

int detail_answer(struct detail *d, const struct msg *m)
{
	return uts_names_answer(&d->uts, m);
}

bool detail_finished(const struct detail *d)
{
	return uts_names_finished(&d->uts);
}

void detail_give_up(struct detail *d)
{
	uts_names_give_up(&d->uts);
}

void detail_end(struct detail *d)
{
	uint32_t last_id;

	uts_names_stop(&d->uts);
	last_id = d->uts.next_id;
	pidns_tree_done(&d->pidns);
	if (d->dns)
		dns_files_done(d->dns);
	free(d->dns);
	*d = (struct detail){.uts.next_id = last_id};
}
