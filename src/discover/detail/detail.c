/* SPDX-License-Identifier: MIT */
#include "discover/detail/detail.h"

void detail_begin(struct detail *d, uint8_t documents, int procfd, const struct scan *scan)
{
	*d = (struct detail){.documents = documents, .procfd = procfd, .scan = scan};
}

void detail_end(struct detail *d)
{
	*d = (struct detail){0};
}
