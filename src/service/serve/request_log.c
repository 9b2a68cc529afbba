/* SPDX-License-Identifier: MIT */
#include "service/serve/request_log.h"

#include "base/log.h"

#define VALUE_MAX 512

static const char *header(struct lws *wsi, enum lws_token_indexes which, char *buf)
{
	char value[VALUE_MAX];

	if (lws_hdr_copy(wsi, value, (int) sizeof(value), which) <= 0)
		value[0] = '\0';
	return log_quote(value, buf, 2 * VALUE_MAX);
}

/* What must stay secret, and what stands in the request line already. */
static bool is_shown(enum lws_token_indexes which)
{
	return which != WSI_TOKEN_HTTP_AUTHORIZATION && which != WSI_TOKEN_HTTP_COOKIE &&
	       which != WSI_TOKEN_HTTP_URI_ARGS;
}

static void log_headers(struct lws *wsi, const char *peer)
{
	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		enum lws_token_indexes which = (enum lws_token_indexes) i;
		const unsigned char *name = lws_token_to_string(which);
		char value[2 * VALUE_MAX];

		if (name && is_shown(which) && header(wsi, which, value)[0])
			log_info("header peer=%s %s \"%s\"", peer, (const char *) name, value);
	}
}

void request_log(struct app *a, struct lws *wsi, const char *path)
{
	char peer[64] = "", agent[2 * VALUE_MAX], referer[2 * VALUE_MAX], quoted[2 * VALUE_MAX];

	a->counters.requests++;
	if (!a->config->log_requests && !a->config->log_headers)
		return;
	(void) lws_get_peer_simple(wsi, peer, sizeof(peer));
	log_info("request peer=%s path=\"%s\" referer=\"%s\" agent=\"%s\"", peer,
		log_quote(path, quoted, sizeof(quoted)),
		header(wsi, WSI_TOKEN_HTTP_REFERER, referer),
		header(wsi, WSI_TOKEN_HTTP_USER_AGENT, agent));
	if (a->config->log_headers)
		log_headers(wsi, peer);
}
