/* SPDX-License-Identifier: MIT */
#include "service/serve/access.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

bool access_same_token(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	unsigned char diff = na != nb;

	/* as many steps as the given text has, whatever it is compared with */
	for (size_t i = 0; i < nb; i++)
		diff |= (unsigned char) (a[na ? i % na : 0] ^ b[i]);
	return diff == 0;
}

/* Copy the host part of "host:port" or "[v6]:port" without brackets. */
static bool host_part(const char *s, char *ret, size_t cap)
{
	const char *end;

	if (s[0] == '[') {
		end = strchr(++s, ']');
	} else {
		end = strrchr(s, ':');
		if (!end)
			end = s + strlen(s);
	}
	if (!end || (size_t) (end - s) >= cap)
		return false;
	memcpy(ret, s, (size_t) (end - s));
	ret[end - s] = '\0';
	return true;
}

bool access_host_allowed(const struct config *config, const char *host)
{
	char name[ACCESS_HOST_MAX];
	struct in6_addr addr;
	size_t n;

	if (!host_part(host, name, sizeof(name)))
		return false;
	if (inet_pton(AF_INET, name, &addr) == 1 || inet_pton(AF_INET6, name, &addr) == 1)
		return true;
	n = strlen(name);
	if (n > 0 && name[n - 1] == '.')
		name[n - 1] = '\0';
	if (strcasecmp(name, "localhost") == 0 ||
		(name[0] && strcasecmp(name, config->hostname) == 0))
		return true;
	for (uint32_t i = 0; i < config->n_allow_host; i++) {
		if (strcasecmp(name, config->allow_host[i]) == 0)
			return true;
	}
	return false;
}

/* Origin is "scheme://host[:port]"; its host:port must be that of the Host header. */
static bool same_origin(const char *origin, const char *host)
{
	const char *p = strstr(origin, "://");

	return p && strcasecmp(p + 3, host) == 0;
}

static bool has_token(const char *token, const struct access_request *r)
{
	if (r->authorization && strncasecmp(r->authorization, "Bearer ", 7) == 0)
		return access_same_token(token, r->authorization + 7);
	return r->token && access_same_token(token, r->token);
}

int access_judge(const struct config *config, const struct access_request *r, const char **ret_why)
{
	bool is_open = strcmp(r->path, "/healthz") == 0 || strcmp(r->path, "/version") == 0;

	if (!r->host || !access_host_allowed(config, r->host)) {
		*ret_why = "this service does not answer to that host name; --allow-host adds one";
		return 421;
	}
	if (r->origin && !same_origin(r->origin, r->host)) {
		*ret_why = "the request comes from a page of another origin";
		return 403;
	}
	if (!is_open && config->token && !has_token(config->token, r)) {
		*ret_why = "a valid token is needed: send Authorization: Bearer TOKEN";
		return 401;
	}
	return 0;
}

/* Copy a header into @buf; NULL when it is absent. One that does not fit becomes "", which is
 * neither a host nor an origin nor a token. */
static const char *header(struct lws *wsi, enum lws_token_indexes which, char *buf, size_t cap)
{
	if (lws_hdr_total_length(wsi, which) <= 0)
		return NULL;
	if (lws_hdr_copy(wsi, buf, (int) cap, which) <= 0)
		buf[0] = '\0';
	return buf;
}

int access_check(
	struct app *a, struct lws *wsi, const char *path, const char *token, const char **ret_why)
{
	char host[ACCESS_HOST_MAX], origin[ACCESS_HOST_MAX], auth[CONFIG_TOKEN_MAX + 16];
	struct access_request r = {
		.path = path,
		.token = token,
		.host = header(wsi, WSI_TOKEN_HOST, host, sizeof(host)),
		.origin = header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)),
		.authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, auth, sizeof(auth)),
	};

	return access_judge(a->config, &r, ret_why);
}
