/* SPDX-License-Identifier: MIT */
/* The interfaces of a capture: which links of the namespace belong to it, and which pcapng
 * interface id each one has. An id is given once and never to another link, also when the kernel
 * gives an interface index again. A container can make any number of links in its namespace, so
 * both are bounded: links that were removed are forgotten in time, and links that find no id left
 * share one interface for each link type. */
#ifndef READER_INTERFACES_H
#define READER_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/link.h"
#include "stream/chunk.h"

#define INTERFACES_MAX     STREAM_INTERFACES_MAX /* known at once, some removed ones included */
#define INTERFACES_GONE    1024 /* removed links whose packets may still be in the ring */
#define INTERFACES_FURTHER 8    /* ids for all links that have none, one for each link type */
#define INTERFACE_IDS_MAX  (STREAM_INTERFACES_MAX - INTERFACES_FURTHER) /* for single links */

/* Descriptions of one interface because of its changing names: a container must not use the ids of
 * the capture up. */
#define INTERFACE_RENAMES_MAX 16

struct interface {
	struct link link;
	uint16_t linktype;
	bool known;   /* @link was told by the kernel; otherwise only the index and the kind are */
	bool gone;    /* the link was removed; packets of it may still be in the ring */
	bool is_told; /* its Interface Description Block is in the stream, @id is valid */
	bool is_admitted;           /* it belongs to the capture for good */
	uint32_t renames;           /* how often it was described anew because of that */
	char former[LINK_NAME_MAX]; /* its name before the last of these, "" = none */
	bool joined;                /* promiscuous mode was asked for */
	bool is_noted;              /* @is_open is valid */
	bool is_open; /* the kernel's program left its link type open when it appeared: the reader
		       * filters its packets */
	uint64_t speed_bps; /* 0 = unknown */
	uint32_t id;        /* pcapng interface id */
	bool is_further;    /* it stands for all links of its type that have no id */
	/* the reader's count in the open chunk, see chunking in capture.c */
	uint64_t chunk_serial;
	uint32_t chunk_slot;
};

struct interfaces {
	struct interface **all; /* owned, oldest first */
	size_t n, cap;
	struct interface **by_index; /* owned hash table of the newest per interface index */
	size_t table_size;
	uint32_t n_told;
	struct interface *further[INTERFACES_FURTHER]; /* owned, NULL from some place on */
	struct interface *last; /* of interfaces_find(): packets come in runs */
};

void interfaces_done(struct interfaces *s);

/* The newest interface with index @ifindex, NULL if there is none. */
struct interface *interfaces_find(struct interfaces *s, uint32_t ifindex);

/* Take in what the kernel says of a link. A link unknown so far, or one whose index belonged to a
 * removed link, becomes a new interface. Returns it (owned by @s, until its link is removed), or
 * NULL when there is no memory or INTERFACES_MAX links exist. */
struct interface *interfaces_update(struct interfaces *s, const struct link *link);

/* The link with index @ifindex was removed. */
void interfaces_remove(struct interfaces *s, uint32_t ifindex);

/* An interface for packets whose link the kernel has not told about (its message was lost): named
 * after its index. Returns as interfaces_update(). */
struct interface *interfaces_add_unknown(struct interfaces *s, uint32_t ifindex, uint16_t arphrd);

/* Is there an id for another single link? */
bool interfaces_have_id(const struct interfaces *s);

/* The interface that stands for all links of kind @arphrd that have no id. NULL when there is no
 * memory. */
struct interface *interfaces_further(struct interfaces *s, uint16_t arphrd);

#endif
