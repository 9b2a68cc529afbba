/* SPDX-License-Identifier: MIT */
#include "service/http/tls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/own.h"

struct tls {
	SSL_CTX *ctx;
};

static const unsigned char alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/* A client that offers protocols must offer HTTP/1.1 (RFC 7301 section 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
	const unsigned char *offered, unsigned int len, void *ctx)
{
	unsigned char *chosen;

	(void) ssl;
	(void) ctx;
	if (SSL_select_next_proto(&chosen, ret_len, alpn, sizeof(alpn), offered, len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*ret = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int use_certificates(SSL_CTX *ctx, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	int ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	/* the chain, until there is no more of it */
	while (ok && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		ok = SSL_CTX_add0_chain_cert(ctx, x) == 1;
		if (!ok)
			X509_free(x);
	}
	BIO_free(bio);
	return ok ? 0 : -EINVAL;
}

/* A key with a passphrase cannot be used: nobody is there to type it. */
static int no_passphrase(char *buf, int size, int is_written, void *ctx)
{
	(void) buf;
	(void) size;
	(void) is_written;
	(void) ctx;
	return -1;
}

static int use_key(SSL_CTX *ctx, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	int ok =
		key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok ? 0 : -EINVAL;
}

static void set_up(SSL_CTX *ctx)
{
	static const unsigned char id[] = "packetflix";

	(void) SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	(void) SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						SSL_OP_CIPHER_SERVER_PREFERENCE |
						SSL_OP_ENABLE_KTLS | SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void) SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					     SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					     SSL_MODE_RELEASE_BUFFERS);
	/* sessions are resumed by tickets alone, which cost no memory here */
	(void) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void) SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1);
	(void) SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
}

int tls_new(const char *cert, const char *key, struct tls **ret, struct err *e)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (!t)
		return err_set(e, -ENOMEM, "out of memory");
	t->ctx = SSL_CTX_new(TLS_server_method());
	if (!t->ctx) {
		tls_free(t);
		return err_set(e, -ENOMEM, "cannot start TLS");
	}
	set_up(t->ctx);
	if (use_certificates(t->ctx, cert) < 0 || use_key(t->ctx, key) < 0) {
		ERR_clear_error();
		tls_free(t);
		return err_set(e, -EINVAL, "the TLS certificate and key are not usable");
	}
	ERR_clear_error();
	*ret = t;
	return 0;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

struct ssl_st *tls_session(const struct tls *t, int fd)
{
	SSL *ssl = SSL_new(t->ctx);

	if (!ssl)
		return NULL;
	if (SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	SSL_set_accept_state(ssl);
	return ssl;
}
