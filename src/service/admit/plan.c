/* SPDX-License-Identifier: MIT */
#include "service/admit/plan.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"
#include "service/admit/decimal.h"

void plan_done(struct plan *p)
{
	for (size_t i = 0; p->texts && i < p->n; i++)
		free(p->texts[i]);
	free(p->texts);
	free(p->each);
	memset(p, 0, sizeof(*p));
}

static int decode_limit(const struct request_word *word, const char *name, uint64_t max,
	uint64_t *ret, struct refusal *why)
{
	const char *s = request_word_text(word);
	char quoted[UTF8_WORD_MAX];

	if (!s)
		return 0;
	if (decimal_parse(s, max, ret) < 0 || *ret == 0)
		return refuse(why, -EINVAL, 400, CLOSE_POLICY,
			"invalid %s \"%s\": a decimal number from 1 to %llu", name,
			utf8_word(s, quoted), (unsigned long long) max);
	return 0;
}

static int decode_limits(
	const struct request_words *w, struct plan_limits *ret, struct refusal *why)
{
	int rc = decode_limit(&w->duration, "duration", PLAN_DURATION_MAX, &ret->duration_s, why);

	if (rc == 0)
		rc = decode_limit(&w->max_packets, "max-packets", INT64_MAX, &ret->packets, why);
	if (rc == 0)
		rc = decode_limit(&w->max_bytes, "max-bytes", INT64_MAX, &ret->bytes, why);
	return rc;
}

static int refuse_too_many(size_t n, size_t max, struct refusal *why)
{
	return refuse(why, -E2BIG, 400, CLOSE_POLICY,
		"%zu targets are more than the %zu of one stream; raise --max-targets for more", n,
		max);
}

/* Make room for @n requests, each like @w. */
static int allocate(const struct request_words *w, size_t n, struct plan *p, struct refusal *why)
{
	p->each = calloc(n, sizeof(*p->each));
	if (!p->each)
		return refuse_nomem(why);
	p->n = n;
	for (size_t i = 0; i < n; i++)
		p->each[i] = *w;
	return 0;
}

static int plan_names(const struct request_words *w, struct plan *p, struct refusal *why)
{
	int rc = allocate(w, w->n_targets, p, why);

	for (size_t i = 0; rc == 0 && i < p->n; i++)
		p->each[i].target = (struct request_word){.query = w->targets[i]};
	return rc;
}

/* Each element of @list becomes a description of its own. */
static int plan_list(
	const struct request_words *w, const json_t *list, struct plan *p, struct refusal *why)
{
	int rc = allocate(w, json_array_size(list), p, why);

	if (rc < 0)
		return rc;
	p->texts = calloc(p->n, sizeof(*p->texts));
	if (!p->texts)
		return refuse_nomem(why);
	for (size_t i = 0; i < p->n; i++) {
		p->texts[i] = json_dumps(json_array_get(list, i), JSON_COMPACT | JSON_ENCODE_ANY);
		if (!p->texts[i])
			return refuse_nomem(why);
		p->each[i].container = (struct request_word){.query = p->texts[i]};
	}
	return 0;
}

/* A container argument that begins like an array of descriptions. One that is none, or is empty, is
 * refused where a single target is decoded. */
static int plan_array(const struct request_words *w, const char *text, size_t max_targets,
	struct plan *p, struct refusal *why)
{
	json_error_t error;
	json_t *list =
		strlen(text) > REQUEST_JSON_MAX ? NULL : json_loads(text, JSON_ALLOW_NUL, &error);
	int rc;

	if (json_array_size(list) == 0) { /* malformed JSON included */
		json_decref(list);
		return allocate(w, 1, p, why);
	}
	if (json_array_size(list) > max_targets)
		rc = refuse_too_many(json_array_size(list), max_targets, why);
	else
		rc = plan_list(w, list, p, why);
	json_decref(list);
	return rc;
}

static bool is_array(const char *text)
{
	return text && text[strspn(text, " \t\r\n")] == '[';
}

static int plan_targets(
	const struct request_words *w, size_t max_targets, struct plan *p, struct refusal *why)
{
	const char *container = request_word_text(&w->container);
	/* the rest is refused where a single target would be */
	bool has_other = container || request_word_text(&w->netns);

	if (is_array(container) && !request_word_text(&w->netns) && w->n_targets == 0)
		return plan_array(w, container, max_targets, p, why);
	if (w->n_targets > max_targets)
		return refuse_too_many(w->n_targets, max_targets, why);
	if (w->n_targets > 1 && !has_other)
		return plan_names(w, p, why);
	return allocate(w, 1, p, why);
}

int plan_make(
	const struct request_words *w, size_t max_targets, struct plan *ret, struct refusal *why)
{
	struct plan p = {0};
	int rc = decode_limits(w, &p.limits, why);

	if (rc == 0)
		rc = plan_targets(w, max_targets, &p, why);
	if (rc < 0) {
		plan_done(&p);
		return rc;
	}
	*ret = p;
	return 0;
}
