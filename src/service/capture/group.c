/* SPDX-License-Identifier: MIT */
#include "service/capture/group.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "service/capture/shb.h"
#include "service/hub/capture.h"
#include "service/merge/merge.h"

#define MS_NS       1000000
#define LABEL_MAX   256 /* bytes of a label, NUL included */
#define COMMENT_MAX 256
#define NAMES_SHOWN 1024 /* bytes of the names in the section header */

/* A target of the stream. */
struct member {
	struct group *group;
	struct member *next;
	struct session *session;     /* owned */
	struct merge_source *source; /* NULL until it has something to send */
	char label[LABEL_MAX];       /* unique in the group, "" until it has something to send */
	char left[COMMENT_MAX];      /* comment of its final statistics */
	bool is_ready;               /* it has something to send */
};

struct group {
	const struct session_env *env;
	const struct viewer_ops *ops;
	void *ctx;
	struct member *members; /* owned, in the order of the request */
	struct merge *merge;    /* owned, NULL until the stream begins */
	struct merge_limits limits;
	uint64_t n_late; /* packets that were counted as late */
	bool has_ended;
	bool is_leaving; /* @why is set */
	struct refusal why;
};

static void wake(void *ctx)
{
	struct member *m = ctx;

	if (m->source)
		merge_ready(m->source);
	m->group->ops->wake(m->group->ctx);
}

static void stuck(void *ctx)
{
	struct member *m = ctx;

	m->group->ops->stuck(m->group->ctx);
}

static const struct viewer_ops member_ops = {.wake = wake, .stuck = stuck};

static void free_member(struct member *m)
{
	session_free(m->session);
	free(m);
}

/* Take @m out of the group and free it. */
static void remove_member(struct member *m)
{
	struct member **at = &m->group->members;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	free_member(m);
}

static int add_member(struct group *g, const struct request_words *words, uint32_t send_bytes)
{
	struct member *m = calloc(1, sizeof(*m)), **at = &g->members;

	if (!m)
		return -ENOMEM;
	m->group = g;
	while (*at)
		at = &(*at)->next;
	*at = m;
	m->session = session_new(g->env, words, send_bytes, &member_ops, m);
	return m->session ? 0 : -ENOMEM;
}

struct group *group_new(const struct session_env *env, const struct plan *plan, uint32_t send_bytes,
	const struct viewer_ops *ops, void *ctx)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->env = env;
	g->ops = ops;
	g->ctx = ctx;
	g->limits = (struct merge_limits){plan->limits.packets, plan->limits.bytes};
	for (size_t i = 0; i < plan->n; i++) {
		/* the socket counts once; each member has a copy of a chunk */
		if (add_member(g, &plan->each[i],
			    i == 0 ? send_bytes + CHUNK_PAYLOAD_BYTES : CHUNK_PAYLOAD_BYTES) < 0) {
			group_free(g);
			return NULL;
		}
	}
	return g;
}

void group_free(struct group *g)
{
	if (!g)
		return;
	merge_free(g->merge);
	while (g->members) {
		struct member *m = g->members;

		g->members = m->next;
		free_member(m);
	}
	free(g);
}

/* --- labels --- */

static bool is_taken(const struct group *g, const char *label)
{
	for (const struct member *m = g->members; m; m = m->next) {
		if (strcmp(m->label, label) == 0)
			return true;
	}
	return false;
}

/* The name of @t for people: of a namespace that a file keeps, the name of the file. */
static const char *short_name(const struct request_target *t)
{
	const char *slash = strcmp(t->type, "bindmount") == 0 ? strrchr(t->name, '/') : NULL;

	return slash && slash[1] ? slash + 1 : t->name;
}

/* The shortest of NAME, PREFIX:NAME, PREFIX:NAME(TYPE) that no other member has, or one with a
 * number. */
