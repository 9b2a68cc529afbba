/* SPDX-License-Identifier: MIT */
/* The other end of the hub's random model (support/hub_model.h): what the scripted readers wrote,
 * and a client that reads a viewer's stream and checks the law of losses against it. */
#ifndef SUPPORT_HUB_WATCHER_H
#define SUPPORT_HUB_WATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "service/hub/hub_state.h"

#define MODEL_INTERFACES 64 /* pcapng ids at most, over all captures of a round */
#define MODEL_SEGMENTS   32

/* Fails the test or the fuzz target. */
#define MODEL_CHECK(what)                                                                          \
	do {                                                                                       \
		if (!(what))                                                                       \
			model_failed(__FILE__, __LINE__, #what);                                   \
	} while (0)

__attribute__((noreturn)) void model_failed(const char *file, int line, const char *what);

/* One chunk that a reader wrote. Packets are numbered in each stream, lost ones included. */
struct record {
	uint64_t next;       /* position behind it */
	uint64_t first, end; /* numbers of its packets: those lost before it, then its own */
	uint64_t lost;
	uint32_t lost_interface, base; /* @base: id of the first interface of @packets */
	uint32_t packets[8];
};

/* One stream as its reader wrote it. */
struct script {
	uint32_t id; /* of the capture */
	struct chunk_writer w;
	void *map; /* owned */
	size_t map_bytes;
	int event_fd, space_fd,
		control_fd;         /* owned, the reader's ends; -1 before the capture opens */
	uint32_t first, interfaces; /* id of the first own interface; ids so far */
	uint64_t number;            /* of the next packet */
	uint64_t lost;              /* kernel losses not written yet */
	bool is_open, is_ready, is_ended;
	struct record *records; /* owned */
	size_t n, cap;
};

/* From record @from up to @to (SIZE_MAX: all) of a stream. */
struct segment {
	struct script *script;
	size_t from, to;
};

/* A client. */
struct watcher {
	struct viewer *v; /* NULL = free */
	uint32_t speed;   /* of 100: how often it takes something when it could */
	bool is_live;     /* it gets live statistics: kernel losses may be counted before a packet
			     follows */
	struct segment segments[MODEL_SEGMENTS]; /* what it has to get or to be told lost */
	size_t n;
	size_t at;                       /* the segment that is being sent */
	uint64_t number;                 /* the next packet of it */
	uint64_t missing;                /* packets missed that no drop count has reported so far */
	uint64_t reported;               /* sum of drop counts */
	const struct capture *successor; /* the one noted last, NULL = none */
	uint32_t idbs;
	uint64_t delivered[MODEL_INTERFACES];
	struct counters {
		uint64_t accepted, delivered, lost;
	} isb[MODEL_INTERFACES];
};

/* Index of the first record behind @pos. */
size_t script_record(const struct script *s, uint64_t pos);

/* Begin to watch from record @from of @s. */
void watcher_begin(struct watcher *w, struct script *s, size_t from);

/* The seat of the viewer changed from segment to segment. */
void watcher_move(struct watcher *w);

/* Read a piece and check it: blocks are whole, interfaces are described before they are used,
 * packets come in order, and each drop count is the number of packets missing before its packet. */
void watcher_read(struct watcher *w, const uint8_t *bytes, size_t len_bytes);

/* After the end of the stream: for each interface, passed = delivered + lost. */
void watcher_check(const struct watcher *w);

#endif
