/* SPDX-License-Identifier: MIT */
/* What is different between two lists of targets, in the form of /mobyshark. No I/O. */
#ifndef LIVE_EVENT_DIFF_H
#define LIVE_EVENT_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/catalog.h"

/* One target: which one it is, and how the document shows it. */
struct event_target {
	uint64_t id[2]; /* process and its start time, or 0 and the namespace */
	const char *p;  /* in struct event_list.json */
	size_t len_bytes;
};

struct event_list {
	char *json;             /* owned: a copy of the document */
	struct event_target *v; /* owned, sorted by id */
	size_t n;
};

/* Take the targets of catalog @c out of document @json of @len_bytes. Returns 0, -ENOMEM, or
 * -EBADMSG when the two do not fit together. */
int event_list_make(
	const struct catalog *c, const char *json, size_t len_bytes, struct event_list *ret);
void event_list_done(struct event_list *l);

/* {"generation":N,"added":[...],"removed":[...],"changed":[...]} of what became of @before; removed
 * targets as they were, changed ones as they are. Returns 1 with a text (free() it) and its length,
 * 0 when nothing is different, or -ENOMEM. */
int event_diff(const struct event_list *before, const struct event_list *now, uint64_t generation,
	char **ret, size_t *ret_len);

#endif
