/* SPDX-License-Identifier: MIT */
#include "service/admit/resolve.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "service/admit/short_name.h"

/* What only a newer catalog can know, or else does not exist. Clients that describe a container
 * know the words of the contract (F7); those that use the target parameter can do with others. */
static int missing(const struct request_target *t, enum catalog_age age, struct refusal *why)
{
	char quoted[UTF8_WORD_MAX];

	if (age != CATALOG_FRESH)
		return -EAGAIN;
	if (t->by_short_name)
		return refuse(why, -ENOENT, 404, CLOSE_POLICY,
			"there is no target \"%s\": /mobyshark lists those there are",
			utf8_word(t->name, quoted));
	return refuse(why, -ENOENT, 404, CLOSE_POLICY,
		"could not locate network namespace for container");
}

static void forget(struct request_target *t)
{
	t->netns_inode = 0;
	t->pid = 0;
	t->starttime_ticks = 0;
}

void resolve_forget(struct request *req)
{
	struct request_target *t = &req->target;

	if (t->pid != 0 || t->by_name)
		forget(t);
}

static const struct catalog_target *find_pid(const struct catalog *cat, uint32_t pid)
{
	for (uint32_t i = 0; i < cat->n_targets; i++) {
		if (cat->targets[i].pid == pid)
			return &cat->targets[i];
	}
	return NULL;
}

/* The listed target that @t names. The type does not matter: clients mix it up. */
static int find_name(const struct catalog *cat, enum catalog_age age,
	const struct request_target *t, const struct catalog_target **ret, struct refusal *why)
{
	if (t->by_short_name) {
		int rc = short_name_find(cat, t->name, ret, why);

		if (rc == -ENOTUNIQ && age != CATALOG_FRESH)
			return -EAGAIN;
		return rc == -ENOENT ? missing(t, age, why) : rc;
	}
	for (uint32_t i = 0; i < cat->n_targets; i++) {
		const struct catalog_target *c = &cat->targets[i];

		if (strcmp(c->name, t->name) == 0 && strcmp(c->prefix, t->prefix) == 0) {
			*ret = c;
			return 0;
		}
	}
	return missing(t, age, why);
}

/* Replace what @t says by what the catalog says in @c. */
static int update(struct request_target *t, const struct catalog_target *c)
{
	AUTO_FREE char *name = strdup(c->name), *type = strdup(c->type), *prefix = NULL;

	prefix = strdup(c->prefix);
	if (!name || !type || !prefix)
		return -ENOMEM;
	free(t->name);
	free(t->type);
	free(t->prefix);
	t->name = TAKE_PTR(name);
	t->type = TAKE_PTR(type);
	t->prefix = TAKE_PTR(prefix);
	t->netns_inode = c->netns_inode;
	t->pid = c->pid;
	t->starttime_ticks = c->starttime_ticks;
	t->by_short_name = false;
	t->by_name = true;
	return 0;
}

static int take_over(struct request *req, const struct catalog_target *c)
{
	int rc = update(&req->target, c);

	/* nif=any asked for what the target has, and that is now what the list says it has */
	if (rc == 0 && req->has_nif && req->nif == NIF_LISTED)
		request_take_all(req);
	return rc;
}

static int resolve_name(struct request *req, const struct catalog *cat, enum catalog_age age,
	struct ns_ref *ret_ref, struct refusal *why)
{
	const struct catalog_target *c = NULL;
	const struct catalog_netns *ns;
	int rc = find_name(cat, age, &req->target, &c, why);

	if (rc < 0)
		return rc;
	assert(c);
	ns = catalog_find_netns(cat, c->netns_inode);
	if (!ns)
		return missing(&req->target, age, why);
	if (take_over(req, c) < 0)
		return refuse_nomem(why);
	*ret_ref = ns->ref;
	return 0;
}

/* Forget a namespace whose process, as @cat knows it, is another one by now. Returns what @cat
 * knows of the process. */
static const struct catalog_target *check_process(
	struct request_target *t, const struct catalog *cat)
{
	const struct catalog_target *c = t->pid ? find_pid(cat, t->pid) : NULL;

	if (c && c->starttime_ticks != t->starttime_ticks)
		forget(t);
	return c;
}

bool resolve_needs_name(struct request *req, const struct catalog *cat)
{
	(void) check_process(&req->target, cat);
	return req->target.netns_inode == 0 && !req->target.by_short_name;
}

