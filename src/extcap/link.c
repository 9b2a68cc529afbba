/* SPDX-License-Identifier: MIT */
#include "extcap/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/own.h"
#include "extcap/escape.h"

void link_done(struct link *l)
{
	free(l->service_url);
	free(l->container);
	free(l->nif);
	free(l->filter);
	free(l->token);
	*l = (struct link){NULL};
}

int link_target_text(const char *s, char **ret)
{
	AUTO_FREE char *text = strdup(s);

	for (int i = 0; text && text[strspn(text, " ")] != '{' && i < 2; i++) {
		char *plain = NULL;
		int rc = escape_undo(text, strlen(text), &plain);

		if (rc < 0)
			return rc;
		free(text);
		text = plain;
	}
	if (!text)
		return -ENOMEM;
	*ret = TAKE_PTR(text);
	return 0;
}

int link_join_filters(const char *a, const char *b, char **ret)
{
	if (!*a || !*b || strcmp(a, b) == 0) {
		*ret = strdup(*a ? a : b);
		return *ret ? 0 : -ENOMEM;
	}
	return asprintf(ret, "(%s) and (%s)", a, b) < 0 ? -ENOMEM : 0;
}

/* Behind the scheme; *@ret_tls tells which. NULL for what is no link. */
static const char *skip_scheme(const char *s, bool *ret_tls)
{
	if (strncasecmp(s, "packetflix:", 11) == 0)
		s += 11;
	*ret_tls = strncasecmp(s, "ws:", 3) != 0;
	if (!*ret_tls)
		s += 3;
	else if (strncasecmp(s, "wss:", 4) == 0)
		s += 4;
	return strncmp(s, "//", 2) == 0 ? s + 2 : NULL;
}

static int set_service_url(struct link *l, const char *place, size_t len, bool tls)
{
	static const char end[] = "/capture";
	size_t n = sizeof(end) - 1;

	if (len >= n && memcmp(place + len - n, end, n) == 0)
		len -= n;
	if (asprintf(&l->service_url, "%s://%.*s", tls ? "https" : "http", (int) len, place) >= 0)
		return 0;
	l->service_url = NULL;
	return -ENOMEM;
}

/* Take the parameter of @len bytes at @s, unless there was one of its name. */
static int take_parameter(struct link *l, const char *s, size_t len)
{
	const char *equals = memchr(s, '=', len);
	size_t n = equals ? (size_t) (equals - s) : len;
	const struct {
		const char *name;
		char **field;
	} known[] = {{"container", &l->container}, {"nif", &l->nif}, {"filter", &l->filter},
		{"token", &l->token}};

	if (n == 6 && memcmp(s, "chaste", n) == 0)
		l->chaste = true;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i].name) != n || memcmp(known[i].name, s, n) != 0)
			continue;
		if (*known[i].field)
			return 0;
		return escape_undo(
			s + n + (equals ? 1 : 0), len - n - (equals ? 1 : 0), known[i].field);
	}
	return 0;
}

static int take_query(struct link *l, const char *s, size_t len)
{
	char **const fields[] = {&l->container, &l->nif, &l->filter, &l->token};
	AUTO_FREE char *escaped = NULL;
	const char *end = s + len;

	while (s < end) {
		const char *next = memchr(s, '&', (size_t) (end - s));
		int rc;

		next = next ? next : end;
		rc = take_parameter(l, s, (size_t) (next - s));
		if (rc < 0)
			return rc;
		s = next + 1;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!*fields[i] && !(*fields[i] = strdup("")))
			return -ENOMEM;
	}
	escaped = TAKE_PTR(l->container);
	return link_target_text(escaped, &l->container);
}

int link_parse(const char *text, struct link *ret, struct err *e)
{
	AUTO_LINK struct link l = {NULL};
	static const char white[] = " \t\r\n";
	bool tls;
	const char *place = skip_scheme(text + strspn(text, white), &tls), *query, *end;
	int rc;

	if (strlen(text) > LINK_BYTES_MAX)
		return err_set(
			e, -EINVAL, "the capture URL is longer than %d bytes", LINK_BYTES_MAX);
	if (!place)
		return err_set(e, -EINVAL,
			"the capture URL is not of the form packetflix:ws://HOST:PORT/capture?...");
	end = place + strcspn(place, "#");
	while (end > place && strchr(white, end[-1])) /* of a pasted link */
		end--;
	query = memchr(place, '?', (size_t) (end - place));
	query = query ? query : end;
	rc = set_service_url(&l, place, (size_t) (query - place), tls);
	if (rc == 0)
		rc = take_query(&l, query + (query < end), (size_t) (end - query - (query < end)));
	if (rc == -EINVAL)
		return err_set(e, rc, "the capture URL has a NUL character");
	if (rc < 0)
		return err_set(e, rc, "out of memory");
	*ret = l;
	l = (struct link){NULL};
	return 0;
}
