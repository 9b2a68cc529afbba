/* SPDX-License-Identifier: MIT */
/* The container engines of the host: found by the names of their processes, asked for their
 * containers when they have announced something and in every whole scan. */
#ifndef DISCOVER_ENGINES_H
#define DISCOVER_ENGINES_H

#include "discover/engine/activators.h"
#include "discover/engine/engine.h"
#include "discover/host/proc_table.h"

#define ENGINES_MAX      32 /* anybody may give a process the name of an engine */
#define ENGINE_PROMPT_MS 500
#define ENGINE_LATE_MAX  16

struct engines {
	struct engine_env env;
	struct engine *first; /* the order is that in which they are believed, see below */
	size_t n;
	struct activators activators;
};

/* Returns 0 or -ENOMEM. The caller then sets the functions and the context of @es->env. @es must
 * stay in place. */
int engines_init(struct engines *es, struct loop *loop, int procfd);
void engines_done(struct engines *es);

/* True if @p has the name of an engine's process. */
bool engines_may_be(const struct process *p);

/* Forget engines whose process has ended, add new ones, and forget the pids of containers whose
 * process has ended. Privileged engines go before others, then those in fewer PID namespaces, then
 * older ones; beyond ENGINES_MAX the last ones are left out, so that processes in containers cannot
 * crowd out the host's engines. Returns true if there are new engines. */
bool engines_update(struct engines *es, const struct proc_table *procs);

/* Begin a round with every engine (@all), or with those that may have something to tell: they have
 * announced it, or would not. @seen (see struct engine_env; @n of them) is taken over. */
void engines_ask(struct engines *es, bool all, char (*seen)[ENGINE_ID_MAX], size_t n);

/* Wait also for those that a scan before has gone on without. */
void engines_await(struct engines *es);

/* True while there are engines to wait for. */
bool engines_pending(const struct engines *es);

/* True while an engine that is not late has yet to answer, waited for or not. */
bool engines_unanswered(const struct engines *es);

/* Go on without those that have not answered; later scans may wait for them. */
void engines_leave(struct engines *es);

/* Wait no longer: engines that are still being asked are late, and nobody waits for them until they
 * have answered. One that kept a scan waiting for more than ENGINE_PROMPT_MS must, from the second
 * time on, answer as many times within that, one after the other, as it had been so late before (at
 * most ENGINE_LATE_MAX): to be prompt now and then buys no further delay. Returns how many were
 * waited for. */
size_t engines_give_up(struct engines *es);

/* The catalog now shows what the lists say. */
void engines_note_seen(struct engines *es);

#endif
