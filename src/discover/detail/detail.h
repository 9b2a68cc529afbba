/* SPDX-License-Identifier: MIT */
/* What a detailed scan collects beyond an ordinary one, for the documents that are made only when
 * asked for (/json). It is collected beside links and engines, from the same scan, and forgotten at
 * the scan's end. */
#ifndef DETAIL_DETAIL_H
#define DETAIL_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/detail/dns.h"
#include "discover/detail/network.h"
#include "discover/detail/ports.h"
#include "discover/host/pidns_tree.h"
#include "discover/host/scan.h"
#include "discover/host/uts_names.h"

struct detail {
	uint8_t documents;       /* MSG_DOCUMENT_* to be made of this scan; 0 = an ordinary scan */
	const struct scan *scan; /* borrowed */
	int procfd;              /* borrowed */
	struct network network;
	struct pidns_tree pidns;
	struct uts_names uts;
	struct ports ports;
	struct dns_files *dns; /* owned; read while a document is made */
	struct yield *yield;   /* borrowed */
};

/* Begin collecting for @documents; nothing is collected if that is 0. What @m says is borrowed
 * until detail_end(). Returns 0, -ENOMEM, or -EPIPE or another negative errno when the broker is
 * gone. */
int detail_begin(struct detail *d, uint8_t documents, const struct network_means *m);

/* Call whenever links_finished(): goes on with what has to follow. Errors of detail_begin(). */
int detail_go_on(struct detail *d);

/* Handle an answer of the broker to a question of this part. Descriptors are taken out of @fds.
 * Errors of detail_begin(). */
int detail_answer(struct detail *d, const struct msg *m, struct fdset *fds);

/* True when nothing is asked any more. */
bool detail_finished(const struct detail *d);

/* Wait no longer for answers: documents do without. */
void detail_give_up(struct detail *d);

/* Nothing will be asked any more: read what depends on all answers. Returns 0 or -ENOMEM. */
int detail_complete(struct detail *d);

/* Forget everything, also in the middle of collecting. A zeroed @d is fine. */
void detail_end(struct detail *d);

#endif
