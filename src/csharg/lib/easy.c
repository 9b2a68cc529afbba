/* SPDX-License-Identifier: MIT */
#include "csharg/lib/easy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/lib/sigpipe.h"

static int is_cancelled(
	void *ctx, curl_off_t dl_total, curl_off_t dl, curl_off_t ul_total, curl_off_t ul)
{
	struct csharg_client *c = ctx;

	(void) dl_total;
	(void) dl;
	(void) ul_total;
	(void) ul;
	return atomic_load(&c->cancelled) ? 1 : 0;
}

/* libcurl leaves HTTP_PROXY out, because a web server sets it for CGI programs from what clients
 * send. Where there is no such server it means what it says. */
static const char *http_proxy_of_environment(const struct csharg_client *c)
{
	if (c->url.tls || getenv("http_proxy") || getenv("REQUEST_METHOD"))
		return NULL;
	return getenv("HTTP_PROXY");
}

static void set_proxy(const struct csharg_client *c, CURL *curl)
{
	const char *proxy = c->proxy ? c->proxy : http_proxy_of_environment(c);

	if (proxy)
		(void) curl_easy_setopt(curl, CURLOPT_PROXY, proxy);
	if (c->no_proxy)
		(void) curl_easy_setopt(curl, CURLOPT_NOPROXY, c->no_proxy);
	else if (!c->proxy && url_is_loopback(&c->url))
		(void) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
}

static void set_tls(const struct csharg_client *c, CURL *curl)
{
	(void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	(void) curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	if (c->ca_file)
		(void) curl_easy_setopt(curl, CURLOPT_CAINFO, c->ca_file);
	/* one connection, one request: what an upgrade needs as well */
	(void) curl_easy_setopt(curl, CURLOPT_SSL_ENABLE_ALPN, 0L);
	(void) curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
}

static void set_limits(struct csharg_client *c, CURL *curl)
{
	long connect_ms = c->timeout_ms ? (long) c->timeout_ms : 24L * 60 * 60 * 1000;

	(void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void) curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	(void) curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long) c->timeout_ms);
	/* libcurl's own limit for connecting would be 5 minutes */
	(void) curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
	(void) curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	(void) curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, is_cancelled);
	(void) curl_easy_setopt(curl, CURLOPT_XFERINFODATA, c);
}

int easy_header(struct easy *easy, const char *line)
{
	struct curl_slist *list = curl_slist_append(easy->headers, line);

	if (!list)
		return -ENOMEM;
	easy->headers = list;
	return 0;
}

static int add_credentials(struct easy *easy, const struct credentials *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (easy_header(easy, c->header[i]) < 0)
			return -ENOMEM;
	return 0;
}

int easy_new(struct csharg_client *c, const char *path, struct easy **ret, struct err *e)
{
	AUTO_EASY struct easy *easy = calloc(1, sizeof(*easy));
	char url[URL_MAX + 512];

	if (easy)
		easy->curl = curl_easy_init();
	if (!easy || !easy->curl || url_format(&c->url, path, url, sizeof(url)) < 0 ||
		curl_easy_setopt(easy->curl, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(easy->curl, CURLOPT_USERAGENT, c->user_agent) != CURLE_OK ||
		add_credentials(easy, &c->credentials) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	easy->tls = c->url.tls;
	(void) curl_easy_setopt(easy->curl, CURLOPT_ERRORBUFFER, easy->words);
	set_limits(c, easy->curl);
	set_tls(c, easy->curl);
	set_proxy(c, easy->curl);
	*ret = TAKE_PTR(easy);
	return 0;
}

void easy_free(struct easy *easy)
{
	if (!easy)
		return;
	curl_easy_cleanup(easy->curl);
	curl_slist_free_all(easy->headers);
	free(easy);
}

static int errno_of(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return -ECANCELED;
	case CURLE_OUT_OF_MEMORY:
		return -ENOMEM;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
		return -E2BIG;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return -EPROTO;
	default:
		return -ECONNREFUSED;
	}
}

/* What OpenSSL and GnuTLS say when the answer to their first message is none of TLS. */
static bool is_no_tls(const char *words)
{
	static const char *const said[] = {"wrong version number", "packet length too long",
		"unknown protocol", "http request", "unexpected TLS packet"};

	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (strcasestr(words, said[i]))
			return true;
	return false;
}

/* @words are those of libcurl. */
static int tell_failure(CURLcode code, bool tls, const char *words, struct err *e)
{
	int rc = errno_of(code);

	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
		if (is_no_tls(words))
			return err_set(e, rc, "the service does not use TLS: use http://");
		return err_set(e, rc, "TLS failed: %.400s", words);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, rc,
			"the service's TLS certificate is not trusted (give a CA file if it is "
			"its own): %.300s",
			words);
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, rc, "the CA file cannot be used: %.400s", words);
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		if (!tls)
			return err_set(e, rc,
				"no HTTP answer (if the service uses TLS, use https://): %.300s",
				words);
		break;
	default:
		break;
	}
	return err_set(e, rc, "%.400s", words);
}

int easy_perform(struct easy *easy, struct err *e)
{
	struct sigpipe held;
	CURLcode code;

	if (easy->headers)
		(void) curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, easy->headers);
	easy->words[0] = '\0';
	sigpipe_hold(&held);
	code = curl_easy_perform(easy->curl);
	sigpipe_release(&held);
	if (code == CURLE_OK)
		return 0;
	return tell_failure(
		code, easy->tls, easy->words[0] ? easy->words : curl_easy_strerror(code), e);
}
