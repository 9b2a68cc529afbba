/* SPDX-License-Identifier: MIT */
/* Requests: read, judged, and given to the handler of their route. */
#include "service/http/conn_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/ws_key.h"

#define READ_BYTES     2048  /* at first; then as much as is there already */
#define READ_MAX_BYTES 65536 /* at a time */
#define PATH_MAX_BYTES 2048  /* of a decoded path; longer ones are none of ours */

#define TOO_LARGE "the request is too large"

static const char *words_of(int status)
{
	switch (status) {
	case 414:
	case 431:
		return TOO_LARGE;
	case 501:
		return "requests with a transfer coding are not served here";
	case 505:
		return "only HTTP/1.0 and HTTP/1.1 are spoken here";
	default:
		return "this is no HTTP request";
	}
}

/* What an answer to @h has to look like. */
static void describe(struct conn *c, const struct http_head *h)
{
	c->is_head = http_slice_is(h->method, "HEAD");
	c->is_http10 = h->is_http10;
	c->is_persistent =
		!h->is_http10 && !c->is_reserve && !http_head_lists(h, "connection", "close");
	c->wants_upgrade = http_head_lists(h, "connection", "upgrade") &&
			   http_head_lists(h, "upgrade", "websocket");
}

/* Is it a request that can become a WebSocket (RFC 6455 section 4.2.1)? Returns 0 or a status. */
static int check_upgrade(const struct conn *c, const struct http_head *h)
{
	const struct http_slice *version = http_head_field(h, "sec-websocket-version");

	if (!c->wants_upgrade)
		return 400;
	if (!http_slice_is(h->method, "GET"))
		return 405;
	if (c->is_http10 || http_head_count(h, "sec-websocket-version") != 1 ||
		!http_slice_is(*version, "13") || http_head_count(h, "sec-websocket-key") != 1 ||
		!http_ws_is_key(*http_head_field(h, "sec-websocket-key")))
		return 400;
	return 0;
}

static const char *words_of_upgrade(const struct conn *c, int status)
{
	if (!c->wants_upgrade)
		return "a WebSocket is needed here; /capture.pcapng is plain HTTP";
	return status == 405 ? "Method Not Allowed" : "Bad Request";
}

/* Does the method fit the route? Returns 0 or a status with words. */
static int check_method(struct conn *c, const struct http_request *r, const struct route *route,
	const char **ret_why)
{
	const struct http_head *h = r->head;
	const char *wrong = route && route->check ? route->check(r) : NULL;
	int status = 0;

	if (wrong) {
		*ret_why = wrong;
		return 400;
	}
	if (route && (route->flags & ROUTE_BODY))
		return 0;
	if (route && (route->flags & ROUTE_WEBSOCKET)) {
		status = check_upgrade(c, h);
		*ret_why = status ? words_of_upgrade(c, status) : "";
	} else if (!route_serves(route, h->method)) {
		*ret_why = "this method is not served here; the field Allow has those that are";
		status = 405;
	}
	return status;
}

/* May the client ask? Returns 0 or a status with words. */
static int judge(struct conn *c, const struct http_request *r, const struct http_authority *host,
	uint32_t flags, const char **ret_why)
{
	struct http_env *env = c->env;
	int status = access_judge(
		&env->access, r, host, flags | (r->has_ticket ? ROUTE_OPEN : 0), ret_why);

	env->counters.refused_access += status != 0;
	env->counters.unauthorized += status == 401;
	if (status == 421)
		access_warn(&env->warning, host, clock_mono_ns());
	return status;
}

/* Is it to be answered at all? Returns 0, or a status with words. */
static int check(struct conn *c, const struct http_request *r, const struct http_target *target,
	const struct route *route, const char **ret_why)
{
	const struct http_slice *host_field = http_head_field(r->head, "host");
	uint32_t flags = route ? route->flags : 0;
	struct http_env *env = c->env;
	struct http_authority host;
	uint64_t body_bytes = 0;
	int status;

	if (c->is_reserve && !(flags & ROUTE_RESERVED)) {
		*ret_why = env->is_ending ? "the service is shutting down" : "too many connections";
		env->counters.refused_connections++;
		return 503;
	}
	*ret_why = "the Host is missing, there twice, or no host name";
	if (http_head_count(r->head, "host") != 1 || http_authority_parse(*host_field, &host) < 0)
		return 400;
	*ret_why = "the target names another host";
	if (target->is_absolute && !http_authority_is(&target->authority, &host))
		return 400;
	status = -http_head_body(r->head, &body_bytes);
	*ret_why = "the length of the body is not clear";
	if (status == 501 && (flags & ROUTE_BODY))
		status = 0; /* the handler reads it */
	if (status)
		return status;
	/* an upgrade is wrong before it is forbidden (wire contract 1.5) */
	if (c->wants_upgrade)
		status = check_method(c, r, route, ret_why);
	if (!status)
		status = judge(c, r, &host, flags, ret_why);
	if (!status && !c->wants_upgrade)
		status = check_method(c, r, route, ret_why);
	if (!status && body_bytes > 0 && !(flags & ROUTE_BODY)) {
		*ret_why = "a request with a body is not served here";
		status = 400;
	}
	return status;
}

/* The route of a request with a valid ticket. */
static const struct route *find_ticket_route(const struct http_env *env, const char *path)
{
	const struct route *route = route_find(env->routes, env->n_routes, path);

	return route && (route->flags & (ROUTE_TICKET | ROUTE_TICKET_KEPT)) ? route : NULL;
}

