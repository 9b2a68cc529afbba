/* SPDX-License-Identifier: MIT */
/* A packetflix-discover process under test, with this process as its broker and its service, and
 * processes to be discovered. Needs root. Every wait has a limit; a test that meets it fails. */
#ifndef TESTS_UNIT_DISCOVER_FIXTURE_H
#define TESTS_UNIT_DISCOVER_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "proto/catalog.h"

#define FIXTURE_PAUSE_MS 350

struct fixture {
	pid_t discover;
	int broker, catalog; /* our ends of the channels */
	int netns;           /* our own network namespace */
	bool refuses;        /* answer every request for a socket with an error */
	bool is_silent;      /* answer none */
	int pauses;          /* so many answers take FIXTURE_PAUSE_MS each */
	uint32_t asked;      /* newest refresh */
	/* the newest generation */
	uint32_t id;
	uint64_t generation;
	json_t *json;
	struct catalog table;
};

/* Start the program named by the environment variable PACKETFLIX_DISCOVER. */
void fixture_start(struct fixture *f);

/* Close the broker's channel and wait for the end. Returns the exit status. */
int fixture_stop(struct fixture *f);

/* Serve the broker's side until a generation arrives. */
void fixture_next(struct fixture *f);

/* Ask for a fresh generation and wait for one that answers. */
void fixture_refresh(struct fixture *f);

/* Give discover a new catalog channel and close the old one. */
void fixture_new_channel(struct fixture *f);

/* The target with this name in the newest JSON, NULL if there is none. Borrowed. */
const json_t *fixture_target(const struct fixture *f, const char *name);

/* Fork a process called @comm that runs @fn(arg) and then sleeps; waits until @fn has returned. */
pid_t fixture_fork(const char *comm, void (*fn)(void *arg), void *arg);

/* Kill and reap. */
void fixture_kill(pid_t pid);

/* For fixture_fork(): live in a new network namespace. */
void fixture_unshare_net(void *unused);

/* How an engine behaves. */
enum fake_manner {
	FAKE_GOOD,    /* tells of one container */
	FAKE_SILENT,  /* accepts connections and says nothing */
	FAKE_ENDLESS, /* its list never ends */
	FAKE_NOISE,   /* answers with what is no JSON */
};

struct fake_engine {
	enum fake_manner manner;
	pid_t container;              /* that it tells of */
	const char *name, *next_name; /* before and after the announcement */
	int announce[2];              /* a pipe: a byte written to [1] makes the engine announce */
	char path[64];                /* of its socket */
	int listener;
};

/* Make the socket and fork the engine, a process called "dockerd". */
pid_t fake_engine_start(struct fake_engine *e);
void fake_engine_stop(struct fake_engine *e, pid_t pid);

#endif
