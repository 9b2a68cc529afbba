/* SPDX-License-Identifier: MIT */
/* What a detailed scan collects beyond an ordinary one, for the documents that are made only when
 * asked for (/json). It is collected beside links and engines, from the same scan, and forgotten at
 * the scan's end. */
#ifndef DETAIL_DETAIL_H
#define DETAIL_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/host/scan.h"

struct detail {
	uint8_t documents;       /* MSG_DOCUMENT_* to be made of this scan; 0 = an ordinary scan */
	const struct scan *scan; /* borrowed */
	int procfd;              /* borrowed */
};

/* Begin collecting for @documents; nothing is collected if that is 0. @scan is borrowed until
 * detail_end(). */
void detail_begin(struct detail *d, uint8_t documents, int procfd, const struct scan *scan);

/* Forget everything, also in the middle of collecting. A zeroed @d is fine. */
void detail_end(struct detail *d);

#endif
