/* SPDX-License-Identifier: MIT */
#include "discover/engine/engines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/own.h"
#include "discover/host/proc_status.h"

#define ENGINE_REPORT_ROUNDS 3

/* One that is just starting is there a moment later; a scan may not be due for a minute. */
#define RETRY_FIRST_NS 1000000000
#define RETRY_MAX_NS   60000000000

static const struct engine_driver *const drivers[] = {
	&engine_docker, &engine_podman, &engine_containerd, &engine_cri, &engine_crio};

bool engines_may_be(const struct process *p)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(p->comm, drivers[i]->comm) == 0)
			return true;
	}
	return false;
}

int engines_init(struct engines *es, struct loop *loop, int procfd)
{
	*es = (struct engines){.env = {.loop = loop, .procfd = procfd}};
	es->env.http = http_new(loop);
	return es->env.http ? 0 : -ENOMEM;
}

static void engine_free(struct engine *e)
{
	backoff_cancel(&e->retry);
	if (e->state)
		e->driver->close(e->state);
	engine_list_done(&e->list);
	engine_networks_done(&e->networks);
	free(e);
}

void engines_done(struct engines *es)
{
	while (es->first) {
		struct engine *e = es->first;

		es->first = e->next;
		engine_free(e);
	}
	activators_done(&es->activators);
	free(es->env.seen);
	http_free(es->env.http);
	*es = (struct engines){0};
}

static bool is_known(
	const struct engines *es, const struct process *p, const struct engine_driver *driver)
{
	for (const struct engine *e = es->first; e; e = e->next) {
		if (e->driver == driver && e->pid == p->pid &&
			e->starttime_ticks == p->starttime_ticks)
			return true;
	}
	return false;
}

/* Where @e stands among the others. */
static void rank(struct engine *e)
{
	struct proc_status st;

	e->depth = PROC_STATUS_LEVELS_MAX;
	if (proc_status_read(e->env->procfd, e->pid, &st) < 0)
		return;
	e->privileged = st.euid == 0;
	e->depth = st.n_nspid;
}

static bool goes_before(const struct engine *a, const struct engine *b)
{
	if (a->privileged != b->privileged)
		return a->privileged;
	if (a->depth != b->depth)
		return a->depth < b->depth;
	if (a->starttime_ticks != b->starttime_ticks)
		return a->starttime_ticks < b->starttime_ticks;
	return a->pid < b->pid;
}

/* Returns false when there is no room for @e: all others go before it. */
static bool make_room(struct engines *es, const struct engine *e)
{
	struct engine **last = &es->first;

	if (es->n < ENGINES_MAX)
		return true;
	while (*last && (*last)->next)
		last = &(*last)->next;
	if (!*last || !goes_before(e, *last))
		return false;
	engine_free(*last);
	*last = NULL;
	es->n--;
	return true;
}

void engine_note_news(struct engine *e)
{
	e->has_news = true;
	e->env->change_fn(e->env->ctx);
}

/* It could not be talked to before. */
static void on_retry(void *ctx)
{
	engine_note_news(ctx);
}

/* Returns true if there is a new engine now. */
static bool add(struct engines *es, const struct process *p, const struct engine_driver *driver)
{
	struct engine *e = calloc(1, sizeof(*e));
	struct engine **at = &es->first;

	if (!e)
		return false; /* the next scan tries again */
	e->driver = driver;
	e->env = &es->env;
	e->pid = p->pid;
	e->starttime_ticks = p->starttime_ticks;
	e->has_news = true;
	backoff_init(&e->retry, es->env.loop, RETRY_FIRST_NS, RETRY_MAX_NS, on_retry, e);
	rank(e);
	e->state = make_room(es, e) ? driver->open(e) : NULL;
	if (!e->state) {
		engine_free(e);
		return false;
	}
	while (*at && !goes_before(e, *at))
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	es->n++;
	return true;
}

/* Add the engines that process @p is, unless they are known or too many. Returns true if it is a
 * new one. */
static bool add_all(struct engines *es, const struct process *p)
{
	bool is_new = false;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		/* one that was left out before is not looked at again as long as all stay */
		if (strcmp(p->comm, drivers[i]->comm) != 0 ||
			(es->n >= ENGINES_MAX && !p->is_fresh) || is_known(es, p, drivers[i]))
			continue;
		if (!drivers[i]->must_listen || engine_sockets_any(es->env.procfd, p->pid))
			is_new = add(es, p, drivers[i]) || is_new;
	}
	return is_new;
}