static const struct route *find_route(const struct http_env *env, const char *path)
{
	const struct route *route = route_find(env->routes, env->n_routes, path);

	if (env->elsewhere && (!route || !(route->flags & ROUTE_LOCAL)))
		return env->elsewhere;
	return route;
}

static void log_request(struct conn *c, const struct http_request *r)
{
	char peer[REQUEST_LOG_PEER_MAX];

	c->env->counters.requests++;
	if (!c->env->logs_requests)
		return;
	conn_peer_name(c, peer, sizeof(peer));
	request_log_begin(&c->log, peer, r, c->env->logs_headers);
}

/* Call the handler of @r, and use up its ticket. */
static void begin(
	struct conn *c, struct http_request *r, const struct route *route, struct ticket *ticket)
{
	char *query = NULL;

	if (ticket && (route->flags & ROUTE_TICKET) && !r->is_head)
		query = ticket_use(ticket);
	c->request = r;
	route->begin(c, c->env->ctx);
	c->request = NULL;
	free(query);
}

/* Find the route of @r, whose decoded path is @path. A request with a ticket becomes one for the
 * rest of its path, with the query of the ticket. Returns false when its ticket is not valid. */
static bool find(struct conn *c, char *path, struct http_request *r, const struct route **ret_route,
	struct ticket **ret_ticket)
{
	const char *rest;

	http_clean_path(path);
	if (strncmp(path, TICKET_PATH, strlen(TICKET_PATH)) != 0) {
		*ret_route = find_route(c->env, path);
		return true;
	}
	*ret_ticket = tickets_find(c->env->tickets, path, clock_mono_ns(), &rest);
	if (!*ret_ticket) {
		path[strlen(TICKET_PATH)] = '\0';
		return false;
	}
	memmove(path, rest, strlen(rest) + 1);
	*ret_route = find_ticket_route(c->env, path);
	r->has_ticket = true;
	r->query = (struct http_slice){(*ret_ticket)->query, strlen((*ret_ticket)->query)};
	return true;
}

/* Answer the request @h. */
static void dispatch(struct conn *c, const struct http_head *h)
{
	char path[PATH_MAX_BYTES] = "";
	struct http_request r = {.head = h, .path = path};
	const struct route *route = c->env->elsewhere;
	struct ticket *ticket = NULL;
	struct http_target target;
	const char *why = "";
	bool is_found = true;
	int status;

	describe(c, h);
	if (http_target_parse(h->target, &target) < 0) {
		conn_refuse(c, 400, "the target of the request is no address");
		return;
	}
	r.query = target.query;
	r.is_head = c->is_head;
	if (!target.is_asterisk && http_decode(target.path, false, path, sizeof(path)) >= 0)
		is_found = find(c, path, &r, &route, &ticket);
	log_request(c, &r);
	if (!is_found) {
		conn_refuse(c, 403, "the ticket is unknown, used or out of time");
		return;
	}
	c->allow = route_methods(route);
	status = check(c, &r, &target, route, &why);
	/* what may be a body must not be read as the next request */
	if (status && (status == 400 || http_head_count(h, "content-length") > 0 ||
			      http_head_count(h, "transfer-encoding") > 0))
		c->is_persistent = false;
	if (status) {
		conn_error(c, status, why);
		return;
	}
	if (!route) {
		conn_error(c, 404, "404 page not found");
		return;
	}
	begin(c, &r, route, ticket);
}

/* Read more of the request. Returns CONN_AGAIN when there is more of it. */
static enum conn_step read_more(struct conn *c)
{
	size_t n = c->in.len_bytes < READ_BYTES ? READ_BYTES : c->in.len_bytes;
	char *to;
	ssize_t got;

	if (!c->may_read)
		return CONN_PAUSE;
	to = buf_room(&c->in, n < READ_MAX_BYTES ? n : READ_MAX_BYTES);
	conn_count(c);
	if (!to || c->env->heads_bytes > HTTP_ENV_HEADS_BYTES)
		return CONN_GONE;
	n = c->in.cap_bytes - c->in.at_bytes - c->in.len_bytes;
	got = conn_read_socket(c, to, n < READ_MAX_BYTES ? n : READ_MAX_BYTES);
	if (got > 0)
		c->in.len_bytes += (size_t) got;
	else if (c->in.len_bytes == 0)
		buf_done(&c->in);
	if (got > 0)
		return CONN_AGAIN;
	return got == -EAGAIN ? CONN_PAUSE : CONN_GONE;
}

/* The head is complete. */
static void take_head(struct conn *c, size_t len_bytes)
{
	struct http_head h;
	int rc = http_head_parse(buf_at(&c->in), len_bytes, &h);

	c->began_ns = clock_mono_ns();
	if (rc < 0)
		conn_refuse(c, -rc, words_of(-rc));
	else
		dispatch(c, &h);
	buf_drop(&c->in, len_bytes);
	conn_count(c);
}

enum conn_step conn_step_head(struct conn *c)
{
	for (;;) {
		long n = c->in.len_bytes > 0
				 ? http_head_scan(&c->scan, buf_at(&c->in), c->in.len_bytes)
				 : 0;
		enum conn_step step;

		if (n != 0)
			c->scan = (struct http_scan){0};
		if (n < 0) {
			c->is_head = c->is_http10 = c->wants_upgrade = false;
			conn_refuse(c, (int) -n, words_of((int) -n));
			buf_done(&c->in);
			conn_count(c);
			return CONN_AGAIN;
		}
		if (n > 0) {
			take_head(c, (size_t) n);
			return CONN_AGAIN;
		}
		step = read_more(c);
		if (step != CONN_AGAIN)
			return step;
	}
}
