/* SPDX-License-Identifier: MIT */
#include "discover/engine/docker_version.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/utf8.h"

/* Two or three numbers with dots in between: versions become part of URLs. */
static bool is_version(const char *s, int n_numbers)
{
	if (!s || strlen(s) >= sizeof(((struct docker_version *) NULL)->api))
		return false;
	for (int i = 0; i < n_numbers; i++) {
		size_t digits = strspn(s, "0123456789");

		s += digits;
		if (digits == 0 || *s != (i + 1 < n_numbers ? '.' : '\0'))
			return false;
		s++;
	}
	return true;
}

/* What stands between the first slash and the blank behind it. */
static void put_version(const char *server, char ret[DOCKER_TEXT_MAX])
{
	char text[DOCKER_TEXT_MAX];
	size_t n;

	ret[0] = '\0';
	server = server ? strchr(server, '/') : NULL;
	if (!server)
		return;
	n = strcspn(server + 1, " ");
	if (n >= sizeof(text))
		n = sizeof(text) - 1;
	memcpy(text, server + 1, n);
	text[n] = '\0';
	utf8_sanitize(text, ret, DOCKER_TEXT_MAX);
}

int docker_version_read(
	const char *server, const char *api, const char *libpod, struct docker_version *ret)
{
	if (!is_version(api, 2))
		return -EBADMSG;
	*ret = (struct docker_version){0};
	memcpy(ret->api, api, strlen(api) + 1);
	if (is_version(libpod, 3))
		memcpy(ret->libpod, libpod, strlen(libpod) + 1);
	put_version(server, ret->version);
	return 0;
}
