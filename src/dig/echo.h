/* SPDX-License-Identifier: MIT */
/* ICMP echo requests and replies (RFC 792, RFC 4443 section 4). No I/O. */
#ifndef DIG_ECHO_H
#define DIG_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECHO_BYTES       40  /* of a request */
#define ECHO_REPLY_BYTES 128 /* of what is looked at: an IPv4 header and a reply's own one fit */

struct echo {
	uint8_t family; /* 4 or 6 */
	uint16_t ident, seq;
};

/* Write a request. Kernels put in the checksum themselves but for raw IPv4 sockets. */
void echo_request(const struct echo *e, uint8_t ret[ECHO_BYTES]);

/* Take apart what came in on a socket of @family; @has_ip: there is an IPv4 header in front, as raw
 * sockets have it. Returns 0, or -EBADMSG when it is no echo reply. */
int echo_reply(const uint8_t *p, size_t len_bytes, uint8_t family, bool has_ip, struct echo *ret);

#endif
