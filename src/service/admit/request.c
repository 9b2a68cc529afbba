/* SPDX-License-Identifier: MIT */
#include "service/admit/request.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "service/admit/decimal.h"
#include "service/admit/target_json.h"

static void names_free(char **names, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

int request_target_init(struct request_target *t)
{
	memset(t, 0, sizeof(*t));
	t->name = strdup("");
	t->type = strdup("");
	t->prefix = strdup("");
	t->node_name = strdup("");
	t->cluster_uid = strdup("");
	return t->name && t->type && t->prefix && t->node_name && t->cluster_uid ? 0 : -ENOMEM;
}

void request_target_done(struct request_target *t)
{
	free(t->name);
	free(t->type);
	free(t->prefix);
	free(t->node_name);
	free(t->cluster_uid);
	names_free(t->names, t->n_names);
	memset(t, 0, sizeof(*t));
}

void request_done(struct request *r)
{
	request_target_done(&r->target);
	names_free(r->names, r->n_names + r->n_left_out);
	free(r->filter);
	memset(r, 0, sizeof(*r));
}

void request_take_all(struct request *r)
{
	names_free(r->names, r->n_names + r->n_left_out);
	r->names = NULL;
	r->n_names = r->n_left_out = 0;
	r->nif = NIF_ALL;
	r->all = true;
}

static int decode_netns(const char *s, struct request_target *ret, struct refusal *why)
{
	uint64_t inode = 0;
	char quoted[UTF8_WORD_MAX];

	/* The original's number parser takes a plus sign. */
	if (decimal_parse(*s == '+' ? s + 1 : s, INT64_MAX, &inode) < 0 || inode == 0)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY, "invalid netns \"%s\"",
			utf8_word(s, quoted));
	if (request_target_init(ret) < 0)
		return refuse_nomem(why);
	ret->netns_inode = inode;
	return 0;
}

static int decode_short_name(const char *s, struct request_target *ret, struct refusal *why)
{
	if (*s == '\0' || strlen(s) >= 2 * REQUEST_NAME_MAX)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY, "invalid target: %s",
			*s ? "name too long" : "empty name");
	if (request_target_init(ret) < 0)
		return refuse_nomem(why);
	free(ret->name);
	ret->name = strdup(s);
	ret->by_short_name = true;
	return ret->name ? 0 : refuse_nomem(why);
}

/* @ret may be half filled on failure. */
static int decode_target(
	const struct request_words *w, struct request_target *ret, struct refusal *why)
{
	const char *container = request_word_text(&w->container),
		   *netns = request_word_text(&w->netns);
	const char *target = request_word_text(&w->target);

	if (container && netns)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"container and netns query parameters are mutually exclusive");
	if (target && (container || netns))
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"target and %s query parameters are mutually exclusive",
			container ? "container" : "netns");
	if (container)
		return target_json_decode(container, ret, why);
	if (netns)
		return decode_netns(netns, ret, why);
	if (target)
		return decode_short_name(target, ret, why);
	return refuse(why, -EINVAL, 400, CLOSE_POLICY,
		"either container or netns query parameter required");
}

/* Add the @len bytes at @s to the names, unless they are there already. */
static int add_name(struct request *r, const char *s, size_t len, struct refusal *why)
{
	char *name;

	for (uint32_t i = 0; i < r->n_names; i++) {
		assert(r->names[i]);
		if (strlen(r->names[i]) == len && memcmp(r->names[i], s, len) == 0)
			return 0;
	}
	if (r->n_names == CONF_NAMES_MAX)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"more than %d network interfaces; leave nif out to capture from all",
			CONF_NAMES_MAX);
	name = strndup(s, len);
	if (!name)
		return refuse_nomem(why);
	r->names[r->n_names++] = name;
	return 0;
}

static bool means_all(const char *s)
{
	return strcmp(s, "any") == 0 || strcmp(s, "all") == 0;
}

/* Take the interfaces of the target description, if it has some. */
static int take_listed(struct request *r, struct refusal *why)
{
	const struct request_target *t = &r->target;
	int rc = 0;

	if (t->n_names == 0 || t->names[0][0] == '\0' ||
		(t->n_names == 1 && means_all(t->names[0])))
		return 0;
	for (uint32_t i = 0; i < t->n_names && rc == 0; i++)
		rc = add_name(r, t->names[i], strlen(t->names[i]), why);
	r->nif = NIF_LISTED;
	return rc;
}