static void make_label(struct member *m)
{
	const struct request_target *t = &session_request(m->session)->target;
	char label[LABEL_MAX];

	if (t->name[0] == '\0')
		(void) snprintf(label, sizeof(label), "netns %" PRIu64, t->netns_inode);
	else
		(void) snprintf(label, sizeof(label), "%.*s", LABEL_MAX - 48, short_name(t));
	if (is_taken(m->group, label) && t->prefix[0])
		(void) snprintf(label, sizeof(label), "%.60s:%.140s", t->prefix, t->name);
	if (is_taken(m->group, label))
		(void) snprintf(label, sizeof(label), "%.60s%s%.120s (%.30s)", t->prefix,
			t->prefix[0] ? ":" : "", t->name, t->type);
	for (unsigned int n = 2; is_taken(m->group, label); n++)
		(void) snprintf(label, sizeof(label), "%.200s #%u", t->name, n);
	memcpy(m->label, label, sizeof(label));
}

/* "docker container, netns 4026532" */
static void describe(const struct member *m, char *ret, size_t cap)
{
	const struct request_target *t = &session_request(m->session)->target;

	(void) snprintf(ret, cap, "%.60s%s%.120s%s%.100s", t->type, t->prefix[0] ? " in " : "",
		t->prefix, t->node_name[0] ? " on " : "", t->node_name);
}

void group_labels(const struct group *g, const char *separator, struct text *ret)
{
	const char *between = "";

	for (const struct member *m = g->members; m; m = m->next) {
		const char *name =
			m->label[0] ? m->label : session_request(m->session)->target.name;

		if (!name)
			continue;
		text_put(ret, between);
		text_put(ret, name);
		between = separator;
	}
}

/* --- the merge stage's view of a member --- */

static int source_next(void *ctx, struct merge_piece *ret)
{
	struct member *m = ctx;
	struct iovec piece;
	int n = session_next(m->session, &piece, 1);
	const char *words = n > 0 ? session_final_words(m->session) : NULL;

	if (n <= 0)
		return n;
	*ret = (struct merge_piece){.bytes = piece.iov_base, .len_bytes = piece.iov_len};
	if (words) {
		(void) snprintf(m->left, sizeof(m->left), "left: %s", words);
		ret->comment = m->left;
	}
	return 1;
}

static void source_sent(void *ctx)
{
	struct member *m = ctx;

	session_sent(m->session, 1);
}

static void source_ended(void *ctx, int status)
{
	struct member *m = ctx;
	struct group *g = m->group;

	if (!g->is_leaving && status == 0)
		g->why = *session_why(m->session);
	if (!g->is_leaving && status < 0)
		(void) refuse(&g->why, status, 500, CLOSE_INTERNAL, "capture process failed");
	log_info("target leaves a stream label=\"%s\"", m->label);
	remove_member(m);
}

static const struct merge_source_ops source_ops = {source_next, source_sent, source_ended};

/* --- the beginning --- */

/* Give the label of @m to the member before it that watches the same capture. Returns false if
 * there is none. */
static bool joins_other(struct member *m)
{
	const struct capture *c = session_capture(m->session);
	size_t len;

	for (struct member *o = m->group->members; o != m; o = o->next) {
		if (session_capture(o->session) != c)
			continue;
		make_label(m);
		len = strlen(o->label);
		(void) snprintf(o->label + len, sizeof(o->label) - len, ",%s", m->label);
		return true;
	}
	return false;
}

/* Members of one capture become one, with the names of all. */
static void join_same(struct group *g)
{
	struct member *next;

	for (struct member *m = g->members; m; m = next) {
		next = m->next;
		if (joins_other(m))
			remove_member(m);
		else
			make_label(m);
	}
}

static int64_t window_ns(const struct group *g)
{
	int64_t longest_ms = 0;

	for (const struct member *m = g->members; m; m = m->next) {
		const struct capture *c = session_capture(m->session);

		if (c && c->latency_ms > longest_ms)
			longest_ms = c->latency_ms;
	}
	return 2 * longest_ms * MS_NS;
}

/* The section header: the request of the first member, with the names of all. */
static int make_shb(const struct group *g, uint8_t **ret, size_t *ret_len_bytes)
{
	struct request r = *session_request(g->members->session);
	AUTO_TEXT struct text names = {0};
	char shown[NAMES_SHOWN];
	ssize_t n;

	group_labels(g, ", ", &names);
	if (names.failed)
		return -ENOMEM;
	(void) snprintf(shown, sizeof(shown), "%.*s", (int) names.len_bytes, names.p);
	r.target.name = shown;
	if (g->members->next)
		r.target.type = (char *) "group";
	n = shb_build(&r, &g->env->machine, ret);
	*ret_len_bytes = n < 0 ? 0 : (size_t) n;
	return n < 0 ? -ENOMEM : 0;
}

