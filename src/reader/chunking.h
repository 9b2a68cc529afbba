/* SPDX-License-Identifier: MIT */
/* Filling chunks of the stream: packets collect in an open chunk until it is full or a ring block
 * ends, everything else is a chunk of its own. All wait when the stream buffer is full; meanwhile
 * the kernel ring takes in what arrives. Each returns 0 or a negative errno: -EPIPE when the
 * service hung up while we waited, -EPROTO when its side of the buffer makes no sense. */
#ifndef READER_CHUNKING_H
#define READER_CHUNKING_H

#include "reader/capture.h"
#include "reader/block.h"

/* Add packet @p of interface @i, which must have been told. */
int chunking_add_packet(struct capture *c, struct interface *i, const struct packet *p);

/* Publish the open chunk, if there is one, and losses not told yet even if no packet follows. */
int chunking_flush(struct capture *c);

/* Publish the Interface Description Block of @i and give it its id. */
int chunking_tell_interface(struct capture *c, struct interface *i);

/* Publish a chunk without packets, with @status and @text. */
int chunking_tell(struct capture *c, enum chunk_kind kind, int status, const char *text);

/* Wake the service: there is something new. */
void chunking_notify(struct capture *c);

#endif
