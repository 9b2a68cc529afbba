/* SPDX-License-Identifier: MIT */
/* The bytes of one client connection: a non-blocking socket, with or without TLS (OpenSSL) on it.
 *
 * What transport_send() has accepted goes out, whatever the caller sends next: a TLS record that
 * the socket did not take is kept by OpenSSL and flushed first. With kernel TLS, records are made
 * by the kernel, and bytes go from the caller's memory by sendmsg() as without TLS. */
#ifndef HTTP_TRANSPORT_H
#define HTTP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct ssl_st;
struct tls;

struct transport {
	int fd;             /* owned, -1 = closed */
	struct ssl_st *ssl; /* owned, NULL = plain */
	bool is_kernel_tls; /* for what is sent */
	size_t held_bytes;  /* accepted, in a record that OpenSSL holds */
};

/* Take over @fd, also when this fails. @tls is NULL for a plain connection. Returns 0 or -ENOMEM.
 */
int transport_open(struct transport *t, int fd, const struct tls *tls);

/* Go on with the TLS handshake. Returns 1 when there is nothing (more) to do, -EAGAIN when the
 * socket must become readable or writable first, or -EPROTO. */
int transport_handshake(struct transport *t);

/* Read up to @cap_bytes. Returns the bytes, 0 at the end of the stream, -EAGAIN, or another
 * negative errno. */
ssize_t transport_read(struct transport *t, void *ret, size_t cap_bytes);

/* Send up to @n pieces. Returns the bytes accepted, which may end in the middle of a piece, -EAGAIN
 * when there is no room for any, or another negative errno. */
ssize_t transport_send(struct transport *t, const struct iovec *v, size_t n);

/* Send what OpenSSL holds. Returns 0, -EAGAIN, or another negative errno. */
int transport_flush(struct transport *t);

/* Say that nothing more follows: close_notify, then the end of the stream. */
void transport_finish(struct transport *t);

/* Close the socket. Nothing happens when it is closed. */
void transport_close(struct transport *t);

#endif
