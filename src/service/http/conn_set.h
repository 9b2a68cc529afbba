/* SPDX-License-Identifier: MIT */
/* The connections of a server, in lists by what they do, each with the oldest first. */
#ifndef HTTP_CONN_SET_H
#define HTTP_CONN_SET_H

#include <stdint.h>

struct conn;

/* How much need a connection has of its place. */
enum conn_class {
	CONN_CLASS_HALF, /* has not sent a complete request */
	CONN_CLASS_IDLE, /* between requests */
	CONN_CLASS_BUSY,
	CONN_CLASSES,
};

/* Where a client comes from: the addresses of one IPv6 network of 64 bits count as one. */
struct conn_peer {
	uint8_t family, bytes[16];
};

/* A connection in the set. */
struct conn_place {
	struct conn *conn;
	struct conn_peer peer;
	enum conn_class class;
	int64_t since_ns;                 /* it is in this class, monotonic */
	struct conn_place *next, *before; /* the set's */
};

/* Zeroed at first. */
struct conn_set {
	struct {
		struct conn_place *first, *last;
	} lists[CONN_CLASSES];
	uint32_t n;
};

/* Put @p, which is in no list, into that of its class as the newest. */
void conn_set_add(struct conn_set *s, struct conn_place *p);
void conn_set_remove(struct conn_set *s, struct conn_place *p);

/* Of the connections that can be spared, the one that has been so for longest; NULL = none. */
struct conn *conn_set_spare(const struct conn_set *s);

/* The oldest connection of @peer whose request is not complete, and how many there are. */
struct conn *conn_set_oldest_half(
	const struct conn_set *s, const struct conn_peer *peer, uint32_t *ret_n);

/* The oldest of @class; NULL = none. */
struct conn *conn_set_first(const struct conn_set *s, enum conn_class class);

#endif
