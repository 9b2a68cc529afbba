/* SPDX-License-Identifier: MIT */
/* From a request to exactly one network namespace of the catalog (wire contract 1.8 and 1.9). */
#ifndef ADMIT_RESOLVE_H
#define ADMIT_RESOLVE_H

#include <stdbool.h>

#include "proto/catalog.h"
#include "service/admit/request.h"

/* How sure we can be with this catalog. */
enum catalog_age {
	CATALOG_CURRENT, /* the newest there is, perhaps older than the request */
	CATALOG_FRESH,   /* scanned after the request came in: what it lacks does not exist */
};

/* Find the namespace that @req means and bring req->target up to date (a stale or nameless one is
 * replaced by the listed one, keeping node name and cluster; an old list of interfaces is kept
 * unless a nif parameter was given).
 * @ret_ref  how the broker finds the namespace; a client's pid and start time that the catalog
 *           does not know are passed on, for the broker to judge.
 * Returns 0; -EAGAIN when only a fresh catalog can decide (never with CATALOG_FRESH); -ENOMEM; with
 * @why filled, -ENOENT when there is no such target (F7) or -ENOTUNIQ when a short name means
 * several. On failure @req is what it was before, or has its namespace forgotten. */
int resolve_target(struct request *req, const struct catalog *cat, enum catalog_age age,
	struct ns_ref *ret_ref, struct refusal *why);

/* For discovery elsewhere. Forget what @cat proves out of date, and tell whether @req has to be
 * resolved by name and prefix. Never true for short names: only our own catalog knows these. */
bool resolve_needs_name(struct request *req, const struct catalog *cat);

/* Bring req->target up to date with @listed, which was found by name elsewhere, as resolve_target()
 * does with the catalog's. Returns 0, or -ENOMEM with @why filled. */
int resolve_adopt(struct request *req, const struct request_target *listed, struct refusal *why);

/* The broker found the reference stale: forget a namespace that belongs to a process or was found
 * by name, so that the next resolve_target() goes by name and prefix. Give that one a fresh
 * catalog: the present one has just been proven wrong. */
void resolve_forget(struct request *req);

/* Check the chosen interfaces of @req against the links of @ns (NULL: nothing known, all
 * well-formed ones pass). Those of the target description that are gone are left out, as long as
 * one is left, until the next call: it may be about another namespace. Returns 0; -EAGAIN as above
 * when a name is missing from a catalog that is not fresh; with @why filled, -ENODEV (it names the
 * interface and says what there is) or -EINVAL (malformed name). */
int resolve_interfaces(struct request *req, const struct catalog_netns *ns, enum catalog_age age,
	struct refusal *why);

#endif
