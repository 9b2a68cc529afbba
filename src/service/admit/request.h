/* SPDX-License-Identifier: MIT */
/* What a client asked for, made from the words of its request (wire contract 1.6 and 1.7). Looks at
 * nothing but the words: whether the target exists is decided in resolve.h. */
#ifndef ADMIT_REQUEST_H
#define ADMIT_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/capture_conf.h"
#include "service/admit/refusal.h"

#define REQUEST_JSON_MAX  65536 /* bytes of a target description */
#define REQUEST_NAME_MAX  4096  /* bytes of each string in it, NUL included */
#define REQUEST_DEPTH_MAX 32    /* nesting of the target description */

#define REQUEST_FOLLOW_SECONDS     60
#define REQUEST_FOLLOW_SECONDS_MAX 86400

/* One parameter as it arrived: query and header, decoded, NULL = absent. A header that is present,
 * even if empty, replaces the query parameter. */
struct request_word {
	const char *query;
	const char *header;
};

/* The word that counts, NULL = absent. */
static inline const char *request_word_text(const struct request_word *w)
{
	return w->header ? w->header : w->query;
}

struct request_words {
	struct request_word container, netns, nif, filter, chaste; /* chaste: presence counts */
	struct request_word target; /* NAME or PREFIX:NAME, short for a container description */
	const char *const *targets; /* every target argument, in order; the first is @target */
	size_t n_targets;
	/* limits of the stream, decimal: seconds, packets, bytes (admit/plan.h) */
	struct request_word duration, max_packets, max_bytes;
	struct request_word snaplen;    /* decimal, 0 = whole packets */
	struct request_word names;      /* "on" or "off": names of addresses */
	struct request_word statistics; /* "end" or "live": when statistics blocks are sent */
	struct request_word follow; /* "off", "on", or seconds to wait for the target's return */
};

/* A target description. Strings are owned, never NULL. */
struct request_target {
	char *name, *type, *prefix, *node_name;
	bool has_cluster;
	char *cluster_uid;
	uint64_t netns_inode; /* 0 = resolve by name and prefix */
	uint64_t starttime_ticks;
	uint32_t pid;       /* 0 if and only if starttime_ticks is 0 */
	bool by_short_name; /* from the target parameter: @name may hold a prefix as well */
	bool by_name;       /* set by resolve_target(): the namespace was found by name */
	uint32_t n_names;   /* network-interfaces of the description */
	char **names;
};

/* Where the interfaces to capture from come from. */
enum request_nif {
	NIF_ALL,    /* every interface of the namespace, late ones included */
	NIF_LISTED, /* the target description, a moment old perhaps: those that are gone are left
		       out */
	NIF_CHOSEN, /* the nif parameter: each one must exist */
};

struct request {
	struct request_target target;
	enum request_nif nif;
	bool has_nif;        /* a nif parameter was given, "any" included */
	bool all;            /* nif == NIF_ALL */
	uint32_t n_names;    /* 0 if @all */
	uint32_t n_left_out; /* behind these: not there, but perhaps in another namespace */
	char **names;        /* owned, in the order given, without doubles, unchecked */
	char *filter;        /* owned, "" = none */
	bool chaste;
	uint32_t snaplen;           /* CONF_SNAPLEN_MAX unless asked for less */
	bool wants_names;           /* of addresses, in the stream */
	bool wants_live_statistics; /* once a second, not only at the end */
	/* how long to wait for a container or pod that has ended to come back, 0 = not at all */
	uint32_t follow_seconds;
};

/* An empty description, every string "". Returns 0 or -ENOMEM; free @t with request_target_done()
 * in both cases. */
int request_target_init(struct request_target *t);

/* Free what @t or @r owns and zero it. */
void request_target_done(struct request_target *t);
void request_done(struct request *r);

/* Take every interface, whatever was asked for. */
void request_take_all(struct request *r);

/* Decode @w. Returns 0 (free @ret with request_done()) or a negative errno with @why filled; @ret
 * is untouched then. Refusals F1 to F4 have the contract's words. */
int request_decode(const struct request_words *w, struct request *ret, struct refusal *why);

#endif