int resolve_adopt(struct request *req, const struct request_target *listed, struct refusal *why)
{
	const struct catalog_target c = {.name = listed->name,
		.type = listed->type,
		.prefix = listed->prefix,
		.netns_inode = listed->netns_inode,
		.pid = listed->pid,
		.starttime_ticks = listed->starttime_ticks};

	return take_over(req, &c) < 0 ? refuse_nomem(why) : 0;
}

int resolve_target(struct request *req, const struct catalog *cat, enum catalog_age age,
	struct ns_ref *ret_ref, struct refusal *why)
{
	struct request_target *t = &req->target;
	const struct catalog_target *c = check_process(t, cat);
	const struct catalog_netns *ns;

	if (!c && t->pid != 0 && t->netns_inode != 0) {
		*ret_ref = (struct ns_ref){.inode = t->netns_inode,
			.kind = NS_REF_PROC,
			.pid = t->pid,
			.starttime_ticks = t->starttime_ticks};
		return 0;
	}
	if (t->netns_inode == 0)
		return resolve_name(req, cat, age, ret_ref, why);
	ns = catalog_find_netns(cat, t->netns_inode);
	if (!ns)
		return missing(t, age, why);
	*ret_ref = ns->ref;
	return 0;
}

static bool well_formed(const char *name)
{
	return name[0] != '\0' && strlen(name) < CATALOG_ALTNAME_MAX;
}

/* Without a list of links, the reader looks for @name, which it knows as the name of a link only,
 * not as an alternative one. */
static bool exists(const struct catalog_netns *ns, const char *name)
{
	return ns ? catalog_find_link(ns, name) != NULL : strlen(name) < CONF_NAME_MAX;
}

/* What there is to capture from, for a refusal: "a, b, c" as far as there is room. */
static void list_links(const struct catalog_netns *ns, char *ret, size_t cap)
{
	size_t len = 0;

	ret[0] = '\0';
	for (uint32_t i = 0; i < ns->n_links; i++) {
		const char *name = ns->links[i].name;

		if (len + strlen(name) + 2 + sizeof(", ...") > cap) {
			(void) snprintf(ret + len, cap - len, ", ...");
			return;
		}
		len += (size_t) snprintf(ret + len, cap - len, "%s%s", len ? ", " : "", name);
	}
}

static int refuse_name(const struct request *req, const struct catalog_netns *ns, const char *name,
	struct refusal *why)
{
	char quoted[UTF8_WORD_MAX], target[UTF8_WORD_MAX], links[256] = "";
	const char *there = "";
	bool named = req->target.name[0] != '\0';

	if (ns) {
		list_links(ns, links, sizeof(links));
		there = links[0] ? "; there is " : "; there is none";
	}
	if (name[0] == '\0')
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid nif: empty interface name%s%s", there, links);
	if (!well_formed(name))
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid nif: no interface name is as long as \"%s\"%s%s",
			utf8_word(name, quoted), there, links);
	return refuse(why, -ENODEV, 404, CLOSE_POLICY, "no interface \"%s\" in %s%s%s%s%s",
		utf8_word(name, quoted), named ? "\"" : "this network namespace",
		named ? utf8_word(req->target.name, target) : "", named ? "\"" : "", there, links);
}

/* Leave out those names that do not exist. Returns false, with nothing done, if that is all. */
static bool leave_out_missing(struct request *req, const struct catalog_netns *ns)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < req->n_names; i++) {
		char *name = req->names[i];

		if (!exists(ns, name))
			continue;
		req->names[i] = req->names[kept];
		req->names[kept++] = name;
	}
	if (kept == 0)
		return false;
	req->n_left_out = req->n_names - kept;
	req->n_names = kept;
	return true;
}

int resolve_interfaces(struct request *req, const struct catalog_netns *ns, enum catalog_age age,
	struct refusal *why)
{
	/* what an earlier namespace lacked, this one may have */
	req->n_names += req->n_left_out;
	req->n_left_out = 0;
	for (uint32_t i = 0; i < req->n_names; i++) {
		const char *name = req->names[i];

		if (well_formed(name) && exists(ns, name))
			continue;
		if (well_formed(name) && age != CATALOG_FRESH)
			return -EAGAIN;
		if (ns && req->nif == NIF_LISTED && leave_out_missing(req, ns))
			return 0;
		return refuse_name(req, ns, name, why);
	}
	return 0;
}
