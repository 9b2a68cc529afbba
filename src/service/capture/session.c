/* SPDX-License-Identifier: MIT */
#include "service/capture/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/own.h"
#include "netlink/linktype.h"
#include "service/admit/resolve.h"
#include "service/admit/target_json.h"
#include "service/compile/keep_all.h"
#include "service/proxy/ghostwire.h"

#define SECOND_NS 1000000000LL
#define TRIES_MAX 3 /* stale references in a row */

#define OPERSTATE_DOWN 2 /* RFC 2863, IF_OPER_DOWN */

struct session {
	const struct session_env *env;
	const struct viewer_ops *ops;
	void *ctx;
	uint32_t send_bytes;
	struct request req;
	struct catalog_waiter waiter;
	struct ghostwire_ask *ask; /* owned, NULL = not asking */
	bool has_asked;            /* the other discovery service, in this try */
	/* while the filter is compiled: which capture to join then */
	struct compile_job compiling;
	struct capture_conf conf; /* owned */
	struct ns_ref ref;
	enum catalog_age age;
	struct viewer *viewer; /* owned, NULL before joining and after the end */
	bool has_ended, has_begun;
	bool is_leaving; /* session_leave() was called: why is set */
	uint32_t tries;
	struct refusal why;
};

static void refused(struct session *s)
{
	s->has_ended = true;
	if (s->env->n_refused)
		++*s->env->n_refused;
	s->ops->wake(s->ctx);
}

/* What follows a step of admission that returned @rc: -EAGAIN when a fresh catalog is needed,
 * -EINPROGRESS when the step goes on by itself. */
static void settle(struct session *s, int rc)
{
	if (rc == -EAGAIN)
		catalog_client_wait(s->env->catalog, &s->waiter, clock_mono_ns());
	else if (rc < 0 && rc != -EINPROGRESS)
		refused(s);
}

static bool is_chosen(const struct capture_conf *conf, const char *name)
{
	for (uint16_t i = 0; i < conf->n_names; i++) {
		if (strcmp(conf->names[i], name) == 0)
			return true;
	}
	return false;
}

/* Alternative names become the names of their links: the reader and the stream use only these, and
 * requests for one link by different names share a capture. */
static int names_to_conf(
	const struct request *req, const struct catalog_netns *ns, struct capture_conf *conf)
{
	if (req->all)
		return 0;
	conf->names = calloc(req->n_names, sizeof(*conf->names));
	if (!conf->names)
		return -ENOMEM;
	for (uint32_t i = 0; i < req->n_names; i++) {
		const struct catalog_link *link = ns ? catalog_find_link(ns, req->names[i]) : NULL;
		const char *name = link ? link->name : req->names[i];

		if (!is_chosen(conf, name))
			(void) snprintf(conf->names[conf->n_names++], CONF_NAME_MAX, "%s", name);
	}
	return 0;
}

static void add_link(struct compile_request *r, const struct catalog_link *link)
{
	uint16_t linktype = linktype_of(link->arphrd);

	for (uint16_t i = 0; i < r->n_links; i++) {
		if (r->links[i].linktype == linktype)
			return;
	}
	if (r->n_links == COMPILE_LINKS_MAX)
		return;
	r->links[r->n_links].linktype = linktype;
	(void) snprintf(r->links[r->n_links++].name, sizeof(r->links->name), "%s", link->name);
}

/* The link types that the filter has to fit, with a link of each. A namespace the catalog does not
 * know is taken for the usual kind: its reader tells in the stream if the filter does not fit a
 * link. */
static void list_links(
	const struct session *s, const struct catalog_netns *ns, struct compile_request *ret)
{
	ret->n_links = 0;
	for (uint32_t i = 0; ns && i < ns->n_links; i++) {
		/* of all interfaces only those that are up: every namespace may have tunnels that
		 * nobody uses, and no filter has to fit them */
		if (s->req.all ? ns->links[i].operstate != OPERSTATE_DOWN
			       : is_chosen(&s->conf, ns->links[i].name))
			add_link(ret, &ns->links[i]);
	}
	if (ret->n_links == 0) {
		ret->links[0] = (struct compile_link){.linktype = LINKTYPE_ETHERNET};
		ret->n_links = 1;
	}
}

