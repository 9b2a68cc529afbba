/* SPDX-License-Identifier: MIT */
#include "csharg/lib/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char only_host[] = "only host name and optional port number allowed";

/* "http:" and "https:" are schemes, and everything else begins with the host. */
static int take_scheme(const char **p, struct url *u, struct err *e)
{
	if (strncasecmp(*p, "https:", 6) == 0) {
		u->tls = true;
		*p += 6;
	} else if (strncasecmp(*p, "http:", 5) == 0) {
		*p += 5;
	} else if (strstr(*p, "://")) {
		return err_set(e, -EINVAL, "the URL must begin with http:// or https://");
	} else {
		return 0;
	}
	if (strncmp(*p, "//", 2) != 0)
		return err_set(e, -EINVAL, "%s", only_host);
	*p += 2;
	return 0;
}

/* The host without brackets: an address in them, else any name that cannot be mistaken for another
 * part of a request. */
static int take_host(const char **p, struct url *u, struct err *e)
{
	const char *host = *p, *end;
	size_t n;
	struct in6_addr six;
	bool is_six = *host == '[';

	host += is_six ? 1 : 0;
	end = host + strcspn(host, is_six ? "]" : ":/");
	n = (size_t) (end - host);
	if (is_six && *end != ']')
		return err_set(e, -EINVAL, "the URL has a '[' without a ']'");
	if (n == 0)
		return err_set(e, -EINVAL, "the URL has no host");
	if (n >= sizeof(u->host))
		return err_set(e, -EINVAL, "the host in the URL is too long");
	memcpy(u->host, host, n);
	u->host[n] = '\0';
	if (is_six && inet_pton(AF_INET6, u->host, &six) != 1)
		return err_set(e, -EINVAL, "'%s' is not an IPv6 address", u->host);
	for (size_t i = 0; !is_six && i < n; i++) {
		unsigned char c = (unsigned char) u->host[i];

		if (!isalnum(c) && c < 0x80 && !strchr("-._~", c))
			return err_set(e, -EINVAL, "the host in the URL has a character '%c'", c);
	}
	*p = end + (is_six ? 1 : 0);
	return 0;
}

static int take_port(const char **p, struct url *u, struct err *e)
{
	char *end;
	unsigned long v;

	if (**p != ':')
		return 0;
	if (!isdigit((unsigned char) (*p)[1]))
		return err_set(e, -EINVAL, "the URL has no number behind its ':'");
	v = strtoul(*p + 1, &end, 10);
	if (v == 0 || v > 65535)
		return err_set(e, -EINVAL, "the port in the URL is not between 1 and 65535");
	u->port = (unsigned int) v;
	*p = end;
	return 0;
}

/* Append the segment of @n bytes at @s to @u's path, which is long enough for all of them. */
static void put_segment(struct url *u, const char *s, size_t n)
{
	size_t len = strlen(u->path);

	if (n == 0 || (n == 1 && s[0] == '.'))
		return;
	if (n == 2 && s[0] == '.' && s[1] == '.') {
		char *slash = strrchr(u->path, '/');

		if (slash)
			*slash = '\0';
		return;
	}
	u->path[len] = '/';
	memcpy(u->path + len + 1, s, n);
	u->path[len + 1 + n] = '\0';
}

static int take_path(const char *p, struct url *u, struct err *e)
{
	if (*p && *p != '/')
		return err_set(e, -EINVAL, "the URL has '%.20s' behind its host", p);
	while (*p) {
		size_t n = strcspn(++p, "/");

		put_segment(u, p, n);
		p += n;
	}
	return 0;
}

static int check_characters(const char *text, struct err *e)
{
	if (strlen(text) >= URL_MAX)
		return err_set(e, -EINVAL, "the URL is longer than %d bytes", URL_MAX - 1);
	for (const char *p = text; *p; p++)
		if ((unsigned char) *p <= 0x20 || *p == 0x7f || *p == '\\')
			return err_set(
				e, -EINVAL, "the URL has a blank, backslash or control character");
	if (strpbrk(text, "?#"))
		return err_set(e, -EINVAL, "%s", only_host);
	return 0;
}

int url_parse(const char *text, struct url *ret, struct err *e)
{
	struct url u = {.tls = false};
	const char *p = text;
	int rc = check_characters(text, e);

	if (rc < 0 || (rc = take_scheme(&p, &u, e)) < 0)
		return rc;
	if (memchr(p, '@', strcspn(p, "/")))
		return err_set(e, -EINVAL, "%s", only_host);
	if ((rc = take_host(&p, &u, e)) < 0 || (rc = take_port(&p, &u, e)) < 0 ||
		(rc = take_path(p, &u, e)) < 0)
		return rc;
	(void) snprintf(
		u.authority, sizeof(u.authority), strchr(u.host, ':') ? "[%s]" : "%s", u.host);
	if (u.port)
		(void) snprintf(u.authority + strlen(u.authority),
			sizeof(u.authority) - strlen(u.authority), ":%u", u.port);
	*ret = u;
	return 0;
}

bool url_is_loopback(const struct url *u)
{
	struct in_addr four;
	size_t n = strlen(u->host);

	if (strcasecmp(u->host, "localhost") == 0 || strcmp(u->host, "::1") == 0)
		return true;
	if (n > 10 && strcasecmp(u->host + n - 10, ".localhost") == 0)
		return true;
	return inet_pton(AF_INET, u->host, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

int url_format(const struct url *u, const char *more, char *ret, size_t cap_bytes)
{
	int n = snprintf(ret, cap_bytes, "%s://%s%s%s", u->tls ? "https" : "http", u->authority,
		u->path, more);

	return n < 0 || (size_t) n >= cap_bytes ? -E2BIG : 0;
}
