/* SPDX-License-Identifier: MIT */
#include "base/alias.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NETNS_FOLDER "/run/netns/"

static bool is_host(const struct alias_target *t, const char *word)
{
	return strcmp(word, "host") == 0 && t->pid == 1 && t->prefix[0] == '\0' &&
	       strcmp(t->type, "proc") == 0;
}

/* Services that do not tell the names of namespaces list one without processes as
 * "/proc/PID/ns/mnt:/run/netns/NAME", or without what is before the colon. */
static bool is_place(const struct alias_target *t, const char *word)
{
	size_t name = strlen(t->name), last = strlen(word), folder = strlen(NETNS_FOLDER);

	if (strcmp(t->type, "bindmount") != 0 || last == 0 || strchr(word, '/') ||
		name < folder + last)
		return false;
	return strcmp(t->name + name - last, word) == 0 &&
	       memcmp(t->name + name - last - folder, NETNS_FOLDER, folder) == 0;
}

static bool is_netns(const struct alias_target *t, const char *word)
{
	return t->netns_name && t->netns_name[0] ? strcmp(t->netns_name, word) == 0
						 : is_place(t, word);
}

static bool is_pid(const struct alias_target *t, const char *word)
{
	unsigned long pid;

	if (!*word || word[strspn(word, "0123456789")] || t->pid == 0)
		return false;
	errno = 0;
	pid = strtoul(word, NULL, 10);
	return errno == 0 && pid == t->pid;
}

static bool is_id(const struct alias_target *t, const char *word)
{
	size_t n = strlen(word);

	return t->id && n >= ALIAS_ID_MIN && strspn(word, "0123456789abcdef") == n &&
	       strncmp(t->id, word, n) == 0;
}

bool alias_matches(enum alias_way way, const struct alias_target *t, const char *word)
{
	switch (way) {
	case ALIAS_HOST:
		return is_host(t, word);
	case ALIAS_NETNS:
		return is_netns(t, word);
	case ALIAS_PID:
		return is_pid(t, word);
	case ALIAS_ID:
		return is_id(t, word);
	case ALIAS_WAYS:
		break;
	}
	return false;
}
