/* SPDX-License-Identifier: MIT */
#include "discover/engine/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/own.h"

#define IDLE_CONNECTIONS_MAX 32
#define STREAM_BYTES_S       (1 << 20) /* the rest has to wait */

struct http_request {
	struct http_request *next;
	CURL *easy;
	struct http_get get;
	char *body;
	size_t len_bytes, cap_bytes, head_bytes;
	bool too_big;
};

/* One watched connection of libcurl. */
struct http_conn {
	struct loop_source src;
	struct http *http;
};

struct http {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer timer;
	struct http_request *requests;
};

static void free_request(struct http_request *r)
{
	curl_easy_cleanup(r->easy);
	free(r->body);
	free(r);
}

static void unlink_request(struct http *h, struct http_request *r)
{
	for (struct http_request **p = &h->requests; *p; p = &(*p)->next) {
		if (*p == r) {
			*p = r->next;
			break;
		}
	}
	(void) curl_multi_remove_handle(h->multi, r->easy);
}

static int error_of(const struct http_request *r, CURLcode code)
{
	if (r->too_big)
		return -E2BIG;
	if (code == CURLE_OK)
		return 0;
	return code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT : -EIO;
}

static void finish(struct http *h, struct http_request *r, CURLcode code)
{
	struct http_answer a = {.error = error_of(r, code),
		.body = r->body,
		.len_bytes = r->len_bytes,
		.request = r};

	(void) curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &a.status);
	unlink_request(h, r);
	r->get.done_fn(r->get.ctx, &a);
	free_request(r);
}

static void finish_all(struct http *h)
{
	const CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		struct http_request *r = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void) curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **) &r);
		finish(h, r, m->data.result);
	}
}

static void on_socket(void *ctx, uint32_t events)
{
	struct http_conn *c = ctx;
	struct http *h = c->http;
	int what = 0, running;

	if (events & (EPOLLIN | EPOLLHUP))
		what |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		what |= CURL_CSELECT_OUT;
	if (events & EPOLLERR)
		what |= CURL_CSELECT_ERR;
	(void) curl_multi_socket_action(h->multi, c->src.fd, what, &running);
	finish_all(h);
}

static void on_timer(void *ctx)
{
	struct http *h = ctx;
	int running;

	(void) curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(h);
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct http *h = ctx;

	(void) multi;
	if (timeout_ms < 0)
		loop_disarm(h->loop, &h->timer);
	else
		loop_arm(h->loop, &h->timer, clock_mono_ns() + (int64_t) timeout_ms * 1000000);
	return 0;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *conn)
{
	struct http *h = ctx;
	struct http_conn *c = conn;
	uint32_t events = 0;

	(void) easy;
	if (what == CURL_POLL_REMOVE) {
		if (c)
			loop_unwatch(h->loop, &c->src);
		free(c);
		return 0;
	}
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return -1;
		c->http = h;
		c->src = (struct loop_source){.fd = fd, .fn = on_socket, .ctx = c};
		(void) curl_multi_assign(h->multi, fd, c);
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	return loop_watch(h->loop, &c->src, events) < 0 ? -1 : 0;
}

static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct http_request *r = ctx;

	(void) p;
	r->head_bytes += size * n;
	r->too_big = r->too_big || r->head_bytes > r->get.max_bytes;
	return r->too_big ? 0 : size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_request *r = ctx;
	size_t len = size * n;

	if (r->get.data_fn) {
		long status = 0;

		(void) curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
		if (status == 200)
			r->get.data_fn(r->get.ctx);
		return len;
	}
	if (len > r->get.max_bytes - r->len_bytes) {
		r->too_big = true;
		return 0;
	}
	if (r->len_bytes + len > r->cap_bytes) {
		size_t cap = r->cap_bytes ? r->cap_bytes : 16384;
		char *body;

		while (cap < r->len_bytes + len)
			cap *= 2;
		body = realloc(r->body, cap);
		if (!body)
			return 0;
		r->body = body;
		r->cap_bytes = cap;
	}
	memcpy(r->body + r->len_bytes, p, len);
	r->len_bytes += len;
	return len;
}

static int set_options(struct http_request *r)
{
	CURL *c = r->easy;
	char url[512], path[64];
	CURLcode rc = CURLE_OK;
	int n = snprintf(url, sizeof(url), "http://engine-%" PRIu32 "%s", r->get.peer, r->get.path);

	if (n < 0 || (size_t) n >= sizeof(url))
		return -EINVAL;
	/* reaches sockets at any depth: the path itself may be longer than an address holds */
	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", r->get.socket_fd);
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(c, option, value))
	SET(CURLOPT_URL, url);
	SET(CURLOPT_UNIX_SOCKET_PATH, path);
	SET(CURLOPT_PROTOCOLS_STR, "http");
	SET(CURLOPT_PROXY, ""); /* whatever the environment says */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long) r->get.timeout_ms);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, r);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, r);
	SET(CURLOPT_PRIVATE, r);
	if (r->get.data_fn)
		SET(CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t) STREAM_BYTES_S);
#undef SET
	return rc == CURLE_OK ? 0 : -ENOMEM;
}

struct http *http_new(struct loop *loop)
{
	struct http *h = calloc(1, sizeof(*h));

	/* no TLS here: leave the library for it alone */
	if (!h || curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK) {
		free(h);
		return NULL;
	}
	h->loop = loop;
	h->timer = (struct loop_timer){.fn = on_timer, .ctx = h};
	h->multi = curl_multi_init();
	if (!h->multi || curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) ||
		curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) ||
		curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_timer) ||
		curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) ||
		curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long) IDLE_CONNECTIONS_MAX)) {
		http_free(h);
		return NULL;
	}
	return h;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->requests)
		http_cancel(h, h->requests);
	if (h->multi)
		(void) curl_multi_cleanup(h->multi);
	loop_disarm(h->loop, &h->timer);
	free(h);
	curl_global_cleanup();
}

struct http_request *http_start(struct http *h, const struct http_get *get)
{
	struct http_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->get = *get;
	r->easy = curl_easy_init();
	if (!r->easy || set_options(r) < 0 ||
		curl_multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		free_request(r);
		return NULL;
	}
	r->get.path = NULL;
	r->next = h->requests;
	h->requests = r;
	return r;
}

const char *http_answer_header(const struct http_answer *a, const char *name)
{
	struct curl_header *header;

	if (curl_easy_header(a->request->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return NULL;
	return header->value;
}

void http_cancel(struct http *h, struct http_request *r)
{
	if (!r)
		return;
	unlink_request(h, r);
	free_request(r);
}
