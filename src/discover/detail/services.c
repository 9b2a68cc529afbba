/* SPDX-License-Identifier: MIT */
#include "discover/detail/services.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/own.h"
#include "discover/detail/services_table.h"

static int cmp_port(const void *a, const void *b)
{
	const uint16_t *port = a;
	const struct service *s = b;

	return (*port > s->port) - (*port < s->port);
}

static const char *find(const struct service *table, size_t n, uint16_t port)
{
	const struct service *s = bsearch(&port, table, n, sizeof(*table), cmp_port);

	return s ? s->name : "";
}

const char *service_name(uint8_t protocol, uint16_t port)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return find(tcp_services, ARRAY_LEN(tcp_services), port);
	case IPPROTO_UDP:
		return find(udp_services, ARRAY_LEN(udp_services), port);
	case IPPROTO_SCTP:
		return find(sctp_services, ARRAY_LEN(sctp_services), port);
	default:
		return "";
	}
}
