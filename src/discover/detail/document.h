/* SPDX-License-Identifier: MIT */
/* The answer to /json (contract 2.6) as bytes: everything a detailed scan knows. */
#ifndef DETAIL_DOCUMENT_H
#define DETAIL_DOCUMENT_H

#include <stdbool.h>

#include "discover/container/container.h"
#include "discover/detail/detail.h"
#include "discover/metadata.h"
#include "discover/text.h"

/* What the document is made of; all borrowed, all of one scan. */
struct document {
	const struct detail *detail;
	const struct container_list *containers;
	const struct metadata *metadata;
	bool icons; /* with the icons of apps */
};

/* Append the document, one line, to @ret. Namespaces are ordered by inode, interfaces by index,
 * tenants as tenants.h says, so that two documents about the same host are the same. Returns 0 or
 * -ENOMEM. */
int document_put(struct text *ret, const struct document *d);

#endif
