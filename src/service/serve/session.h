/* SPDX-License-Identifier: MIT */
/* One request for a capture, from its words to the end of its stream, the same for WebSocket and
 * plain HTTP: wait for a catalog that can decide, resolve, compile, join, stream. This is the one
 * place where admission, catalog and hub meet. */
#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include <stdbool.h>

#include "service/admit/request.h"
#include "service/catalog_client.h"
#include "service/config.h"
#include "service/hub/hub.h"

struct session;

struct app;

/* What sessions need around them; borrowed for the life of each session. */
struct session_env {
	const struct config *config;
	struct catalog_client *catalog;
	struct hub *hub;
	struct app *proxying; /* names are resolved by its other discovery service; NULL: by ours */
};

/* Begin with the words of a request (borrowed only for this call). @ops->wake(@ctx) is called, from
 * the event loop, whenever session_next() has something new to say. Never fails but for memory
 * (NULL): a refusal shows in session_next(). */
struct session *session_new(const struct session_env *env, const struct request_words *words,
	const struct viewer_ops *ops, void *ctx);

/* As hub_next(); VIEWER_END and errors come with session_why(). */
int session_next(struct session *s, struct piece *ret);

/* The piece was handed to the transport. */
void session_sent(struct session *s);

/* Why it ended or was refused; borrowed. */
const struct refusal *session_why(const struct session *s);

/* A short name of the target for file names; borrowed, "" if there is none. */
const char *session_target(const struct session *s);

void session_free(struct session *s);

#endif
