/* SPDX-License-Identifier: MIT */
/* Finding out which namespaces the numbers mean by which namespaces know each other.
 *
 * The kernel only answers "what is your number for this one?", so asking all about all would grow
 * with the square of the namespaces. Instead each namespace that has links into others is asked for
 * its number of our own and of process 1's namespace, where most peers are. Two ends of a veth pair
 * then tell the other direction without a question. What is left is asked in a second visit, each
 * number only for the namespaces that can be meant: those with the other end of the veth, or with a
 * link of that index. */
#ifndef DETAIL_NSIDS_H
#define DETAIL_NSIDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/detail/netstack.h"
#include "discover/host/scan.h"

#define NSIDS_HUBS           2
#define NSIDS_CANDIDATES_MAX 64   /* asked about for one number */
#define NSIDS_QUESTIONS_MAX  4096 /* numbers of one scan */

/* A namespace that every other one is asked for. */
struct nsid_hub {
	int fd; /* owned, its nsfs file */
	uint32_t index;
};

/* A number that nobody knows yet. */
struct nsid_question {
	size_t stack;          /* the namespace that uses it */
	const struct nif *nif; /* a link that uses it */
};

struct nsids {
	int procfd;              /* borrowed */
	const struct scan *scan; /* borrowed */
	struct netstacks *all;   /* borrowed */
	struct nsid_hub hubs[NSIDS_HUBS];
	size_t n_hubs;
	struct nsid_question *questions; /* owned; by namespace */
	size_t n_questions, cap_questions;
	const struct nif **veths; /* owned; those with numbers, by index, then index of the peer */
	size_t n_veths;
	uint32_t *big; /* owned; namespaces with most links first, NSIDS_CANDIDATES_MAX at most */
	size_t n_big;
};

/* Everything is borrowed until nsids_done(). */
void nsids_init(struct nsids *n, int procfd, const struct scan *scan, struct netstacks *all);
void nsids_done(struct nsids *n);

/* By @sock, a NETLINK_ROUTE socket inside it, ask namespace @i, whose links are read, for its
 * numbers of the hubs. */
void nsids_ask_hubs(struct nsids *n, size_t i, int sock);

/* When all namespaces are read: learn from veth pairs. */
int nsids_learn(struct nsids *n);

/* Then, find out what is still to be asked: n->questions. Returns 0 or -ENOMEM. */
int nsids_prepare(struct nsids *n);

/* Ask namespace @i what is still to be asked of it. */
void nsids_ask(struct nsids *n, size_t i, int sock);

#endif
