/* SPDX-License-Identifier: MIT */
/* What the service tells: its targets, and itself (wire contract 3.5, 8.2). */
#ifndef CSHARG_LIST_H
#define CSHARG_LIST_H

#include "csharg/lib/client.h"

#define LIST_BYTES_MAX    (64 << 20)
#define VERSION_BYTES_MAX 65536

/* As csharg_client_targets(). */
int list_targets(struct csharg_client *c, struct csharg_targets **ret, struct err *e);

/* As csharg_client_service(). */
int list_service(struct csharg_client *c, struct csharg_service **ret, struct err *e);

#endif