static int make_conf(struct session *s, const struct catalog_netns *ns)
{
	struct capture_conf *conf = &s->conf;

	if (s->req.n_names > CONF_NAMES_MAX)
		return refuse(&s->why, -E2BIG, 400, CLOSE_POLICY,
			"too many network interfaces: at most %d can be chosen", CONF_NAMES_MAX);
	if (strlen(s->req.filter) > CONF_FILTER_MAX)
		return refuse(&s->why, -EINVAL, 400, CLOSE_POLICY,
			"invalid capture filter: more than %d bytes", CONF_FILTER_MAX);
	conf->snaplen = s->req.snaplen;
	conf->promiscuous = !s->req.chaste;
	conf->filter = strdup(s->req.filter);
	if (!conf->filter || names_to_conf(&s->req, ns, conf) < 0)
		return refuse_nomem(&s->why);
	return 0;
}

/* Returns 0, or -EAGAIN when the capture to join was started before, so that only a fresh catalog
 * tells whether the chosen interfaces are still there, or another negative errno. */
static int join(struct session *s)
{
	const struct catalog *cat = &s->env->catalog->catalog;
	const struct ns_ref *ref = &s->ref;
	const struct catalog_netns *ns = catalog_find_netns(cat, ref->inode);
	struct hub_request hr = {.ns = *ref,
		.conf = s->conf,
		.is_claimed = !ns || !ns_ref_is_same(&ns->ref, ref),
		.wants_names = s->req.wants_names,
		.wants_live_statistics = s->req.wants_live_statistics,
		.send_bytes = s->send_bytes,
		.catalog = cat,
		.ops = s->ops,
		.ctx = s->ctx};
	ssize_t n = shb_build(&s->req, &s->env->machine, &hr.shb);
	int rc = n < 0 ? refuse_nomem(&s->why) : 0;

	s->conf = (struct capture_conf){0}; /* taken */
	hr.shb_len_bytes = n < 0 ? 0 : (size_t) n;
	if (rc == 0 && s->age == CATALOG_CURRENT && !s->req.all &&
		hub_would_share(s->env->hub, &hr))
		rc = -EAGAIN;
	if (rc < 0) {
		capture_conf_done(&hr.conf);
		free(hr.shb);
		return rc;
	}
	if (s->req.follow_seconds > 0)
		hr.follow = follow_new(cat, s->req.target.name, s->req.target.prefix, ref->inode,
			s->req.follow_seconds * SECOND_NS);
	return hub_join(s->env->hub, &hr, &s->viewer, &s->why);
}

/* The filter is compiled, or refused. */
static int use_programs(struct session *s, struct compile_answer *a)
{
	bool is_refused = a->status == -EINVAL || a->status == -ETIME;

	if (a->status < 0)
		return refuse(&s->why, a->status, is_refused ? 400 : 503,
			is_refused ? CLOSE_POLICY : CLOSE_TRY_AGAIN_LATER, "%s", a->text);
	s->conf.n_programs = a->n_programs;
	memcpy(s->conf.programs, a->programs, sizeof(a->programs));
	memset(a->programs, 0, sizeof(a->programs)); /* taken */
	return join(s);
}

static void on_compiled(void *ctx, struct compile_answer *a)
{
	struct session *s = ctx;

	settle(s, use_programs(s, a));
}

