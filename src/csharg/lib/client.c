/* SPDX-License-Identifier: MIT */
#include "csharg/lib/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/own.h"
#include "base/utf8.h"
#include "base/version.h"

const char *csharg_version(void)
{
	return PACKETFLIX_VERSION;
}

int error_tell(const struct err *from, struct csharg_error *to)
{
	if (to) {
		to->code = from->code;
		utf8_sanitize(from->text, to->text, sizeof(to->text));
	}
	return from->code;
}

int error_nomem(struct csharg_error *to)
{
	struct err e = ERR_NONE;

	(void) err_set(&e, -ENOMEM, "out of memory");
	return error_tell(&e, to);
}

/* Copy @s unless it is NULL. Returns 0 or -ENOMEM. */
static int copy(const char *s, char **ret)
{
	if (!s)
		return 0;
	*ret = strdup(s);
	return *ret ? 0 : -ENOMEM;
}

/* What goes into a header must not end it. */
static bool is_header_value(const char *s)
{
	for (; *s; s++)
		if ((unsigned char) *s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

static int check_options(const struct csharg_client_options *o, struct err *e)
{
	if (o->user_agent && !is_header_value(o->user_agent))
		return err_set(e, -EINVAL, "the user agent has control characters");
	return 0;
}

static int take_options(struct csharg_client *c, const struct csharg_client_options *o)
{
	const char *ca_file = o->ca_file ? o->ca_file : secure_getenv("SSL_CERT_FILE");

	c->insecure = o->insecure;
	c->timeout_ms = o->timeout_ms;
	if (copy(ca_file && *ca_file ? ca_file : NULL, &c->ca_file) < 0 ||
		copy(o->proxy, &c->proxy) < 0 || copy(o->no_proxy, &c->no_proxy) < 0)
		return -ENOMEM;
	return copy(
		o->user_agent ? o->user_agent : "libcsharg/" PACKETFLIX_VERSION, &c->user_agent);
}

/* NULL on failure, with @e filled. */
static struct csharg_client *client_make(
	const struct url *url, const struct csharg_client_options *o, struct err *e)
{
	struct csharg_client *c = calloc(1, sizeof(*c));

	if (!c) {
		(void) err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	c->url = *url;
	(void) url_format(url, "", c->url_text, sizeof(c->url_text));
	atomic_init(&c->cancelled, false);
	c->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->cancel_fd < 0)
		(void) err_sys(e, -errno, "cannot make an event descriptor");
	else if (take_options(c, o) < 0)
		(void) err_set(e, -ENOMEM, "out of memory");
	else if (credentials_choose(o, url, &c->credentials, e) == 0)
		return c;
	csharg_client_free(c);
	return NULL;
}

int csharg_client_new(const char *url, const struct csharg_client_options *options,
	struct csharg_client **ret_client, struct csharg_error *e)
{
	struct csharg_client_options o = CSHARG_CLIENT_OPTIONS_INIT;
	struct csharg_client *c;
	struct err why = ERR_NONE;
	struct url u;

	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	if (!url) {
		url = secure_getenv("CSHARG_HOST");
		url = url && *url ? url : CSHARG_DEFAULT_HOST;
	}
	if (url_parse(url, &u, &why) < 0 || check_options(&o, &why) < 0)
		return error_tell(&why, e);
	c = client_make(&u, &o, &why);
	if (!c)
		return error_tell(&why, e);
	*ret_client = c;
	return 0;
}

void csharg_client_free(struct csharg_client *c)
{
	if (!c)
		return;
	close_p(&c->cancel_fd);
	credentials_done(&c->credentials);
	free(c->ca_file);
	free(c->proxy);
	free(c->no_proxy);
	free(c->user_agent);
	free(c);
}

const char *csharg_client_host(const struct csharg_client *c)
{
	return c->url.host;
}

const char *csharg_client_url(const struct csharg_client *c)
{
	return c->url_text;
}

const char *csharg_client_token_source(const struct csharg_client *c)
{
	return c->credentials.source ? c->credentials.source : "";
}

void csharg_client_cancel(struct csharg_client *c)
{
	int saved = errno;
	const uint64_t one = 1;

	atomic_store(&c->cancelled, true);
	if (write(c->cancel_fd, &one, sizeof(one)) < 0)
		errno = 0; /* it is readable already */
	errno = saved;
}
