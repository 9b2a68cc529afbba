/* SPDX-License-Identifier: MIT */
#include "service/http/access.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "service/http/route.h"

#define TOKEN_MAX       4096
#define BEARER          "Bearer "
#define WARN_PAUSE_NS   (10 * 1000000000LL)
#define FETCH_VALUE_MAX 32

bool access_same_token(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	unsigned char diff = na != nb;

	/* as many steps as the given text has, whatever it is compared with */
	for (size_t i = 0; i < nb; i++)
		diff |= (unsigned char) (a[na ? i % na : 0] ^ b[i]);
	return diff == 0;
}

static bool is_in(const char *name, const char *const *list, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		if (strcasecmp(name, list[i]) == 0)
			return true;
	}
	return false;
}

bool access_host_allowed(const struct access *a, const struct http_authority *host)
{
	char name[HTTP_HOST_MAX];
	size_t n = strlen(host->host);

	if (host->is_address)
		return true;
	memcpy(name, host->host, n + 1);
	if (n > 1 && name[n - 1] == '.')
		name[n - 1] = '\0';
	return strcmp(name, "localhost") == 0 || is_in(name, a->own_host, a->n_own_host) ||
	       is_in(name, a->allow_host, a->n_allow_host);
}

static bool is_same_origin(const struct http_request *r, const struct http_authority *host)
{
	const struct http_slice *s = http_head_field(r->head, "origin");
	struct http_authority origin;

	if (!s)
		return true;
	return http_head_count(r->head, "origin") == 1 && http_origin_parse(*s, &origin) == 0 &&
	       http_authority_is(&origin, host);
}

static bool says(const struct http_request *r, const char *field, const char *value)
{
	char text[FETCH_VALUE_MAX];

	return http_request_field(r, field, text, sizeof(text)) && strcmp(text, value) == 0;
}

/* Does a page elsewhere make a browser ask? It may only open our page. */
static bool is_from_elsewhere(const struct http_request *r, uint32_t flags)
{
	if (!says(r, "sec-fetch-site", "cross-site") && !says(r, "sec-fetch-site", "same-site"))
		return false;
	return !(flags & ROUTE_PAGE) || !says(r, "sec-fetch-mode", "navigate") ||
	       !says(r, "sec-fetch-dest", "document");
}

static bool has_token(const char *token, const struct http_request *r)
{
	char text[TOKEN_MAX + sizeof(BEARER)];

	if (http_head_count(r->head, "authorization") > 1)
		return false;
	if (http_request_field(r, "authorization", text, sizeof(text)) &&
		strncasecmp(text, BEARER, strlen(BEARER)) == 0)
		return access_same_token(token, text + strlen(BEARER));
	return http_request_argument(r, "token", text, sizeof(text)) &&
	       access_same_token(token, text);
}

int access_judge(const struct access *a, const struct http_request *r,
	const struct http_authority *host, uint32_t flags, const char **ret_why)
{
	if (!access_host_allowed(a, host)) {
		*ret_why = "this service does not answer to that host name; --allow-host adds one";
		return 421;
	}
	if (!is_same_origin(r, host)) {
		*ret_why = "the request comes from a page of another origin";
		return 403;
	}
	if (is_from_elsewhere(r, flags)) {
		*ret_why = "the request comes from a page of another site";
		return 403;
	}
	if (!(flags & ROUTE_OPEN) && a->token && !has_token(a->token, r)) {
		*ret_why = "a valid token is needed: send Authorization: Bearer TOKEN";
		return 401;
	}
	return 0;
}

void access_warn(struct access_warning *w, const struct http_authority *host, int64_t now_ns)
{
	if (now_ns < w->next_ns) {
		w->n_kept++;
		return;
	}
	log_warn("request refused for its Host host=%s not_logged=%" PRIu32
		 " hint=\"--allow-host %s would allow it\"",
		host->host, w->n_kept, host->host);
	w->next_ns = now_ns + WARN_PAUSE_NS;
	w->n_kept = 0;
}