static void remove_ended(struct engines *es, const struct proc_table *procs)
{
	for (struct engine **at = &es->first; *at;) {
		struct engine *e = *at;

		if (proc_table_has(procs, e->pid, e->starttime_ticks)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		es->n--;
		engine_free(e);
	}
}

static void forget_ended_pids(struct engine *e, const struct proc_table *procs)
{
	for (size_t i = 0; i < e->list.n; i++) {
		struct engine_container *c = &e->list.v[i];

		if (c->host_pid == 0 || proc_table_has(procs, c->host_pid, c->host_starttime_ticks))
			continue;
		c->pid = c->host_pid = 0;
		c->asked = 0;
		e->has_news = true; /* which the engine may be about to announce */
	}
}

bool engines_update(struct engines *es, const struct proc_table *procs)
{
	bool is_new = false;

	remove_ended(es, procs);
	activators_update(&es->activators, &es->env, procs);
	for (size_t i = 0; i < procs->n; i++)
		is_new = add_all(es, procs->by_age[i]) || is_new;
	for (struct engine *e = es->first; e; e = e->next)
		forget_ended_pids(e, procs);
	return is_new;
}

static void start_round(struct engine *e)
{
	e->asking = true;
	e->again = false;
	e->has_news = false;
	e->began_ns = clock_mono_ns();
	e->driver->round(e->state);
}

/* May @e have something to tell? */
static bool is_due(const struct engine *e)
{
	return e->has_news || !e->driver->announces(e->state, e->env->networks_wanted);
}

void engines_ask(struct engines *es, bool all, char (*seen)[ENGINE_ID_MAX], size_t n)
{
	free(es->env.seen);
	es->env.seen = seen;
	es->env.n_seen = n;
	for (struct engine *e = es->first; e; e = e->next) {
		if (!all && !is_due(e))
			continue;
		e->awaited = !e->late;
		/* an answer that is on its way may be older than this question */
		if (e->asking)
			e->again = true;
		else
			start_round(e);
	}
}

static bool is_prompt(const struct engine *e)
{
	return clock_mono_ns() - e->began_ns <= ENGINE_PROMPT_MS * INT64_C(1000000);
}

/* A late engine has answered. */
static void earn_back(struct engine *e)
{
	if (!is_prompt(e) && e->times_late > 0)
		e->owes = e->times_late - 1;
	else if (e->owes > 0)
		e->owes--;
	e->late = e->owes > 0;
}

/* Log that @e does not answer, when that is not just its start. Most often it is a matter of
 * permission. Any user can start what looks like an engine, so only those of root are reported. */
static void note_failure(struct engine *e)
{
	char path[2 * ENGINE_API_PATH_MAX];

	if (e->absent || !e->privileged || e->n_failed == ENGINE_REPORT_ROUNDS ||
		++e->n_failed < ENGINE_REPORT_ROUNDS)
		return;
	log_warn("a container engine does not answer, its containers are listed without their "
		 "names type=%s pid=%" PRId32 " socket=\"%s\" hint=\"its socket needs root, its "
		 "group, or CAP_DAC_OVERRIDE\"",
		e->driver->engine_type, e->pid, log_quote(e->api_path, path, sizeof(path)));
}

void engine_round_done(struct engine *e, bool answered)
{
	bool waited_for = e->awaited;

	e->asking = false;
	if (answered) {
		backoff_cancel(&e->retry);
		backoff_reset(&e->retry);
		e->changes += e->unreachable;
	} else {
		backoff_wait(&e->retry);
	}
	e->unreachable = !answered;
	if (answered)
		e->n_failed = 0;
	else
		note_failure(e);
	if (answered && e->late)
		earn_back(e);
	if (e->again) {
		start_round(e);
		return;
	}
	e->awaited = false;
	if (waited_for)
		e->env->round_fn(e->env->ctx);
	else if (e->changes != e->seen_changes)
		e->env->change_fn(e->env->ctx);
}

void engines_await(struct engines *es)
{
	for (struct engine *e = es->first; e; e = e->next)
		e->awaited = e->asking && !e->late;
}

bool engines_pending(const struct engines *es)
{
	for (const struct engine *e = es->first; e; e = e->next) {
		if (e->asking && e->awaited)
			return true;
	}
	return false;
}

bool engines_unanswered(const struct engines *es)
{
	for (const struct engine *e = es->first; e; e = e->next) {
		if (e->asking && !e->late)
			return true;
	}
	return false;
}

void engines_leave(struct engines *es)
{
	for (struct engine *e = es->first; e; e = e->next)
		e->awaited = false;
}

size_t engines_give_up(struct engines *es)
{
	size_t n = 0;

	for (struct engine *e = es->first; e; e = e->next) {
		/* one that has said what it is may just have much to tell */
		e->unreachable = e->unreachable || (e->asking && e->version[0] == '\0');
		/* the round that is under way will do */
		e->again = false;
		if (!e->asking || !e->awaited)
			continue;
		e->awaited = false;
		e->late = true;
		n++;
		if (is_prompt(e))
			continue; /* it had not been given much time */
		e->times_late += e->times_late < ENGINE_LATE_MAX;
		e->owes = e->times_late - 1;
	}
	return n;
}

void engines_note_seen(struct engines *es)
{
	for (struct engine *e = es->first; e; e = e->next)
		e->seen_changes = e->changes;
}
