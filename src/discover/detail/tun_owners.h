/* SPDX-License-Identifier: MIT */
/* Which processes hold which tun and tap devices (contract 2.7): descriptors of /dev/net/tun name
 * their device in fdinfo ("iff:"), and the broker tells the namespace it lives in, which need not
 * be that of the process. */
#ifndef DETAIL_TUN_OWNERS_H
#define DETAIL_TUN_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/host/proc_table.h"
#include "netlink/link.h"
#include "proto/broker.h"

#define TUN_OWNERS_MAX    4096 /* descriptors; more are left out */
#define TUN_OWNERS_WINDOW 32   /* questions under way at once */

struct tun_owner {
	const struct process *proc; /* borrowed */
	uint32_t fd;
	uint64_t netns; /* 0 = not told */
	char name[LINK_NAME_MAX];
};

struct tun_owners {
	int broker;          /* borrowed */
	struct tun_owner *v; /* owned; by namespace, name, process when all is told */
	size_t n, cap;
	size_t next; /* first one not asked about yet */
	size_t in_flight;
	uint32_t next_id; /* never 0 */
	struct tun_slot {
		uint32_t id; /* 0 = free */
		size_t at;   /* index in v */
	} slots[TUN_OWNERS_WINDOW];
};

/* Look through the descriptors of all of @procs and begin asking. Everything is borrowed until
 * tun_owners_stop(). What cannot be read is passed over. Returns 0, -ENOMEM, or an error of
 * msg_send() when the broker is gone. */
int tun_owners_start(struct tun_owners *t, int procfd, int broker, const struct proc_table *procs);

/* Handle an answer (MSG_TUN_TOLD) and ask further; answers to questions of an earlier run are
 * dropped. Errors of tun_owners_start(). */
int tun_owners_answer(struct tun_owners *t, const struct msg *m);

/* True when nothing is left to ask and nothing is under way. */
bool tun_owners_finished(const struct tun_owners *t);

/* Ask no further. */
void tun_owners_give_up(struct tun_owners *t);

/* When finished: put them in order, each process once for a device. */
void tun_owners_sort(struct tun_owners *t);

/* The owners of device @name in namespace @netns: their number, and the first in *ret. */
size_t tun_owners_find(
	const struct tun_owners *t, uint64_t netns, const char *name, const struct tun_owner **ret);

/* Forget all but next_id. A zeroed @t is fine. */
void tun_owners_stop(struct tun_owners *t);

/* The name of the device in the whole text of a fdinfo file, copied to @ret; "" if it names none.
 * No I/O. */
void tun_owners_parse(const char *text, char ret[LINK_NAME_MAX]);

#endif
