/* SPDX-License-Identifier: MIT */
#include "csharg/lib/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/percent.h"

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

/* NAME:PASSWORD before the '@', if there is one. */
static int take_user(const char **p, struct url *u, struct err *e)
{
	const char *at = memrchr(*p, '@', strcspn(*p, "/"));
	size_t n = at ? (size_t) (at - *p) : 0;

	if (!at)
		return 0;
	if (n == 0 || **p == ':')
		return err_set(e, -EINVAL, "the URL has no user name before its '@'");
	if (http_decode((struct http_slice){*p, n}, false, u->user, sizeof(u->user)) < 0)
		return err_set(e, -EINVAL,
			"user name and password in the URL are too long or have wrong escapes "
			"('%%')");
	*p = at + 1;
	return 0;
}

/* Move the zone of "ADDRESS%ZONE" from the host of @u to its zone. */
static int split_zone(struct url *u, struct err *e)
{
	char *mark = strchr(u->host, '%');
	const char *zone;

	if (!mark)
		return 0;
	zone = mark + (strncmp(mark, "%25", 3) == 0 && mark[3] ? 3 : 1);
	if (!*zone || strlen(zone) >= sizeof(u->zone))
		return err_set(e, -EINVAL, "the zone of '%s' is not an interface name", u->host);
	for (const char *c = zone; *c; c++)
		if (!isalnum((unsigned char) *c) && !strchr("-._", *c))
			return err_set(
				e, -EINVAL, "the zone of '%s' is not an interface name", u->host);
	memcpy(u->zone, zone, strlen(zone) + 1);
	*mark = '\0';
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
	if (is_six && split_zone(u, e) < 0)
		return -EINVAL;
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

/* Copy @text without the white space around it, such as the newline of a pasted link. */
static int trim(const char *text, char ret[URL_MAX], struct err *e)
{
	static const char white[] = " \t\r\n";
	size_t n;

	text += strspn(text, white);
	n = strlen(text);
	while (n > 0 && strchr(white, text[n - 1]))
		n--;
	if (n >= URL_MAX)
		return err_set(e, -EINVAL, "the URL is longer than %d bytes", URL_MAX - 1);
	memcpy(ret, text, n);
	ret[n] = '\0';
	return 0;
}

static int check_characters(const char *text, struct err *e)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char) *p <= 0x20 || *p == 0x7f || *p == '\\')
			return err_set(
				e, -EINVAL, "the URL has a blank, backslash or control character");
	if (strpbrk(text, "?#"))
		return err_set(e, -EINVAL, "%s", only_host);
	return 0;
}

static void make_authority(struct url *u)
{
	(void) snprintf(
		u->authority, sizeof(u->authority), strchr(u->host, ':') ? "[%s]" : "%s", u->host);
	if (u->port)
		(void) snprintf(u->authority + strlen(u->authority),
			sizeof(u->authority) - strlen(u->authority), ":%u", u->port);
}

int url_parse(const char *text, struct url *ret, struct err *e)
{
	struct url u = {.tls = false};
	char trimmed[URL_MAX] = "";
	const char *p = trimmed;
	int rc = trim(text, trimmed, e);

	if (rc < 0 || (rc = check_characters(trimmed, e)) < 0 || (rc = take_scheme(&p, &u, e)) < 0)
		return rc;
	if ((rc = take_user(&p, &u, e)) < 0 || (rc = take_host(&p, &u, e)) < 0 ||
		(rc = take_port(&p, &u, e)) < 0 || (rc = take_path(p, &u, e)) < 0)
		return rc;
	make_authority(&u);
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

static unsigned int port_of(const struct url *u)
{
	return u->port ? u->port : u->tls ? 443 : 80;
}

bool url_is_below(const struct url *u, const struct url *base)
{
	size_t n = strlen(base->path);

	return u->tls == base->tls && strcasecmp(u->host, base->host) == 0 &&
	       strcmp(u->zone, base->zone) == 0 && port_of(u) == port_of(base) &&
	       strncmp(u->path, base->path, n) == 0 && (u->path[n] == '\0' || u->path[n] == '/');
}

int url_format(const struct url *u, const char *more, char *ret, size_t cap_bytes)
{
	const char *scheme = u->tls ? "https" : "http";
	char port[16] = "";
	int n;

	if (!u->zone[0]) {
		n = snprintf(ret, cap_bytes, "%s://%s%s%s", scheme, u->authority, u->path, more);
		return n < 0 || (size_t) n >= cap_bytes ? -E2BIG : 0;
	}
	if (u->port)
		(void) snprintf(port, sizeof(port), ":%u", u->port);
	n = snprintf(ret, cap_bytes, "%s://[%s%%25%s]%s%s%s", scheme, u->host, u->zone, port,
		u->path, more);
	return n < 0 || (size_t) n >= cap_bytes ? -E2BIG : 0;
}
