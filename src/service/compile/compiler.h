/* SPDX-License-Identifier: MIT */
/* Capture filters are compiled by processes of their own (packetflix-compile), because libpcap
 * needs time without a useful bound for some texts, and it parses what clients write. This module
 * has the broker start such a process when there is a job, gives it one job after the other, and
 * has it killed when a job takes longer than COMPILE_LIMIT_NS. Short filters do not wait behind
 * long ones: there is a lane, with a process of its own, for each. A process without jobs ends
 * after COMPILE_IDLE_NS. */
#ifndef COMPILE_COMPILER_H
#define COMPILE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "proto/compile.h"

#define COMPILE_LIMIT_NS    (5 * 1000000000LL)
#define COMPILE_IDLE_NS     (10 * 1000000000LL)
#define COMPILE_LANES       2
#define COMPILE_SHORT_BYTES 512  /* the longest filter of the lane for short ones */
#define COMPILE_QUEUE_SHORT 4096 /* jobs of the lane for short ones */
#define COMPILE_QUEUE_LONG  64   /* and of the other one */

struct compile_lane;
struct fdset;
struct msg;

/* A filter to compile. Belongs to the user, zeroed but for the public members, and stays in place
 * until done() is called or the job is cancelled. */
struct compile_job {
	struct compile_request request; /* the user's, but for the id; borrowed */
	/* @a tells the outcome: besides what proto/compile.h says, its status is -ETIME when the
	 * time limit was reached, and another negative errno when no process could be started or it
	 * has ended; its text is always set then. Programs can be taken out of @a. */
	void (*done)(void *ctx, struct compile_answer *a);
	void *ctx;
	struct compile_lane *lane; /* the module's: NULL = not queued */
	struct compile_job *next;
};

/* The process of a lane, and its jobs; the first one is with the process if @is_sent. */
struct compile_lane {
	struct compilers *all;
	struct compile_job *first, *last;
	size_t n;
	bool is_sent;
	bool is_open; /* the process was requested from the broker, and not killed since */
	uint32_t id;  /* of the process */
	struct loop_source control; /* control.fd: owned, -1 = none */
	struct loop_timer timer;    /* of the first job, or of an idle process */
};

struct compilers {
	struct loop *loop; /* borrowed */
	int broker_fd;     /* borrowed */
	uint32_t last_id;
	uint64_t n_timeouts;
	uint8_t *buf; /* owned: a message */
	struct compile_lane lanes[COMPILE_LANES];
};

/* Returns 0 or -ENOMEM. */
int compilers_init(struct compilers *c, struct loop *loop, int broker_fd);

/* No job may be queued. */
void compilers_done(struct compilers *c);

/* Queue @j: done() is called later, from the event loop. Returns 0, or -EBUSY when as many jobs
 * wait as its lane takes. */
int compile_submit(struct compilers *c, struct compile_job *j);

/* Take @j out of its queue, if it is in one: done() is not called. */
void compile_cancel(struct compile_job *j);

/* MSG_COMPILE_OPENED of the broker. The descriptor is taken out of @fds. */
void compilers_opened(struct compilers *c, const struct msg *m, struct fdset *fds);

#endif
