/* SPDX-License-Identifier: MIT */
/* The listening sockets, made while there is still a right to low ports and handed to the service.
 * The broker never accepts or reads from them. */
#ifndef BROKER_LISTEN_H
#define BROKER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Is @address one that listen_open() takes? */
bool listen_is_address(const char *address);

/* Bind and listen on @address: "IP", "IP:PORT", "[IPv6]" or "[IPv6]:PORT"; @port is used if there
 * is none. "[::]" and "::" take IPv4 as well, and mean 0.0.0.0 where the kernel has no IPv6.
 * Returns a close-on-exec socket; *ret_loopback tells whether only this machine can reach it.
 * -EINVAL for a text that is no address, or the errno of bind(2), with words in @e. */
int listen_open(const char *address, uint16_t port, bool *ret_loopback, struct err *e);

/* The URL under which listening socket @fd is best reached from this machine, "localhost" standing
 * for loopback and for all addresses: "http://localhost:5001". */
void listen_url(int fd, bool is_tls, char *ret, size_t cap_bytes);

#endif
