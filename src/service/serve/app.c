/* SPDX-License-Identifier: MIT */
#include "service/serve/app.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "proto/service_args.h"
#include "service/serve/channels.h"
#include "service/serve/connection.h"
#include "service/serve/dig.h"
#include "service/serve/listener.h"
#include "service/serve/packing.h"
#include "service/serve/proxy.h"
#include "service/serve/proxy_accept.h"
#include "service/serve/watch.h"

#define TICK_US           (1000 * 1000)
#define HEADER_SECONDS    10 /* for a request to arrive whole */
#define KEEPALIVE_SECONDS 30 /* an idle connection is kept */
#define RX_BYTES          4096
#define HEADERS_POOL      64           /* requests being read or answered; others wait */
#define TX_BYTES          (128 * 1024) /* of one send: without it libwebsockets cuts at RX_BYTES */
#define END_LIMIT_NS      (6 * 1000000000LL) /* less than the broker waits */
#define END_TICK_US       (20 * 1000)

static const struct lws_protocols protocols[] = {
	{CONNECTION_PROTOCOL, connection_callback, sizeof(struct connection), RX_BYTES, 0, NULL,
		TX_BYTES},
	{WATCH_PROTOCOL, watch_callback, sizeof(struct watched), RX_BYTES, 0, NULL, 0},
	{PROXY_ACCEPT_PROTOCOL, proxy_accept_callback, sizeof(struct proxy_accept), 0, 0, NULL, 0},
	{PROXY_PROTOCOL, proxy_callback, sizeof(struct proxy), 0, 0, NULL, 0},
	{PROXY_PEER_PROTOCOL, proxy_peer_callback, sizeof(struct proxy_peer *), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

struct app *app_of(struct lws *wsi)
{
	return lws_context_user(lws_get_context(wsi));
}

static void on_lws_log(int level, const char *line)
{
	log_line(level & (LLL_ERR | LLL_WARN) ? LOG_WARN : LOG_DEBUG, "libwebsockets: %.*s",
		(int) strcspn(line, "\n"), line);
}

static void on_tick(lws_sorted_usec_list_t *sul)
{
	struct app *a = lws_container_of(sul, struct app, tick);
	struct hub_totals t;
	int64_t now_ns = clock_mono_ns();

	hub_tick(a->hub, now_ns);
	catalog_client_tick(&a->catalog, now_ns);
	channels_tick(a, now_ns);
	events_tick(a, now_ns);
	digs_tick(a, now_ns);
	if (a->named_generation != a->catalog.generation)
		hub_names(a->hub, &a->catalog.catalog);
	a->named_generation = a->catalog.generation;
	hub_totals(a->hub, &t);
	if (a->is_ending && ((t.viewers == 0 && !a->digs) || now_ns >= a->end_limit_ns))
		a->is_over = true;
	/* while ending, viewers leave within moments */
	lws_sul_schedule(a->lws, 0, &a->tick, on_tick, a->is_ending ? END_TICK_US : TICK_US);
}

void app_end(struct app *a)
{
	struct refusal why;

	(void) refuse(&why, 0, 503, CLOSE_GOING_AWAY, "the capture service is shutting down");
	a->is_ending = true;
	a->end_limit_ns = clock_mono_ns() + END_LIMIT_NS;
	hub_stop_all(a->hub, &why);
	digs_end(a, &why);
	lws_sul_schedule(a->lws, 0, &a->tick, on_tick, END_TICK_US);
}

static void *watch_capture(void *ctx, int fd, uint32_t id)
{
	return watch_add(ctx, WATCH_CAPTURE, fd, id);
}

static void unwatch_capture(void *ctx, void *handle)
{
	const struct app *a = ctx;

	if (a->lws) /* else the handle went with it */
		watch_remove(handle);
}

static void refresh(void *ctx)
{
	channels_refresh(ctx);
}

static const struct hub_ops hub_ops = {watch_capture, unwatch_capture, refresh};

static void fill_info(const struct app *a, struct lws_context_creation_info *info)
{
	const struct config *c = a->config;

	memset(info, 0, sizeof(*info));
	info->port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info->protocols = protocols;
	info->user = (void *) a;
	info->gid = info->uid = (gid_t) -1;
	info->options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_DISABLE_IPV6;
	info->timeout_secs = HEADER_SECONDS;
	info->timeout_secs_ah_idle = HEADER_SECONDS;
	info->keepalive_timeout = KEEPALIVE_SECONDS;
	info->max_http_header_data2 = WORDS_MAX_BYTES;
	info->max_http_header_pool2 = HEADERS_POOL;
	info->server_string = "packetflix";
	info->pt_serv_buf_size = 65536;
	if (c->tls_cert) {
		info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info->server_ssl_cert_mem = c->tls_cert;
		info->server_ssl_cert_mem_len = (unsigned int) strlen(c->tls_cert);
		info->server_ssl_private_key_mem = c->tls_key;
		info->server_ssl_private_key_mem_len = (unsigned int) strlen(c->tls_key);
		info->alpn = "http/1.1"; /* WebSockets over HTTP/2 would be another protocol */
	}
}

static int init_lws(struct app *a, struct err *e)
{
	struct lws_context_creation_info info;

	lws_set_log_level(
		a->config->debug ? LLL_ERR | LLL_WARN | LLL_NOTICE | LLL_INFO : LLL_ERR | LLL_WARN,
		on_lws_log);
	fill_info(a, &info);
	a->lws = lws_create_context(&info);
	if (!a->lws)
		return err_set(e, -ENOMEM, "cannot start libwebsockets");
	a->vhost = lws_create_vhost(a->lws, &info);
	if (!a->vhost)
		return err_set(e, -EINVAL,
			a->config->tls_cert ? "the TLS certificate and key are not usable"
					    : "cannot start libwebsockets");
	return 0;
}

int app_init(struct app *a, const struct config *config, struct err *e)
{
	int rc;

	memset(a, 0, sizeof(*a));
	a->config = config;
	a->spare_fd = -1;
	catalog_client_init(&a->catalog, SERVICE_FD_CATALOG, config->max_age_ms);
	if (config->proxy)
		resolver_init(&a->resolver, config->discovery_service, config->gw_port);
	a->hub = hub_new(SERVICE_FD_BROKER, &config->limits, &hub_ops, a);
	if (!a->hub)
		return err_set(e, -ENOMEM, "out of memory");
	a->env = (struct session_env){config, &a->catalog, a->hub, config->proxy ? a : NULL};
	rc = init_lws(a, e);
	if (rc == 0)
		rc = listener_init(a, e);
	if (rc == 0)
		rc = channels_init(a, e);
	return rc;
}

void app_run(struct app *a)
{
	struct msg ready = {.op = MSG_READY};

	lws_sul_schedule(a->lws, 0, &a->tick, on_tick, TICK_US);
	(void) msg_send(SERVICE_FD_BROKER, &ready, NULL, 0);
	while (!a->is_over) {
		if (lws_service(a->lws, 0) < 0)
			break;
	}
}

void app_done(struct app *a)
{
	lws_sul_cancel(&a->tick);
	packings_done(a);
	if (a->lws)
		lws_context_destroy(a->lws);
	a->lws = NULL;
	hub_free(a->hub);
	events_done(&a->events);
	catalog_client_done(&a->catalog);
	resolver_done(&a->resolver);
	close_p(&a->spare_fd);
}
