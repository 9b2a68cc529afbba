/* SPDX-License-Identifier: MIT */
/* Answers to questions about the host: the documents of the newest catalog, current or fresh, in
 * the form that the client takes. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "service/serve/connection.h"

/* /mobyshark and /json. Return what the libwebsockets callback has to. */
int answer_targets(struct connection *c);
int answer_json(struct connection *c);

/* The connection, CONNECTION_CATALOG or CONNECTION_PACKING, was woken. Returns as above. */
int answer_go_on(struct connection *c);

#endif
