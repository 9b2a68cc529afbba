/* SPDX-License-Identifier: MIT */
/* The TLS side of the listening sockets: certificate, key, and what is spoken (TLS 1.2 and newer,
 * ALPN http/1.1, resumption by tickets, kernel TLS where the kernel has it). */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/err.h"

struct ssl_st;
struct tls;

/* Make one of PEM texts @cert (with its chain) and @key; both are borrowed for the call. Reads the
 * configuration of OpenSSL from its files: call it before they are out of reach. Returns 0, or a
 * negative errno with words in @e. */
int tls_new(const char *cert, const char *key, struct tls **ret, struct err *e);

/* Connections that use it go on. NULL is fine. */
void tls_free(struct tls *t);

/* The server's side of a TLS connection over socket @fd, which stays the caller's. NULL without
 * memory. */
struct ssl_st *tls_session(const struct tls *t, int fd);

#endif