static int take_chosen(struct request *r, const char *nif, struct refusal *why)
{
	int rc = 0;

	if (*nif == '\0' || *nif == '/')
		return 0;
	for (const char *p = nif; rc == 0; p++) {
		size_t len = strcspn(p, "/");

		rc = add_name(r, p, len, why);
		p += len;
		if (*p == '\0')
			break;
	}
	r->nif = NIF_CHOSEN;
	return rc;
}

static int decode_nif(struct request *r, const char *nif, struct refusal *why)
{
	int rc;

	r->names = calloc(CONF_NAMES_MAX, sizeof(*r->names));
	if (!r->names)
		return refuse_nomem(why);
	r->has_nif = nif != NULL;
	rc = nif && !means_all(nif) ? take_chosen(r, nif, why) : take_listed(r, why);
	if (rc == 0 && r->nif == NIF_ALL)
		request_take_all(r);
	return rc;
}

static int decode_snaplen(struct request *r, const char *s, struct refusal *why)
{
	uint64_t v = 0;
	char quoted[UTF8_WORD_MAX];

	if (s && decimal_parse(s, UINT32_MAX, &v) < 0)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY, "invalid snaplen \"%s\"",
			utf8_word(s, quoted));
	r->snaplen = v == 0 || v > CONF_SNAPLEN_MAX ? CONF_SNAPLEN_MAX : (uint32_t) v;
	return 0;
}

static int decode_follow(struct request *r, const char *s, struct refusal *why)
{
	uint64_t v = REQUEST_FOLLOW_SECONDS;
	char quoted[UTF8_WORD_MAX];

	if (s && strcmp(s, "off") == 0)
		v = 0;
	else if (s && strcmp(s, "on") != 0 && s[0] != '\0' &&
		 decimal_parse(s, REQUEST_FOLLOW_SECONDS_MAX, &v) < 0)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid follow \"%s\": off, on, or seconds up to %d", utf8_word(s, quoted),
			REQUEST_FOLLOW_SECONDS_MAX);
	r->follow_seconds = (uint32_t) v;
	return 0;
}

static int decode_names(struct request *r, const char *s, struct refusal *why)
{
	char quoted[UTF8_WORD_MAX];

	r->wants_names = !s || strcmp(s, "off") != 0;
	if (s && r->wants_names && strcmp(s, "on") != 0 && s[0] != '\0')
		return refuse(why, -EINVAL, 400, CLOSE_POLICY, "invalid names \"%s\": on or off",
			utf8_word(s, quoted));
	return 0;
}

static int decode_statistics(struct request *r, const char *s, struct refusal *why)
{
	char quoted[UTF8_WORD_MAX];

	r->wants_live_statistics = s && strcmp(s, "live") == 0;
	if (s && !r->wants_live_statistics && strcmp(s, "end") != 0 && s[0] != '\0')
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid statistics \"%s\": end or live", utf8_word(s, quoted));
	return 0;
}

int request_decode(const struct request_words *w, struct request *ret, struct refusal *why)
{
	const char *filter = request_word_text(&w->filter);
	struct request r;
	int rc;

	memset(&r, 0, sizeof(r));
	rc = decode_target(w, &r.target, why);
	if (rc == 0)
		rc = decode_nif(&r, request_word_text(&w->nif), why);
	if (rc == 0)
		rc = decode_snaplen(&r, request_word_text(&w->snaplen), why);
	if (rc == 0)
		rc = decode_follow(&r, request_word_text(&w->follow), why);
	if (rc == 0)
		rc = decode_names(&r, request_word_text(&w->names), why);
	if (rc == 0)
		rc = decode_statistics(&r, request_word_text(&w->statistics), why);
	r.chaste = request_word_text(&w->chaste) != NULL;
	r.filter = strdup(filter ? filter : "");
	if (rc == 0 && !r.filter)
		rc = refuse_nomem(why);
	if (rc < 0) {
		request_done(&r);
		return rc;
	}
	*ret = r;
	return 0;
}
