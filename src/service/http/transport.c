/* SPDX-License-Identifier: MIT */
#include "service/http/transport.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/own.h"
#include "service/http/tls.h"

#define RECORD_BYTES 16384 /* the largest plain text of a TLS record */

int transport_open(struct transport *t, int fd, const struct tls *tls)
{
	*t = (struct transport){.fd = fd};
	if (!tls)
		return 0;
	t->ssl = tls_session(tls, fd);
	if (t->ssl)
		return 0;
	transport_close(t);
	return -ENOMEM;
}

/* What the result @rc of an OpenSSL call means: -EAGAIN, 0 for the end of the stream, or why the
 * connection is of no use any more. */
static int ssl_errno(const struct transport *t, int rc)
{
	int saved = errno;

	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		return saved ? -saved : -EPIPE;
	default:
		return -EPROTO;
	}
}

int transport_handshake(struct transport *t)
{
	int rc;

	if (!t->ssl)
		return 1;
	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1) {
		t->is_kernel_tls = BIO_get_ktls_send(SSL_get_wbio(t->ssl));
		return 1;
	}
	return ssl_errno(t, rc) == -EAGAIN ? -EAGAIN : -EPROTO;
}

ssize_t transport_read(struct transport *t, void *ret, size_t cap_bytes)
{
	size_t n_read;
	ssize_t n;
	int rc;

	if (!t->ssl) {
		n = recv(t->fd, ret, cap_bytes, MSG_DONTWAIT);
		return n < 0 ? -errno : n;
	}
	ERR_clear_error();
	rc = SSL_read_ex(t->ssl, ret, cap_bytes, &n_read);
	return rc == 1 ? (ssize_t) n_read : ssl_errno(t, rc);
}

static ssize_t send_plain(const struct transport *t, const struct iovec *v, size_t n)
{
	struct msghdr m = {.msg_iov = (struct iovec *) v, .msg_iovlen = n};
	ssize_t sent = sendmsg(t->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

/* Make one record of @len_bytes of @p. Returns 0 when it is OpenSSL's, with held_bytes when the
 * socket has not taken all of it, or a negative errno. */
static int send_record(struct transport *t, const void *p, size_t len_bytes)
{
	size_t n;
	int rc;

	ERR_clear_error();
	rc = SSL_write_ex(t->ssl, p, len_bytes, &n);
	if (rc == 1)
		return 0;
	rc = ssl_errno(t, rc);
	if (rc != -EAGAIN)
		return rc == 0 ? -EPIPE : rc;
	t->held_bytes = len_bytes;
	return 0;
}

int transport_flush(struct transport *t)
{
	static const char nothing[RECORD_BYTES];
	size_t n;
	int rc;

	if (t->held_bytes == 0)
		return 0;
	/* OpenSSL has the record already and wants only the length to be the same */
	ERR_clear_error();
	rc = SSL_write_ex(t->ssl, nothing, t->held_bytes, &n);
	if (rc == 1) {
		t->held_bytes = 0;
		return 0;
	}
	rc = ssl_errno(t, rc);
	return rc == 0 ? -EPIPE : rc;
}

/* A place in a list of pieces. */
struct place {
	const struct iovec *v;
	size_t n, at_bytes;
};

/* The next bytes for one record: from where they are, if there are enough in one piece, else
 * collected in @buf. */
static size_t next_record(struct place *p, char *buf, const char **ret)
{
	size_t len = 0;

	*ret = buf;
	while (p->n > 0 && len < RECORD_BYTES) {
		const char *from = (const char *) p->v->iov_base + p->at_bytes;
		size_t left = p->v->iov_len - p->at_bytes, room = RECORD_BYTES - len;

		if (len == 0 && left >= RECORD_BYTES) {
			p->at_bytes += RECORD_BYTES;
			*ret = from;
			return RECORD_BYTES;
		}
		if (left > room)
			left = room;
		memcpy(buf + len, from, left);
		len += left;
		p->at_bytes += left;
		if (p->at_bytes == p->v->iov_len)
			*p = (struct place){p->v + 1, p->n - 1, 0};
	}
	return len;
}

static ssize_t send_records(struct transport *t, const struct iovec *v, size_t n)
{
	struct place place = {v, n, 0};
	char buf[RECORD_BYTES];
	ssize_t sent = 0;
	int rc = transport_flush(t);

	while (rc == 0 && t->held_bytes == 0) {
		const char *p;
		size_t len = next_record(&place, buf, &p);

		if (len == 0)
			break;
		rc = send_record(t, p, len);
		if (rc == 0)
			sent += (ssize_t) len;
	}
	return sent > 0 ? sent : rc;
}

ssize_t transport_send(struct transport *t, const struct iovec *v, size_t n)
{
	return !t->ssl || t->is_kernel_tls ? send_plain(t, v, n) : send_records(t, v, n);
}

void transport_finish(struct transport *t)
{
	if (t->ssl && t->held_bytes == 0 && SSL_is_init_finished(t->ssl)) {
		ERR_clear_error();
		(void) SSL_shutdown(t->ssl);
	}
	if (t->fd >= 0)
		(void) shutdown(t->fd, SHUT_WR);
}

void transport_close(struct transport *t)
{
	SSL_free(t->ssl);
	t->ssl = NULL;
	close_p(&t->fd);
	t->fd = -1;
}
