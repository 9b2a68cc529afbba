/* SPDX-License-Identifier: MIT */
#include "service/serve/proxy.h"

#include "service/serve/reply.h"

int proxy_begin_http(struct connection *c, const char *path)
{
	(void) path;
	return reply_error(c, 502, "proxy");
}

int proxy_prepare_ws(struct connection *c, const char *path)
{
	(void) c;
	(void) path;
	return -1;
}

int proxy_begin_ws(struct connection *c)
{
	(void) c;
	return -1;
}

int proxy_on_writable(struct connection *c)
{
	(void) c;
	return -1;
}

int proxy_on_client_message(struct connection *c, const void *data, size_t len_bytes)
{
	(void) c;
	(void) data;
	(void) len_bytes;
	return -1;
}

int proxy_on_client_body(struct connection *c, const void *data, size_t len_bytes)
{
	(void) c;
	(void) data;
	(void) len_bytes;
	return -1;
}

void proxy_free(struct proxy *p)
{
	(void) p;
}
