/* SPDX-License-Identifier: MIT */
#include "csharg/lib/credentials.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "csharg/lib/tokens.h"
#include "http/sha1.h"
#include "http/slice.h"

void credentials_done(struct credentials *c)
{
	for (size_t i = 0; i < c->n; i++) {
		explicit_bzero(c->header[i], strlen(c->header[i]));
		free(c->header[i]);
	}
	free(c->header);
	free(c->source);
	*c = (struct credentials){NULL};
}

#define AUTO_CREDENTIALS __attribute__((cleanup(credentials_done)))

/* What goes into a header must not end it. */
static bool is_header_value(const char *s)
{
	for (; *s; s++)
		if (((unsigned char) *s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static int __attribute__((format(printf, 2, 3))) add(struct credentials *c, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vasprintf(&c->header[c->n], fmt, args);
	va_end(args);
	if (n < 0)
		return -ENOMEM;
	c->n++;
	return 0;
}

static int add_token(struct credentials *c, const char *token, const char *source, struct err *e)
{
	if (strlen(token) >= CREDENTIALS_TOKEN_MAX || !is_header_value(token))
		return err_set(e, -EINVAL, "the token is too long or has control characters");
	c->source = strdup(source);
	if (!c->source || add(c, "Authorization: Bearer %s", token) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

/* Name and password of the URL (RFC 7617). */
static int add_user(struct credentials *c, const struct url *u, struct err *e)
{
	char name_password[sizeof(u->user) + 1], text[4 * ((sizeof(name_password) + 2) / 3) + 1];
	int n = snprintf(name_password, sizeof(name_password), "%s%s", u->user,
		strchr(u->user, ':') ? "" : ":");

	base64_encode((const uint8_t *) name_password, (size_t) n, text);
	c->source = strdup("URL");
	if (!c->source || add(c, "Authorization: Basic %s", text) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	return 0;
}

/* The token of the environment belongs to one service only. */
static int add_from_environment(struct credentials *c, const struct url *u, struct err *e)
{
	const char *token = secure_getenv("CSHARG_TOKEN"), *host = secure_getenv("CSHARG_HOST");
	struct url owner;

	if (!token || !*token)
		return 0;
	if (url_parse(host && *host ? host : CSHARG_DEFAULT_HOST, &owner, NULL) < 0 ||
		!url_is_below(u, &owner))
		return 0;
	return add_token(c, token, "CSHARG_TOKEN", e);
}

/* The tokens file of this user; NULL without one or without memory. Owned by the caller. */
static char *default_tokens_file(void)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");
	char *path = NULL;

	if (config && *config == '/')
		return asprintf(&path, "%s/packetflix/tokens", config) < 0 ? NULL : path;
	if (home && *home == '/')
		return asprintf(&path, "%s/.config/packetflix/tokens", home) < 0 ? NULL : path;
	return NULL;
}

static int add_from_file(struct credentials *c, const char *path, const struct url *u,
	bool *ret_may_be_plain, struct err *e)
{
	AUTO_FREE char *source = NULL;
	AUTO_FREE char *token = NULL;
	struct tokens_entry entry = {NULL, 0};
	int rc = tokens_find(path, u, &entry, e);

	token = entry.token;
	if (rc < 0 || !token)
		return rc;
	if (asprintf(&source, "%s:%u", path, entry.line) < 0) {
		source = NULL;
		return err_set(e, -ENOMEM, "out of memory");
	}
	/* the line says http:// */
	*ret_may_be_plain = !u->tls;
	return add_token(c, token, source, e);
}

static int add_authorization(struct credentials *c, const struct csharg_client_options *o,
	const struct url *u, bool *ret_may_be_plain, struct err *e)
{
	AUTO_FREE char *path = NULL;
	int rc;

	if (u->user[0] && o->token && o->token[0])
		return err_set(
			e, -EINVAL, "a token and a user name in the URL cannot be sent together");
	if (u->user[0])
		return add_user(c, u, e);
	if (o->token)
		return o->token[0] ? add_token(c, o->token, "option", e) : 0;
	rc = add_from_environment(c, u, e);
	if (rc < 0 || c->source)
		return rc;
	path = o->tokens_file ? strdup(o->tokens_file) : default_tokens_file();
	return path && *path ? add_from_file(c, path, u, ret_may_be_plain, e) : 0;
}

static bool is_named(const char *header, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(header, name, n) == 0 && header[n] == ':';
}

/* Add the headers of the options. *@ret_secret: one of them is a credential. */
static int add_headers(struct credentials *c, const struct csharg_client_options *o,
	bool *ret_secret, struct err *e)
{
	static const char *const own[] = {"Host", "Connection", "Upgrade", "Content-Length",
		"Transfer-Encoding", "Accept-Encoding"};

	for (size_t i = 0; i < o->n_headers; i++) {
		const char *h = o->headers[i];

		if (!http_slice_is_token((struct http_slice){h, strcspn(h, ":")}) ||
			!strchr(h, ':') || !is_header_value(h))
			return err_set(e, -EINVAL, "\"%.100s\" is not a header \"NAME: VALUE\"", h);
		for (size_t k = 0; k < ARRAY_LEN(own); k++)
			if (is_named(h, own[k]))
				return err_set(e, -EINVAL, "header %s cannot be set", own[k]);
		if (is_named(h, "Authorization") && c->source)
			return err_set(e, -EINVAL,
				"a header Authorization and a token or user name cannot be sent "
				"together");
		*ret_secret = *ret_secret || is_named(h, "Authorization") || is_named(h, "Cookie");
		if (add(c, "%s", h) < 0)
			return err_set(e, -ENOMEM, "out of memory");
	}
	return 0;
}

static bool has_authorization(const struct csharg_client_options *o)
{
	for (size_t i = 0; i < o->n_headers; i++)
		if (is_named(o->headers[i], "Authorization"))
			return true;
	return false;
}

/* Without TLS others on the way can read what is sent, unless it does not leave this machine. */
static int check_way(const struct csharg_client_options *o, const struct url *u, struct err *e)
{
	bool is_here = url_is_loopback(u) && !(o->proxy && o->proxy[0]);

	if (u->tls || is_here || o->plain_token)
		return 0;
	return err_set(e, -EPERM,
		"the token or password is not sent to %s without TLS, where others can read it; "
		"use https://",
		u->authority);
}

int credentials_choose(const struct csharg_client_options *o, const struct url *u,
	struct credentials *ret, struct err *e)
{
	AUTO_CREDENTIALS struct credentials c = {NULL};
	struct csharg_client_options chosen = *o;
	bool may_be_plain = false, is_secret = false;
	int rc;

	if (o->n_headers > CREDENTIALS_HEADERS_MAX)
		return err_set(e, -EINVAL, "more than %d headers", CREDENTIALS_HEADERS_MAX);
	c.header = calloc(o->n_headers + 1, sizeof(*c.header));
	if (!c.header)
		return err_set(e, -ENOMEM, "out of memory");
	/* a header of the options stands for what would be looked for */
	if (!o->token && has_authorization(o))
		chosen.token = "";
	rc = add_authorization(&c, &chosen, u, &may_be_plain, e);
	is_secret = c.source != NULL;
	if (rc == 0)
		rc = add_headers(&c, o, &is_secret, e);
	if (rc == 0 && is_secret && !may_be_plain)
		rc = check_way(o, u, e);
	if (rc < 0)
		return rc;
	*ret = c;
	c = (struct credentials){NULL};
	return 0;
}
