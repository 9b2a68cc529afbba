/* SPDX-License-Identifier: MIT */
/* POST /tickets: issues a ticket (service/http/tickets.h) for the query of the request. */
#ifndef SERVICE_TICKET_H
#define SERVICE_TICKET_H

struct conn;

/* Answer the request on @c; @app is a struct app. */
void ticket_begin(struct conn *c, void *app);

#endif
