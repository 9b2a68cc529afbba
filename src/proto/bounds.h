/* SPDX-License-Identifier: MIT */
/* Bounds that several processes check: the broker reads them from the command line, the service
 * stays in them, broker and reader refuse what is outside. docs/limits.md lists them; a check
 * compares the two. */
#ifndef PROTO_BOUNDS_H
#define PROTO_BOUNDS_H

#define BOUND_RING_MIN_BYTES   1048576 /* four blocks of the smallest size */
#define BOUND_RING_MAX_BYTES   1073741824
#define BOUND_LATENCY_MAX_MS   1000
#define BOUND_MEMORY_MIN_BYTES 4194304
#define BOUND_MEMORY_MAX_BYTES 1099511627776
#define BOUND_CAPTURES_MAX     4096
#define BOUND_VIEWERS_MAX      65536
#define BOUND_TARGETS_MAX      4096 /* of one stream */
#define BOUND_CONNECTIONS_MAX  65536
#define BOUND_MAX_AGE_MS       60000
#define BOUND_HOST_NAME_BYTES  255 /* of a host name that clients may use (RFC 1035 section 3.1) */

#endif