static int add_source(struct member *m)
{
	char prefix[LABEL_MAX + 2], description[LABEL_MAX + 64];
	struct merge_label label = {.prefix = prefix, .description = description};

	(void) snprintf(prefix, sizeof(prefix), "%s:", m->label);
	describe(m, description, sizeof(description));
	/* a single target keeps plain names */
	if (!m->group->members->next)
		label = (struct merge_label){0};
	return merge_add(m->group->merge, &source_ops, m, &label, &m->source);
}

static int begin(struct group *g)
{
	uint8_t *shb;
	size_t len_bytes;
	int rc;

	join_same(g);
	rc = make_shb(g, &shb, &len_bytes);
	if (rc < 0)
		return rc;
	g->merge = merge_new(shb, len_bytes, window_ns(g), &g->limits);
	if (!g->merge)
		return -ENOMEM;
	for (struct member *m = g->members; m && rc == 0; m = m->next)
		rc = add_source(m);
	merge_seal(g->merge);
	return rc;
}

/* Has every member something to send? Returns 1, 0, or -1 when one of them was refused. */
static int look(struct group *g)
{
	int all = 1;

	for (struct member *m = g->members; m; m = m->next) {
		struct iovec piece;
		int n = m->is_ready ? 1 : session_next(m->session, &piece, 1);

		m->is_ready = n > 0;
		if (n < 0) {
			g->why = *session_why(m->session);
			return -1;
		}
		if (n == 0)
			all = 0;
	}
	return all;
}

/* --- the stream --- */

static void leave_all(struct group *g)
{
	for (struct member *m = g->members; m; m = m->next) {
		session_leave(m->session, g->why.text);
		if (m->source)
			merge_ready(m->source);
	}
}

static void leave(struct group *g, const char *why)
{
	if (g->is_leaving || g->has_ended)
		return;
	g->is_leaving = true;
	(void) refuse(&g->why, 0, 200, CLOSE_NORMAL, "%s", why);
	leave_all(g);
}

void group_leave(struct group *g, const char *why)
{
	if (g->merge)
		merge_drain(g->merge);
	leave(g, why);
}

/* Returns -1. */
static int end(struct group *g)
{
	g->has_ended = true;
	return -1;
}

static void leave_at_limit(struct group *g)
{
	const struct merge_counters *n = merge_counters(g->merge);
	char why[128];

	(void) snprintf(why, sizeof(why),
		"the limit of the request is reached: %" PRIu64 " packets, %" PRIu64 " bytes",
		n->packets, n->bytes);
	leave(g, why);
}

static int next_merged(struct group *g, struct iovec *ret, int64_t *ret_due_ns)
{
	int rc = merge_next(g->merge, clock_mono_ns(), ret, ret_due_ns);

	if (rc == 0 && merge_is_cut(g->merge) && !g->is_leaving) {
		leave_at_limit(g);
		rc = merge_next(g->merge, clock_mono_ns(), ret, ret_due_ns);
	}
	if (rc == -ENOMEM)
		(void) refuse_nomem(&g->why);
	return rc < 0 ? end(g) : rc;
}

int group_next(struct group *g, struct iovec *ret, int64_t *ret_due_ns)
{
	int rc;

	*ret_due_ns = INT64_MAX;
	if (g->has_ended)
		return -1;
	if (!g->merge) {
		rc = g->is_leaving ? -1 : look(g);
		if (rc == 0)
			return 0;
		if (rc < 0)
			return end(g);
		if (begin(g) < 0) {
			(void) refuse_nomem(&g->why);
			return end(g);
		}
	}
	return next_merged(g, ret, ret_due_ns);
}

void group_sent(struct group *g)
{
	uint64_t late = merge_counters(g->merge)->late;

	if (g->env->n_late)
		*g->env->n_late += late - g->n_late;
	g->n_late = late;
	merge_sent(g->merge);
}

const struct refusal *group_why(const struct group *g)
{
	return &g->why;
}