/* Join with the programs of the filter, or have them made first: -EINPROGRESS. */
static int compile_and_join(struct session *s, const struct catalog_netns *ns)
{
	int rc;

	capture_conf_done(&s->conf);
	rc = make_conf(s, ns);
	if (rc < 0)
		return rc;
	if (s->conf.filter[0] == '\0')
		return keep_all(&s->conf) < 0 ? refuse_nomem(&s->why) : join(s);
	s->compiling = (struct compile_job){
		.request = {.snaplen = s->conf.snaplen, .filter = s->conf.filter},
		.done = on_compiled,
		.ctx = s};
	list_links(s, ns, &s->compiling.request);
	if (compile_submit(s->env->compilers, &s->compiling) < 0)
		return refuse(&s->why, -EBUSY, 503, CLOSE_TRY_AGAIN_LATER,
			"too many capture filters are waiting to be compiled");
	return -EINPROGRESS;
}

static int use_list(struct session *s, const char *body, size_t len_bytes)
{
	struct request_target listed;
	int rc = target_json_find(body, len_bytes, &s->req.target, &listed, &s->why);

	if (rc == -ENOENT)
		return refuse(&s->why, rc, 404, CLOSE_POLICY,
			"could not locate network namespace for container");
	if (rc < 0)
		return rc;
	rc = resolve_adopt(&s->req, &listed, &s->why);
	request_target_done(&listed);
	return rc;
}

/* The other discovery service has answered, or not. */
static void on_list(void *ctx, const char *body, size_t len_bytes, const char *words)
{
	struct session *s = ctx;
	int rc = body ? use_list(s, body, len_bytes)
		      : refuse(&s->why, -EHOSTUNREACH, 502, CLOSE_INTERNAL,
				"cannot update container meta data: %s", words);

	ghostwire_ask_free(TAKE_PTR(s->ask));
	if (rc < 0)
		refused(s);
	else
		catalog_client_wait(s->env->catalog, &s->waiter, clock_mono_ns());
}

static int ask_elsewhere(struct session *s)
{
	s->has_asked = true;
	s->ask = ghostwire_ask_new(s->env->proxying, on_list, s);
	return s->ask ? -EINPROGRESS : refuse_nomem(&s->why);
}

/* Resolve with the catalog there is and join. Returns 0, -EAGAIN when a fresh catalog is needed,
 * -EINPROGRESS when somebody else is asked first, or another negative errno with s->why filled. */
static int admit(struct session *s, enum catalog_age age)
{
	const struct catalog *cat = &s->env->catalog->catalog;
	int rc;

	s->age = age;
	if (s->env->proxying && !s->has_asked && resolve_needs_name(&s->req, cat))
		return ask_elsewhere(s);
	rc = resolve_target(&s->req, cat, age, &s->ref, &s->why);
	if (rc == 0)
		rc = resolve_interfaces(
			&s->req, catalog_find_netns(cat, s->ref.inode), age, &s->why);
	return rc == 0 ? compile_and_join(s, catalog_find_netns(cat, s->ref.inode)) : rc;
}

static void try_admit(struct session *s, enum catalog_age age)
{
	settle(s, admit(s, age));
}

static void on_catalog(void *ctx, bool is_fresh)
{
	struct session *s = ctx;

	if (is_fresh) {
		try_admit(s, s->waiter.is_check ? CATALOG_CURRENT : CATALOG_FRESH);
		return;
	}
	(void) refuse(&s->why, 0, 504, CLOSE_INTERNAL,
		"cannot update container meta data: discovery does not answer");
	refused(s);
}

/* Will the broker notice by itself if what the client knows is out of date? */
static bool is_exact(const struct request *req)
{
	return req->target.netns_inode && req->target.pid && req->target.starttime_ticks;
}

struct session *session_new(const struct session_env *env, const struct request_words *words,
	uint32_t send_bytes, const struct viewer_ops *ops, void *ctx)
{
	struct session *s = calloc(1, sizeof(*s));
	int64_t now_ns = clock_mono_ns();

	if (!s)
		return NULL;
	s->env = env;
	s->ops = ops;
	s->ctx = ctx;
	s->send_bytes = send_bytes;
	s->waiter.ready = on_catalog;
	s->waiter.ctx = s;
	if (request_decode(words, &s->req, &s->why) < 0)
		refused(s);
	else if ((env->catalog->has_catalog && is_exact(&s->req)) ||
		 catalog_client_is_current(env->catalog, now_ns))
		try_admit(s, CATALOG_CURRENT);
	else
		catalog_client_check(env->catalog, &s->waiter, now_ns);
	return s;
}

