/* SPDX-License-Identifier: MIT */
/* Sockets and forwarded ports in the /json document (contract 2.6.10, 2.6.11, 2.7). */
#ifndef DETAIL_PUT_PORTS_H
#define DETAIL_PUT_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "discover/detail/forward_path.h"
#include "discover/detail/netstack.h"
#include "discover/detail/owner_lines.h"
#include "discover/detail/ports.h"
#include "base/text.h"

#define PUT_PORTS_MAX_BYTES       (8 * 1048576)  /* of one namespace */
#define PUT_PORTS_TOTAL_MAX_BYTES (48 * 1048576) /* of one document */

/* What the ports of all namespaces are made of; all borrowed. */
struct put_ports {
	const struct ports *ports;
	struct owner_lines *lines;
	struct forward_path path;
	size_t used_bytes; /* written so far */
};

/* Append the member "transport-ports" of the namespace @stack (NULL: nothing is known of it): its
 * sockets, and one more of IPv4 for each socket of IPv6 that IPv4 reaches. What goes beyond the
 * limits is left out. */
void put_transport_ports(struct text *t, struct put_ports *p, const struct netstack *stack);

/* Append its member "forwarded-ports". */
void put_forwarded_ports(struct text *t, struct put_ports *p, const struct netstack *stack);

#endif
