/* SPDX-License-Identifier: MIT */
/* One generation of the catalog as sealed memfds, and sending it to the service. */
#ifndef DISCOVER_PUBLISH_H
#define DISCOVER_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/mobyshark.h"
#include "base/text.h"
#include "proto/broker.h"

struct publication {
	int json_fd, table_fd; /* owned, sealed; -1 = nothing published yet */
	/* Documents of this or an earlier generation that are not sent yet, by bit of enum
	 * msg_document; owned, sealed, -1 = none. */
	int document_fds[MSG_DOCUMENT_BITS];
	uint8_t *table; /* owned; what is in table_fd */
	size_t table_len_bytes;
	uint64_t generation; /* 1 is the first */
	uint64_t scan_ns;
};

#define PUBLICATION_NONE                                                                           \
	{                                                                                          \
		-1, -1, {-1, -1, -1}, NULL, 0, 0, 0                                                \
	}

/* Replace @p by what is made from @m. It is the next generation, unless @is_quiet, nothing is known
 * to have changed, and the table is the same: then documents made for @p go on being what the host
 * looks like. Returns 0, or a negative errno with @p untouched. */
int publication_make(
	struct publication *p, const struct mobyshark *m, uint64_t scan_ns, bool is_quiet);

/* Add the document of bit number @bit to the generation just made, in place of an unsent one.
 * Returns 0, -EFBIG above CATALOG_BYTES_MAX, or another negative errno, with @p untouched. */
int publication_add(struct publication *p, size_t bit, const struct text *document);

/* Send @p on a catalog channel as the answer to all requests up to @refresh_id (0 = none). Returns
 * 0, -EAGAIN when the service has not yet read earlier generations, or an errno of msg_send().
 * Documents are closed once they are sent: only who asked has a use for them. */
int publication_send(struct publication *p, int channel, uint32_t refresh_id);

void publication_done(struct publication *p);

#endif
