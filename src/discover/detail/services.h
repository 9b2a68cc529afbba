/* SPDX-License-Identifier: MIT */
/* Names of services by port, from a table made at build time (services.txt). The host's
 * /etc/services is not looked at: answers do not depend on it. */
#ifndef DETAIL_SERVICES_H
#define DETAIL_SERVICES_H

#include <stdint.h>

/* The name of @port with @protocol (IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP); "" if it has none. */
const char *service_name(uint8_t protocol, uint16_t port);

#endif
