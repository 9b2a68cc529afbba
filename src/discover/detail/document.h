/* SPDX-License-Identifier: MIT */
/* The answer to /json (contract 2.6) as bytes: everything a detailed scan knows. */
#ifndef DETAIL_DOCUMENT_H
#define DETAIL_DOCUMENT_H

#include "discover/container/container.h"
#include "discover/detail/detail.h"
#include "discover/edge/edge.h"
#include "discover/metadata.h"
#include "base/text.h"

/* What the document is made of; all borrowed, all of one scan. */
struct document {
	const struct detail *detail;
	const struct container_list *containers;
	const struct metadata *metadata;
	const struct edge *apps; /* whose icons are wanted, NULL = none */
};

/* Append the document, one line, to @ret. Namespaces are ordered by inode, interfaces by index,
 * tenants as tenants.h says, so that two documents about the same host are the same. Returns 0 or
 * -ENOMEM. Has yield points. */
int document_put(struct text *ret, const struct document *d);

#endif
