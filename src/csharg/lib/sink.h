/* SPDX-License-Identifier: MIT */
/* Where a stream goes: a descriptor of the caller, or a callback. Slow pipes and sockets are not
 * waited for: what they do not take is kept, and nothing more should be written before it is gone.
 */
#ifndef CSHARG_SINK_H
#define CSHARG_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/err.h"
#include "csharg/csharg.h"

#define SINK_PIPE_BYTES (1 << 20)

enum sink_kind {
	SINK_CALLBACK,
	SINK_FILE,  /* never slow: files, terminals, devices */
	SINK_PIPE,  /* opened anew as @own_fd, which does not block */
	SINK_SMALL, /* a pipe that cannot be opened anew: written to in small pieces */
	SINK_SOCKET
};

/* Initialise with sink_init_...(). */
struct sink {
	enum sink_kind kind;
	int fd;     /* borrowed */
	int own_fd; /* owned, -1 = none */
	csharg_bytes_fn fn;
	void *ctx;
	uint64_t written_bytes; /* taken by the descriptor or callback so far */
	uint8_t *kept;          /* owned: what could not be written yet is at @kept_at */
	size_t kept_at, kept_bytes, cap_bytes;
};

void sink_init_callback(struct sink *s, csharg_bytes_fn fn, void *ctx);
/* A pipe is made larger, up to SINK_PIPE_BYTES, as far as the system lets us: the longer what is
 * written waits for its reader without filling it, the fewer changes between both processes.
 * Returns 0 or a negative errno with @e filled for what is no open descriptor. */
int sink_init_fd(struct sink *s, int fd, struct err *e);
void sink_done(struct sink *s);

/* Write the @n pieces at @piece (which is used up) or keep them; a callback is called for each of
 * them. Returns 0, what the callback returned, -ENOMEM, -EPIPE when the reader is gone, or another
 * negative errno of writing. SIGPIPE must be held. */
int sink_write(struct sink *s, struct iovec *piece, size_t n);

/* After a failure of a regular file: cut it back by @bytes, if its end is where was written last,
 * so that it ends with a whole block. */
void sink_cut(struct sink *s, uint64_t bytes);

/* Write what was kept. Returns 0 or a negative errno as above. */
int sink_flush(struct sink *s);

static inline bool sink_is_slow(const struct sink *s)
{
	return s->kept_bytes > 0;
}

/* The descriptor to watch for errors (and for writing while it is slow); -1 = none. */
int sink_poll_fd(const struct sink *s);

#endif
