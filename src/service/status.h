/* SPDX-License-Identifier: MIT */
/* What the service says of itself: /version, /healthz, /readyz, /metrics. */
#ifndef SERVICE_STATUS_H
#define SERVICE_STATUS_H

struct conn;

/* Each answers the request on @c; @app is a struct app. */
void status_version(struct conn *c, void *app);
void status_health(struct conn *c, void *app);
void status_ready(struct conn *c, void *app);
void status_metrics(struct conn *c, void *app);

#endif
