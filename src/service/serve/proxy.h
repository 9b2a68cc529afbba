/* SPDX-License-Identifier: MIT */
/* Passing requests on to another discovery service (--proxy-discovery, wire contract 1.4).
 *
 * libwebsockets does not show all headers, nor the target as it was sent, and it accepts an upgrade
 * before the other service could. So here it is asked for the bytes of a connection alone, below
 * HTTP. One request is passed on per connection: its head and the answer's are rewritten, bodies
 * pass as they are, and once the other service has switched protocols, everything does, both ways.
 * So WebSocket messages keep their type, parts and close codes, and a refused upgrade is refused.
 */
#ifndef SERVE_PROXY_H
#define SERVE_PROXY_H

#include "service/serve/app.h"
#include "service/serve/proxy_answer.h"
#include "service/serve/proxy_peer.h"

#define PROXY_PROTOCOL "proxy"

enum proxy_state {
	PROXY_ASKING,     /* the request comes in */
	PROXY_CONNECTING, /* to the other service */
	PROXY_WAITING,    /* for its answer */
	PROXY_RELAYING,   /* the answer goes out, or bytes go both ways */
	PROXY_REFUSING,   /* our own answer goes out */
	PROXY_LINGERING,  /* the client may still read what it was sent */
};

/* State of each connection, kept by libwebsockets, zeroed at first. */
struct proxy {
	struct lws *wsi;
	struct app *app;
	enum proxy_state state;
	struct proxy_ask ask;
	struct proxy_peer peer;
	uint32_t n_tried;     /* addresses of the other service */
	bool has_asked_again; /* the name servers */
	struct proxy_answer answer;
	struct proxy_buf in;   /* a head that is not whole yet */
	struct proxy_buf up;   /* waits for the other service; meanwhile the client is not read */
	struct proxy_buf down; /* waits for the client; meanwhile the other service is not read */
	char peer_name[64];
};

/* Take over @fd, a client's socket, that has a request for the other service. */
void proxy_adopt(struct app *a, int fd);

/* The libwebsockets callback of PROXY_PROTOCOL. */
int proxy_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
