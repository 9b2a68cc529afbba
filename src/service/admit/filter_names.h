/* SPDX-License-Identifier: MIT */
/* The names in filter expressions. libpcap asks the system for those of services, protocols and
 * hosts; the process that compiles filters has neither /etc nor a resolver, and must never wait for
 * one, so the usual ones are here and no others are known. */
#ifndef ADMIT_FILTER_NAMES_H
#define ADMIT_FILTER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* True for a reserved word of pcap-filter(7). Words are case-sensitive. */
bool filter_is_keyword(const char *s, size_t len);

/* The port of a well-known TCP, UDP or SCTP service, 0 if unknown. */
uint16_t filter_port(const char *s, size_t len);

/* The number of an IP protocol, 0 if unknown. */
uint8_t filter_ip_proto(const char *s, size_t len);

/* True for a protocol name that libpcap itself knows after "ether proto" and the like. */
bool filter_is_link_proto(const char *s, size_t len);

#endif
