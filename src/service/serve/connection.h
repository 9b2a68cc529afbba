/* SPDX-License-Identifier: MIT */
/* One connection of a client, from the request on. */
#ifndef SERVE_CONNECTION_H
#define SERVE_CONNECTION_H

#include <libwebsockets.h>

#include "service/catalog_client.h"
#include "service/serve/app.h"
#include "service/serve/session.h"
#include "service/serve/words.h"

#define CONNECTION_PROTOCOL "packetflix"

enum connection_kind {
	CONNECTION_NEW,
	CONNECTION_REPLY,   /* a body of known length goes out */
	CONNECTION_CATALOG, /* waits for a catalog, then a reply */
	CONNECTION_PACKING, /* waits for the gzip form of doc, then a reply */
	CONNECTION_STREAM,  /* plain HTTP capture */
	CONNECTION_CAPTURE, /* WebSocket capture */
	CONNECTION_EVENTS,  /* listens on /events */
	CONNECTION_DIG,     /* WebSocket to /mobydig */
};

/* What a request asks for, as far as its answer's form goes. */
struct asked {
	bool is_get; /* or HEAD */
	bool is_head;
	bool is_upgrade;
	bool takes_gzip;
	char *known; /* If-None-Match: owned, NULL = none */
};

struct packing;

/* Kept by libwebsockets for each connection, zeroed at first. */
struct connection {
	struct lws *wsi;
	struct app *app;
	enum connection_kind kind;
	struct asked asked;
	/* CONNECTION_CATALOG: */
	struct catalog_waiter waiter;
	const struct catalog_document *wanted;
	uint8_t documents; /* MSG_DOCUMENT_* that it is of */
	bool has_waited, is_fresh;
	/* CONNECTION_PACKING: */
	struct packing *packing; /* borrowed; NULL when it has ended */
	struct connection *next_packing;
	/* CONNECTION_REPLY: */
	const char *body;     /* in one of the next two */
	char *text;           /* owned, malloc'ed */
	struct document *doc; /* one reference */
	size_t body_len_bytes, sent_bytes;
	struct words words;        /* from the upgrade until the session begins */
	struct session *session;   /* owned */
	struct dig *dig;           /* owned */
	struct conf_endpoint peer; /* of a viewer: its packets are left out */
	struct listener *listener; /* CONNECTION_EVENTS: owned */
	bool is_chunked, has_headers;
};

/* The libwebsockets callback of CONNECTION_PROTOCOL: HTTP and WebSocket requests alike. */
int connection_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* Wakes a connection: struct viewer_ops with a struct connection as context. */
extern const struct viewer_ops connection_ops;

#endif
