/* SPDX-License-Identifier: MIT */
/* The messages of the service to a reader, over the capture's control socket (one SOCK_SEQPACKET
 * datagram each): first the configuration; later the list of connections to leave out when it
 * changes, and the size of a larger ring when the broker has made one; at last the request to stop,
 * after which the reader delivers and counts everything that was captured until then. Closing the
 * control socket ends the capture at once. Fields as in the structs, little-endian, strings as
 * u16 length and bytes; one canonical form. */
#ifndef PROTO_CAPTURE_CONF_H
#define PROTO_CAPTURE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/conf_program.h"

#define CONF_MAX_BYTES     131072
#define CONF_NAMES_MAX     768 /* interfaces named in one capture */
#define CONF_NAME_MAX      16  /* IFNAMSIZ */
#define CONF_PROGRAMS_MAX  8
#define CONF_ENDPOINTS_MAX 256
#define CONF_FILTER_MAX    65535 /* bytes of filter text, NUL not included */
#define CONF_SNAPLEN_MAX   262144
#define CONF_COMMENT_MAX   256   /* bytes, NUL included */
#define CONF_FIRST_MAX     16383 /* the highest pcapng id of a first interface */

enum conf_kind {
	CONF_START = 1,
	CONF_EXCLUDE,
	CONF_STOP,
	CONF_RING
};

/* One end of TCP connections whose packets are left out: those that have this address and port on
 * either side. */
struct conf_endpoint {
	uint8_t family;   /* 4 or 6 */
	uint16_t port;    /* host byte order */
	uint8_t addr[16]; /* network byte order, 4 or 16 bytes in use, the rest zero */
};

struct capture_conf {
	uint32_t snaplen;             /* bytes kept of a packet, 1..CONF_SNAPLEN_MAX */
	bool promiscuous;             /* interfaces are put into promiscuous mode */
	bool may_grow;                /* a CONF_RING can follow */
	uint16_t n_names;             /* 0 = every interface of the namespace, now and later */
	char (*names)[CONF_NAME_MAX]; /* owned, distinct, none empty */
	char *filter;                 /* owned: the text the programs were made from, "" = none */
	uint16_t n_programs;          /* one per link type; without a filter they keep everything */
	struct conf_program programs[CONF_PROGRAMS_MAX];
	uint16_t n_endpoints;
	struct conf_endpoint endpoints[CONF_ENDPOINTS_MAX];
	/* The stream goes on with another namespace: interfaces with lower pcapng ids are in it
	 * already, and the new ones known at the start say what happened. */
	uint32_t first_interface;
	char comment[CONF_COMMENT_MAX]; /* "" = none */
};

/* Free what @c owns and zero it. */
void capture_conf_done(struct capture_conf *c);

/* Encode a CONF_START message into @ret. Returns its length, -ENOBUFS if @cap_bytes is too small,
 * -EINVAL if a limit above is exceeded. */
ssize_t capture_conf_encode(const struct capture_conf *c, uint8_t *ret, size_t cap_bytes);

/* Encode a CONF_EXCLUDE message with @n endpoints. Returns as above. */
ssize_t conf_exclude_encode(
	const struct conf_endpoint *ep, uint16_t n, uint8_t *ret, size_t cap_bytes);

/* Encode a CONF_STOP message. Returns as above. */
ssize_t conf_stop_encode(uint8_t *ret, size_t cap_bytes);

/* Encode a CONF_RING message: the next spare socket has a ring of @ring_bytes. Returns as above. */
ssize_t conf_ring_encode(uint32_t ring_bytes, uint8_t *ret, size_t cap_bytes);

/* The kind of a message, 0 if it has none. A CONF_STOP message is only its kind. */
int conf_kind(const uint8_t *p, size_t len_bytes);

/* Decode exactly one CONF_START message. Returns 0, -EBADMSG or -ENOMEM. */
int capture_conf_decode(const uint8_t *p, size_t len_bytes, struct capture_conf *ret);

/* Decode exactly one CONF_RING message. Returns 0 or -EBADMSG. */
int conf_ring_decode(const uint8_t *p, size_t len_bytes, uint32_t *ret_ring_bytes);

/* Decode exactly one CONF_EXCLUDE message into @ret (CONF_ENDPOINTS_MAX elements). Returns the
 * number of endpoints or -EBADMSG. */
ssize_t conf_exclude_decode(const uint8_t *p, size_t len_bytes, struct conf_endpoint *ret);

#endif
