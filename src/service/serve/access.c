/* SPDX-License-Identifier: MIT */
#include "service/serve/access.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 512

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
	char name[HOST_MAX];
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

static int check_token(struct app *a, struct lws *wsi, const char *token)
{
	char auth[CONFIG_TOKEN_MAX + 16];
	int n = lws_hdr_copy(wsi, auth, (int) sizeof(auth), WSI_TOKEN_HTTP_AUTHORIZATION);

	if (n > 7 && strncasecmp(auth, "Bearer ", 7) == 0)
		return access_same_token(a->config->token, auth + 7) ? 0 : 401;
	if (token)
		return access_same_token(a->config->token, token) ? 0 : 401;
	return 401;
}

int access_check(struct app *a, struct lws *wsi, const char *path, const char *token,
	const char **ret_why)
{
	char host[HOST_MAX] = "", origin[HOST_MAX];
	bool is_open = strcmp(path, "/healthz") == 0 || strcmp(path, "/version") == 0;
	int n;

	if (lws_hdr_copy(wsi, host, (int) sizeof(host), WSI_TOKEN_HOST) <= 0 ||
		!access_host_allowed(a->config, host)) {
		*ret_why = "this service does not answer to that host name; --allow-host adds one";
		return 421;
	}
	n = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);
	if (n > 0 && (lws_hdr_copy(wsi, origin, (int) sizeof(origin), WSI_TOKEN_ORIGIN) <= 0 ||
			     !same_origin(origin, host))) {
		*ret_why = "the request comes from a page of another origin";
		return 403;
	}
	if (!is_open && a->config->token && check_token(a, wsi, token) != 0) {
		*ret_why = "a valid token is needed: send Authorization: Bearer TOKEN";
		return 401;
	}
	return 0;
}
