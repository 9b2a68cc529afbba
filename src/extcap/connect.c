/* SPDX-License-Identifier: MIT */
#include "extcap/connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "extcap/late_curl.h"

const char *const *connect_proxy_variables(void)
{
	static const char *const names[] = {"http_proxy", "HTTP_PROXY", "https_proxy",
		"HTTPS_PROXY", "no_proxy", "NO_PROXY", NULL};

	return names;
}

static int set_both(const char *lower, const char *upper, const char *value)
{
	if (!*value)
		return 0;
	return setenv(lower, value, 1) < 0 || setenv(upper, value, 1) < 0 ? -ENOMEM : 0;
}

static int set_proxies(const struct args *a)
{
	if (a->proxyoff) {
		for (const char *const *p = connect_proxy_variables(); *p; p++)
			(void) unsetenv(*p);
		return 0;
	}
	if (set_both("http_proxy", "HTTP_PROXY", a->httpproxy) < 0 ||
		set_both("https_proxy", "HTTPS_PROXY", a->httpsproxy) < 0)
		return -ENOMEM;
	return set_both("no_proxy", "NO_PROXY", a->noproxy);
}

int connect_tell(const struct csharg_error *from, struct err *e)
{
	return err_set(e, from->code, "%s", from->text);
}

int connect_refused(
	const struct csharg_client *client, const struct csharg_error *from, struct err *e)
{
	const char *source = csharg_client_token_source(client);

	if (from->code != -EACCES)
		return connect_tell(from, e);
	if (!*source)
		return err_set(e, from->code,
			"%.300s (none was sent: use the field \"Token\" or "
			"~/.config/packetflix/tokens)",
			from->text);
	return err_set(e, from->code, "%.300s (the token that was sent comes from: %.150s)",
		from->text,
		strcmp(source, "option") == 0 ? "the field \"Token\" or the link" : source);
}

int connect_client(const struct args *args, const char *url, const char *token,
	struct csharg_client **ret, struct err *e)
{
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	struct csharg_error why = {0, ""};

	if (late_curl_check(e) < 0)
		return e->code;
	if (set_proxies(args) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	o.insecure = args->insecure;
	o.timeout_ms = args->timeout_s * 1000;
	o.token = *token ? token : NULL;
	o.plain_token = args->plaintoken;
	o.proxy = args->proxyoff ? "" : NULL;
	o.user_agent = "cshargextcap/" PACKETFLIX_VERSION;
	if (csharg_client_new(url, &o, ret, &why) == -EPERM)
		return err_set(e, -EPERM, "%.400s (or \"Send token without TLS\")", why.text);
	if (why.code < 0)
		return connect_tell(&why, e);
	return 0;
}
