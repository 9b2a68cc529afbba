/* SPDX-License-Identifier: MIT */
#include "csharg/lib/transport.h"

#include <errno.h>
#include <stdlib.h>

#include "base/own.h"
#include "csharg/lib/easy.h"
#include "csharg/lib/sigpipe.h"

struct transport {
	struct easy *easy;
	curl_socket_t fd;
};

int transport_open(struct csharg_client *c, struct transport **ret, struct err *e)
{
	AUTO_EASY struct easy *easy = NULL;
	AUTO_FREE struct transport *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return err_set(e, -ENOMEM, "out of memory");
	rc = easy_new(c, "/capture", &easy, e);
	if (rc < 0)
		return rc;
	(void) curl_easy_setopt(easy->curl, CURLOPT_CONNECT_ONLY, 1L);
	/* also the most that one reading brings */
	(void) curl_easy_setopt(easy->curl, CURLOPT_BUFFERSIZE, (long) TRANSPORT_READ_MAX);
	/* what follows is not HTTP: proxies must pass it through as it is */
	(void) curl_easy_setopt(easy->curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
	rc = easy_perform(easy, e);
	if (rc < 0)
		return rc;
	if (curl_easy_getinfo(easy->curl, CURLINFO_ACTIVESOCKET, &t->fd) != CURLE_OK ||
		t->fd == CURL_SOCKET_BAD)
		return err_set(e, -ECONNREFUSED, "the connection broke at once");
	(void) curl_easy_setopt(easy->curl, CURLOPT_NOPROGRESS, 1L);
	t->easy = TAKE_PTR(easy);
	*ret = TAKE_PTR(t);
	return 0;
}

int transport_fd(const struct transport *t)
{
	return t->fd;
}

static ssize_t result(CURLcode code, size_t n)
{
	if (code == CURLE_OK)
		return (ssize_t) n;
	return code == CURLE_AGAIN ? -EAGAIN : -ECONNRESET;
}

ssize_t transport_recv(struct transport *t, void *buf, size_t cap_bytes)
{
	size_t n = 0;
	CURLcode code = curl_easy_recv(t->easy->curl, buf, cap_bytes, &n);

	return result(code, n);
}

ssize_t transport_send(struct transport *t, const void *p, size_t len_bytes)
{
	struct sigpipe held;
	size_t n = 0;
	CURLcode code;

	sigpipe_hold(&held);
	code = curl_easy_send(t->easy->curl, p, len_bytes, &n);
	sigpipe_release(&held);
	return result(code, n);
}

void transport_close(struct transport *t)
{
	struct sigpipe held;

	if (!t)
		return;
	sigpipe_hold(&held);
	easy_free(t->easy);
	sigpipe_release(&held);
	free(t);
}