/* The capture ended before it began because the namespace is not the one meant any more: look
 * again. Returns VIEWER_WAIT or VIEWER_END. */
static int try_again(struct session *s)
{
	if (s->tries++ >= TRIES_MAX)
		return VIEWER_END;
	resolve_forget(&s->req);
	s->has_asked = false;
	hub_leave(s->env->hub, TAKE_PTR(s->viewer));
	catalog_client_wait(s->env->catalog, &s->waiter, clock_mono_ns());
	return VIEWER_WAIT;
}

static int on_end(struct session *s)
{
	bool is_stale;

	if (s->is_leaving) {
		s->has_ended = true;
		return VIEWER_END;
	}
	s->why = *hub_end(s->viewer, &is_stale);
	if (is_stale && !s->has_begun && try_again(s) == VIEWER_WAIT)
		return VIEWER_WAIT;
	s->has_ended = true;
	return VIEWER_END;
}

static int first_piece(struct session *s, struct piece *ret)
{
	int rc;

	if (s->has_ended)
		return VIEWER_END;
	if (!s->viewer)
		return VIEWER_WAIT;
	rc = hub_next(s->env->hub, s->viewer, clock_wall_ns(), ret);
	if (rc == VIEWER_END)
		return on_end(s);
	if (rc == VIEWER_PIECE)
		s->has_begun = true;
	if (rc == VIEWER_WAIT)
		s->viewer->progress_ns = clock_mono_ns(); /* it has taken all there is */
	if (rc < 0) {
		(void) refuse(&s->why, 0, 500, CLOSE_INTERNAL, "capture process failed");
		s->has_ended = true;
		return VIEWER_END;
	}
	return rc;
}

int session_next(struct session *s, struct iovec *ret, int cap)
{
	struct piece p;
	int rc = first_piece(s, &p);

	if (rc == VIEWER_END)
		return -1;
	if (rc != VIEWER_PIECE)
		return 0;
	ret[0] = (struct iovec){p.bytes, p.len_bytes};
	return 1 + viewer_ahead(s->viewer, ret + 1, cap - 1);
}

void session_sent(struct session *s, int n)
{
	viewer_sent(s->viewer, clock_mono_ns());
	viewer_sent_ahead(s->viewer, n - 1);
	hub_sent(s->env->hub, s->viewer);
}

/* Wait for nothing any more. */
static void stop_admission(struct session *s)
{
	catalog_client_cancel(s->env->catalog, &s->waiter);
	ghostwire_ask_free(TAKE_PTR(s->ask));
	compile_cancel(&s->compiling);
}

void session_leave(struct session *s, const char *why)
{
	if (s->has_ended)
		return;
	s->is_leaving = true;
	(void) refuse(&s->why, 0, 200, CLOSE_NORMAL, "%s", why);
	if (s->viewer) {
		viewer_leave(s->viewer);
		return;
	}
	stop_admission(s);
	s->has_ended = true;
}

const struct refusal *session_why(const struct session *s)
{
	return &s->why;
}

const struct request *session_request(const struct session *s)
{
	return &s->req;
}

const struct capture *session_capture(const struct session *s)
{
	return s->viewer ? s->viewer->seat->capture : NULL;
}

const char *session_final_words(const struct session *s)
{
	bool is_stale;

	if (!s->viewer || !s->viewer->is_final || s->is_leaving)
		return NULL;
	return hub_end(s->viewer, &is_stale)->text;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	stop_admission(s);
	capture_conf_done(&s->conf);
	if (s->viewer)
		hub_leave(s->env->hub, s->viewer);
	request_done(&s->req);
	free(s);
}
