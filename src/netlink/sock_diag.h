/* SPDX-License-Identifier: MIT */
/* TCP and UDP sockets of a network namespace as the kernel lists them over NETLINK_SOCK_DIAG
 * (sock_diag(7), linux/inet_diag.h). Listing takes no rights. Works with sockets made in another
 * network namespace and handed over. */
#ifndef NETLINK_SOCK_DIAG_H
#define NETLINK_SOCK_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#define DIAG_LISTEN 10 /* TCP_LISTEN of the kernel's state numbers (net/tcp_states.h) */

/* Bits of the TCP states the kernel's own lists show: 1 to 12. */
#define DIAG_STATES_ALL    0x1ffeu
#define DIAG_STATES_LISTEN (1u << DIAG_LISTEN)

struct diag_socket {
	uint8_t family; /* AF_INET or AF_INET6 */
	uint8_t state;  /* kernel's number, 1 = established */
	uint16_t local_port, remote_port;
	uint8_t local[16], remote[16]; /* network order; the first 4 for AF_INET, the rest 0 */
	uint32_t inode;                /* 0: no process owns it any more */
};

/* Called for each socket, which is borrowed. Return 0 to go on or a negative errno to stop. */
typedef int (*diag_fn)(void *ctx, const struct diag_socket *s);

struct nlmsghdr;

/* Take the socket out of one message of a dump. Returns 0, or -EBADMSG if it is not one of IPv4 or
 * IPv6, or cut off. */
int diag_parse(const struct nlmsghdr *h, struct diag_socket *ret);

/* List the TCP sockets of both families that are in one of @states. The kernel walks all sockets of
 * all namespaces unless @states is DIAG_STATES_LISTEN. Errors of nl_dump() and of @fn. */
int diag_dump_tcp(int sock, uint32_t states, diag_fn fn, void *ctx);

/* List the UDP sockets of @family. Errors as above. */
int diag_dump_udp(int sock, uint8_t family, diag_fn fn, void *ctx);

#endif
