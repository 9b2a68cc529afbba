/* SPDX-License-Identifier: MIT */
#include "discover/detail/detail.h"

#include <errno.h>
#include <stdlib.h>

int detail_begin(struct detail *d, uint8_t documents, const struct network_means *m)
{
	int rc;

	/* late answers of an earlier scan must not be taken for those of this one */
	*d = (struct detail){.documents = documents,
		.procfd = m->procfd,
		.scan = m->scan,
		.yield = m->yield,
		.network = {.tuns = {.next_id = d->network.tuns.next_id}},
		.uts = {.next_id = d->uts.next_id},
		.ports = {.ask = {.next_id = d->ports.ask.next_id}}};
	if (!documents)
		return 0;
	rc = network_begin(&d->network, m);
	if (rc < 0)
		return rc;
	d->dns = malloc(sizeof(*d->dns));
	rc = d->dns ? dns_files_init(d->dns, m->procfd) : -ENOMEM;
	if (rc == 0)
		rc = pidns_tree_read(m->procfd, &m->scan->procs, d->yield, &d->pidns);
	if (rc == 0)
		rc = uts_names_start(&d->uts, m->procfd, m->broker, &m->scan->procs);
	if (rc == 0)
		rc = ports_begin(&d->ports, m->scan, m->procfd, m->broker);
	return rc;
}

int detail_go_on(struct detail *d)
{
	return network_go_on(&d->network);
}

int detail_answer(struct detail *d, const struct msg *m, struct fdset *fds)
{
	if (m->op == MSG_PORTS_OPENED)
		return ports_answer(&d->ports, m, fds);
	if (m->op == MSG_TUN_TOLD)
		return network_answer(&d->network, m);
	return uts_names_answer(&d->uts, m);
}

bool detail_finished(const struct detail *d)
{
	return network_finished(&d->network) && uts_names_finished(&d->uts) &&
	       ports_finished(&d->ports);
}

void detail_give_up(struct detail *d)
{
	/* without memory there is nothing but unrelated links */
	(void) network_give_up(&d->network);
	uts_names_give_up(&d->uts);
	ports_give_up(&d->ports);
}

int detail_complete(struct detail *d)
{
	return ports_complete(&d->ports, d->yield);
}

void detail_end(struct detail *d)
{
	uts_names_stop(&d->uts);
	network_end(&d->network);
	ports_end(&d->ports);
	pidns_tree_done(&d->pidns);
	if (d->dns)
		dns_files_done(d->dns);
	free(d->dns);
	*d = (struct detail){.network = d->network, .uts = d->uts, .ports = d->ports};
}
