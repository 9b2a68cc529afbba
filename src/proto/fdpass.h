/* SPDX-License-Identifier: MIT */
/* One message with descriptors over a SOCK_SEQPACKET unix socket: the only way anything crosses
 * between our processes (unix(7), cmsg(3)). */
#ifndef PROTO_FDPASS_H
#define PROTO_FDPASS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FDPASS_FDS_MAX 5

/* The descriptors of one received message. The receiver owns all of them until it takes them. */
struct fdset {
	int fd[FDPASS_FDS_MAX]; /* close-on-exec; -1 = none */
	size_t n;
};

#define FDSET_NONE                                                                                 \
	{                                                                                          \
		{-1, -1, -1, -1, -1}, 0                                                            \
	}

/* Make a connected pair, close-on-exec, blocking. Returns 0 or a negative errno. */
int fdpass_pair(int ret_pair[2]);

/* Send one message of @len_bytes (at least 1) with copies of the @n_fds descriptors at @fds
 * (borrowed; at most FDPASS_FDS_MAX). Never raises SIGPIPE.
 * Returns 0, -EAGAIN when the peer's queue is full, -EPIPE or -ECONNRESET when the peer is gone. */
int fdpass_send(int sock, const void *msg, size_t len_bytes, const int *fds, size_t n_fds);

/* Receive one message into @ret_msg without waiting. Descriptors land in @ret_fds (free with
 * fdset_done()); anything surplus or malformed is closed and refused. A message whose descriptors
 * do not fit into this process any more arrives without any: the receiver misses them and can
 * answer for that one message.
 * Returns the length in bytes, 0 when the peer is gone, -EAGAIN when there is none, -EMSGSIZE when
 * the message did not fit or has too many descriptors, -EBADMSG for foreign control data. */
ssize_t fdpass_recv(int sock, void *ret_msg, size_t cap_bytes, struct fdset *ret_fds);

/* Take descriptor @i out of the set: the caller owns it. -1 when there is none. */
int fdset_take(struct fdset *s, size_t i);

/* Close what was not taken. */
void fdset_done(struct fdset *s);

#define AUTO_FDSET __attribute__((cleanup(fdset_done)))

#endif
