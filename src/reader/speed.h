/* SPDX-License-Identifier: MIT */
#ifndef READER_SPEED_H
#define READER_SPEED_H

#include <stdint.h>

/* The speed of link @name in the namespace of @sock in bit/s, as its driver tells (SIOCETHTOOL,
 * linux/ethtool.h), 0 if it does not. Needs no rights. */
uint64_t speed_of_link(int sock, const char *name);

#endif
