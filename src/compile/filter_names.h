/* SPDX-License-Identifier: MIT */
/* The names in filter expressions. libpcap asks the system for those of services, protocols and
 * hosts; the process that compiles filters has neither /etc nor a resolver, and must never wait for
 * one, so the usual ones are here and no others are known. */
#ifndef COMPILE_FILTER_NAMES_H
#define COMPILE_FILTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for a reserved word of pcap-filter(7). Words are case-sensitive. */
bool filter_is_keyword(const char *s, size_t len);

/* The port of a well-known TCP, UDP or SCTP service, 0 if unknown. */
uint16_t filter_port(const char *s, size_t len);

#define FILTER_RANGE_MAX 24 /* bytes of a range of ports in numbers, NUL included */

/* Write the range of ports @s, whose ends are numbers or names of services, in numbers to @ret. As
 * in libpcap, the first "-" separates them. Returns false if an end is unknown. */
bool filter_port_range(const char *s, size_t len, char ret[FILTER_RANGE_MAX]);

/* The number of an IP protocol, -1 if unknown. */
int filter_ip_proto(const char *s, size_t len);

/* True for a protocol name that libpcap itself knows after "iso proto". */
bool filter_is_iso_proto(const char *s, size_t len);

/* True for a protocol name that libpcap itself knows after "ether proto" and the like. */
bool filter_is_link_proto(const char *s, size_t len);

#endif
