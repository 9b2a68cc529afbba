/* SPDX-License-Identifier: MIT */
#include "service/admit/short_name.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/alias.h"
#include "base/utf8.h"

typedef bool (*match_fn)(
	const struct catalog *cat, const struct catalog_target *t, const char *name);

static bool match_bare(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	(void) cat;
	return t->prefix[0] == '\0' && strcmp(t->name, name) == 0;
}

static bool match_any_prefix(
	const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	(void) cat;
	return strcmp(t->name, name) == 0;
}

static bool match_split(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	(void) cat;
	size_t n = strlen(t->prefix);

	return n > 0 && strncmp(name, t->prefix, n) == 0 && name[n] == ':' &&
	       strcmp(name + n + 1, t->name) == 0;
}

static bool match_alias(const struct catalog *cat, const struct catalog_target *t, const char *name,
	enum alias_way way)
{
	const struct catalog_netns *ns = catalog_find_netns(cat, t->netns_inode);
	const struct alias_target target = {.name = t->name,
		.type = t->type,
		.prefix = t->prefix,
		.id = t->id,
		.netns_name = ns ? ns->name : "",
		.pid = t->pid};

	return alias_matches(way, &target, name);
}

static bool match_host(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	return match_alias(cat, t, name, ALIAS_HOST);
}

static bool match_netns(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	return match_alias(cat, t, name, ALIAS_NETNS);
}

static bool match_pid(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	return match_alias(cat, t, name, ALIAS_PID);
}

static bool match_id(const struct catalog *cat, const struct catalog_target *t, const char *name)
{
	return match_alias(cat, t, name, ALIAS_ID);
}

static int refuse_ambiguous(
	const struct catalog *cat, const char *name, match_fn match, struct refusal *why)
{
	char list[300] = "", quoted[UTF8_WORD_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *t = &cat->targets[i];
		char one[256];
		int n;

		if (!match(cat, t, name))
			continue;
		n = snprintf(one, sizeof(one), "%s%s%s%s (%s, netns %llu)", len ? ", " : "",
			t->prefix, t->prefix[0] ? ":" : "", t->name, t->type,
			(unsigned long long) t->netns_inode);
		if (n < 0 || (size_t) n >= sizeof(one) || len + (size_t) n >= sizeof(list) - 5) {
			memcpy(list + len, ", ...", 6);
			break;
		}
		memcpy(list + len, one, (size_t) n + 1);
		len += (size_t) n;
	}
	return refuse(why, -ENOTUNIQ, 409, CLOSE_POLICY, "target \"%s\" is ambiguous: %s",
		utf8_word(name, quoted), list);
}

int short_name_find(const struct catalog *cat, const char *name, const struct catalog_target **ret,
	struct refusal *why)
{
	static const match_fn ways[] = {match_bare, match_any_prefix, match_split, match_host,
		match_netns, match_pid, match_id};

	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		const struct catalog_target *found = NULL;

		for (uint32_t i = 0; i < cat->n_targets; i++) {
			const struct catalog_target *t = &cat->targets[i];

			if (!ways[w](cat, t, name))
				continue;
			if (found && found->netns_inode != t->netns_inode)
				return refuse_ambiguous(cat, name, ways[w], why);
			if (!found)
				found = t;
		}
		if (found) {
			*ret = found;
			return 0;
		}
	}
	return -ENOENT;
}
