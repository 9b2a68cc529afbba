/* SPDX-License-Identifier: MIT */
/* The interface between container engines' drivers and the rest. A driver speaks to one engine
 * process, keeps its list of containers current and never waits.
 *
 * A *round* brings the list up to date with what the engine says from now on; at its end the driver
 * calls engine_round_done(). Between rounds the driver watches for announced changes. */
#ifndef DISCOVER_ENGINE_H
#define DISCOVER_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/backoff.h"
#include "discover/engine/engine_list.h"
#include "discover/engine/engine_sockets.h"
#include "discover/engine/http.h"
#include "discover/engine/networks.h"
#include "loop/loop.h"

#define ENGINE_TEXT_MAX 128

struct engine;

/* What all engines share; outlives them. */
struct engine_env {
	struct loop *loop;
	struct http *http;
	int procfd;
	uint32_t next_peer; /* for http_get.peer */
	/* Ids of containers that cgroup paths tell of, sorted. A driver asks its engine about those
	 * that its list lacks: they may be about to start. Owned; replaced by each scan. */
	char (*seen)[ENGINE_ID_MAX];
	size_t n_seen;
	bool networks_wanted;         /* rounds bring struct engine's @networks up to date, too */
	void (*round_fn)(void *ctx);  /* a round has ended that somebody may wait for */
	void (*change_fn)(void *ctx); /* something is new: scan soon */
	void *ctx;
};

/* One kind of engine. Several may look at one process: each makes an engine of its own. */
struct engine_driver {
	const char *comm;        /* exact name of the engine's process */
	const char *type;        /* of targets (contract 2.5.2) */
	const char *engine_type; /* in the metadata (contract 2.8) */
	/* Labels io.kubernetes.pod.namespace and .pod.name say which pod a container belongs to. */
	bool pods_by_label;
	/* A process of that name is an engine only if it listens on a unix socket. */
	bool must_listen;
	/* Returns the driver's state for @e, NULL without memory. Starts nothing. */
	void *(*open)(struct engine *e);
	/* Begin a round; never called while one is under way. May end it before it returns. */
	void (*round)(void *state);
	/* Would whatever changed since the last round have been announced? @networks: networks,
	 * too. */
	bool (*announces)(const void *state, bool networks);
	void (*close)(void *state);
};

extern const struct engine_driver engine_docker;
extern const struct engine_driver engine_podman;
extern const struct engine_driver engine_containerd;
extern const struct engine_driver engine_cri;
extern const struct engine_driver engine_crio;

struct engine {
	const struct engine_driver *driver;
	struct engine_env *env;
	struct engine *next;
	void *state; /* the driver's */
	int32_t pid; /* of the engine, in our PID namespace */
	uint64_t starttime_ticks;
	bool privileged; /* runs as root of our user namespace: its word is good for any process */
	size_t depth;    /* PID namespaces it lives in, from ours to its own */
	/* set by the driver */
	char id[ENGINE_TEXT_MAX]; /* clean UTF-8, "" = not known yet, as @version */
	char version[ENGINE_TEXT_MAX];
	/* Where it is talked to, as from outside: "unix:///proc/812/root/run/docker.sock". Clean
	 * UTF-8, "" = not known yet. */
	char api_path[ENGINE_API_PATH_MAX];
	struct engine_list list;         /* as last known */
	struct engine_networks networks; /* as last known; empty for drivers without any */
	/* Grows when what is told of the engine has become different: @list, @networks, or that it
	 * answers again. */
	uint32_t changes;
	bool absent; /* the process may be no such engine: not shown before it has answered as one
		      */
	/* set by engines.c */
	bool has_news;         /* announced since the last round began, or there was none yet */
	uint32_t seen_changes; /* @changes when the catalog was last made */
	bool asking;           /* a round is under way */
	bool again;            /* another round must follow */
	bool unreachable;      /* its last round failed, or it does not even say what it is */
	uint32_t n_failed;     /* rounds in a row */
	bool awaited;          /* the scan under way waits for this round */
	bool late;             /* did not answer in time: nobody waits for it */
	int64_t began_ns;      /* when its round under way, or its last one, began */
	uint32_t times_late;   /* at most ENGINE_LATE_MAX */
	uint32_t owes;         /* prompt rounds before it is waited for again */
	struct backoff retry;  /* after a round that failed */
};

/* Called by the driver when the engine has announced something, or is to be asked again for another
 * reason. */
void engine_note_news(struct engine *e);

/* Called by the driver at the end of a round. @answered is false when the engine could not be
 * talked to; its list is then what it was. */
void engine_round_done(struct engine *e, bool answered);

#endif
