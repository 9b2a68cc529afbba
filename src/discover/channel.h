/* SPDX-License-Identifier: MIT */
/* The catalog channel to the service: requests for fresh generations come in, generations go out.
 * The service may end at any time; the broker then hands over a new channel. */
#ifndef DISCOVER_CHANNEL_H
#define DISCOVER_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "discover/publish.h"

struct channel {
	struct loop *loop;
	struct loop_source src;        /* src.fd: owned, -1 = no service */
	struct publication *pub;       /* borrowed; what is sent */
	uint32_t asked;                /* newest MSG_REFRESH of this service, 0 = none */
	uint32_t confirm_asked;        /* newest MSG_CHECK of this service, 0 = none */
	uint32_t confirmed;            /* newest one that is answered, or waits behind @pub */
	uint32_t unsent;               /* an answer to it that waits for room, 0 = none */
	bool is_outdated;              /* the service was told so about @pub */
	uint8_t documents;             /* wanted by requests since channel_take_documents() */
	uint32_t answered;             /* newest one that @pub satisfies */
	bool behind;                   /* @pub is not sent yet: the service has to read first */
	void (*refresh_fn)(void *ctx); /* called when one of the two has grown */
	void *ctx;
};

void channel_init(struct channel *c, struct loop *loop, struct publication *pub,
	void (*refresh_fn)(void *ctx), void *ctx);

/* Use @fd (taken over, also on failure) from now on in place of any earlier channel, and send what
 * is published there. Returns 0, -EINVAL when @fd is not a SOCK_SEQPACKET unix socket, or another
 * negative errno. */
int channel_use(struct channel *c, int fd);

/* Take in what has been asked until now, in the middle of other work. */
void channel_look(struct channel *c);

/* The documents (MSG_DOCUMENT_*) that a scan beginning now has to make. */
uint8_t channel_take_documents(struct channel *c);

/* A new generation is in @c->pub; it was scanned after request @satisfies came in. */
void channel_publish(struct channel *c, uint32_t satisfies);

/* What was published is what is known of the host after MSG_CHECK @id came in; 0 is passed over.
 */
void channel_confirm(struct channel *c, uint32_t id);

/* What was published is not what the host looks like any more. Tells it once. */
void channel_outdated(struct channel *c);

void channel_done(struct channel *c);

#endif
