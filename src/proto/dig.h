/* SPDX-License-Identifier: MIT */
/* Digging: the descriptors the process is born with, and every message between it and the service.
 *
 * A message is one SOCK_SEQPACKET datagram without descriptors: u8 kind, then the fields of the
 * kind, little-endian, nothing behind them. There is one way to write each message; everything else
 * is refused. */
#ifndef PROTO_DIG_H
#define PROTO_DIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DIG_RESOLVERS 8 /* connections to the resolver, and addresses verified at once */

enum dig_fd {
	DIG_FD_RESOLVER = 3, /* DIG_RESOLVERS TCP sockets inside the container's namespace,
			      * non-blocking, connected or being connected to 127.0.0.11:53 */
	DIG_FD_ICMP = DIG_FD_RESOLVER + DIG_RESOLVERS, /* AF_INET, SOCK_DGRAM or SOCK_RAW of
							* IPPROTO_ICMP: hears echo replies only */
	DIG_FD_ICMP6,   /* the same of AF_INET6; without IPv6 a copy of DIG_FD_ICMP */
	DIG_FD_CONTROL, /* SOCK_SEQPACKET to the service */
	DIG_FD_ROOT,    /* empty directory to become the root */
	DIG_FD_END
};

#define DIG_NAMES_MAX     1024  /* names of one dig */
#define DIG_NAME_MAX      255   /* bytes of a name with its last dot (RFC 1035) and NUL */
#define DIG_MESSAGE_BYTES 16384 /* of the longest message */
#define DIG_ADDRESSES_MAX 512   /* different addresses of one dig */
#define DIG_FOUND_MAX     4096  /* addresses of names of one dig */
#define DIG_TOLD_MAX      (DIG_NAMES_MAX + 3 * DIG_FOUND_MAX) /* messages DIG_TOLD of one dig */

enum dig_kind {
	/* service -> dig: struct dig_names; several, the last of them says so */
	DIG_NAMES = 1,
	/* dig -> service */
	DIG_TOLD,   /* struct dig_told */
	DIG_DONE,   /* nothing more is told */
	DIG_FAILED, /* it could not start: there is no resolver */
	DIG_KIND_END
};

/* What is known of an address; it only grows. */
enum dig_quality {
	DIG_UNVERIFIED = 1,
	DIG_VERIFYING,
	DIG_INVALID,
	DIG_VERIFIED,
	DIG_QUALITY_END
};

/* Something new about a name, by its place in the order in which names were given. */
struct dig_told {
	uint16_t name;
	uint8_t family;    /* 4 or 6; 0 = the name itself, unverified */
	uint8_t bytes[16]; /* network byte order, 4 or 16 in use, the rest zero */
	uint8_t quality;   /* enum dig_quality */
};

/* One decoded message from dig to the service. */
struct dig_msg {
	uint8_t kind;         /* DIG_TOLD, DIG_DONE or DIG_FAILED */
	struct dig_told told; /* if DIG_TOLD */
};

#define DIG_MSG_BYTES 21 /* of the longest of these */

/* Encode @m into @ret (DIG_MSG_BYTES). Returns the length. */
size_t dig_msg_encode(const struct dig_msg *m, uint8_t ret[DIG_MSG_BYTES]);

/* Decode exactly @len_bytes. Returns 0, or -EBADMSG for anything that dig_msg_encode() would not
 * have written. */
int dig_msg_decode(const uint8_t *p, size_t len_bytes, struct dig_msg *ret);

/* Names as they came, in their order: "db.", "db.net."; all of them end with a dot. */
struct dig_names {
	uint16_t n;
	bool is_last;
	char v[DIG_NAMES_MAX][DIG_NAME_MAX];
};

/* Encode as many of the @n names at @v (below DIG_NAME_MAX) as fit into one message, which says
 * that it is the last one if these are all. Returns their number (at least one if @n is not 0),
 * *ret_len their length in
 * @ret (DIG_MESSAGE_BYTES). */
size_t dig_names_encode(char *const *v, size_t n, uint8_t *ret, size_t *ret_len);

/* Append the names of a message to @ret. Returns 0, -EBADMSG for anything that dig_names_encode()
 * would not have written, or when names are too many or came after the last message. */
int dig_names_decode(const uint8_t *p, size_t len_bytes, struct dig_names *ret);

#endif
