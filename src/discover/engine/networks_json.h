/* SPDX-License-Identifier: MIT */
/* What engines say about networks, taken apart (contract 2.11). No I/O. All parsers may change
 * @body. Each returns 0, -EBADMSG when the text is not what it should be, or -ENOMEM; @ret is
 * untouched then. Malformed entries are left out. */
#ifndef DISCOVER_NETWORKS_JSON_H
#define DISCOVER_NETWORKS_JSON_H

#include <stddef.h>

#include "discover/engine/networks.h"

/* Docker's GET /networks. */
int networks_parse_docker(char *body, size_t len_bytes, struct engine_networks *ret);

/* Podman's GET /libpod/networks/json. */
int networks_parse_podman(char *body, size_t len_bytes, struct engine_networks *ret);

/* Docker's GET /networks/ID: replaces the endpoints of @n. */
int networks_parse_endpoints(char *body, size_t len_bytes, struct engine_network *n);

/* A file /etc/cni/net.d/nerdctl-NAME.conflist (CNI specification 1.0.0, section 1): adds the
 * network it describes to @ret unless that is full. */
int networks_parse_nerdctl(char *body, size_t len_bytes, struct engine_networks *ret);

#endif
