/* SPDX-License-Identifier: MIT */
/* The broker's whole state, and the operations it serves. It knows no HTTP, no JSON, no names: only
 * numbers that it checks, and descriptors that it makes. */
#ifndef BROKER_BROKER_H
#define BROKER_BROKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "broker/captures.h"
#include "broker/workers.h"
#include "broker/host_names.h"
#include "broker/options.h"
#include "broker/users.h"
#include "broker/warnings.h"
#include "proto/broker.h"

#define BROKER_LISTEN_FDS_MAX OPTIONS_LISTEN_MAX

/* One of the two processes that are kept alive. */
struct child {
	const char *name; /* for people */
	pid_t pid;        /* 0 = not running */
	int channel;      /* owned, -1 = none */
	uint32_t restarts;
	int64_t started_ns;    /* monotonic */
	int64_t retry_ns;      /* when to start it again, 0 = not waiting */
	uint32_t failures;     /* ended soon after the start, in a row */
	bool has_spoken;       /* one of its incarnations has sent a message: the program works */
	bool is_silent;        /* see watchdog.h */
	uint32_t n_unanswered; /* pings, in a row */
	bool is_blocked; /* its channel has no room for an answer: no request is read until it has
			  */
	bool wants_room; /* something waits until its channel has room */
	int catalog_fd; /* owned: an end of a new catalog channel that it has not got yet, -1 = none
			 */
};

struct broker {
	const struct options *options;                                         /* borrowed */
	int procfd, own_ns_fd, own_uts_fd, empty_root_fd, signal_fd, epoll_fd; /* owned */
	int listen_fds[BROKER_LISTEN_FDS_MAX];                                 /* owned */
	uint32_t n_listen;
	int tls_cert_fd, tls_key_fd, token_fd; /* owned, -1 = none */
	struct users users;
	struct host_names host_names;
	struct warnings warnings; /* of the start */
	struct child service, discover;
	struct captures captures;
	struct workers digs, compilers;
	uint32_t epoch; /* incarnations of the service so far */
	bool are_restarts_due, is_shutdown_due,
		is_reload_due;               /* to be reported to the service: see news.h */
	bool is_service_ready, is_announced; /* announced: the URL is printed */
	uint32_t last_ping;
	int64_t next_ping_ns;
	bool shutting_down;
	int64_t deadline_ns; /* of the shutdown */
	int exit_status;
};

/* MSG_CAPTURE_OPEN: see op_capture.c. Sends the answer. */
void op_capture_open(struct broker *b, uint32_t id, const struct msg_capture_open *m);

/* MSG_RING_MAKE: see op_capture.c. Sends the answer. */
void op_capture_ring(struct broker *b, uint32_t id, uint32_t ring_bytes);

/* MSG_CAPTURE_KILL: see op_capture.c. */
void op_capture_kill(struct broker *b, uint32_t id);

/* MSG_NETLINK_OPEN: see op_netlink.c. Sends the answer. */
void op_netlink_open(struct broker *b, uint32_t id, const struct ns_ref *ref);

/* MSG_PORTS_OPEN: see op_ports.c. Sends the answer. */
void op_ports_open(struct broker *b, uint32_t id, const struct ns_ref *ref);

/* MSG_UTS_NAMES: see op_uts.c. Sends the answer. */
void op_uts_names(struct broker *b, uint32_t id, const struct msg_uts_refs *refs);

/* MSG_TUN_ASK: see op_tun.c. Sends the answer. */
void op_tun_ask(struct broker *b, uint32_t id, const struct msg_tun *t);

/* MSG_EVENTS_OPEN: see op_events.c. Sends the answer. */
void op_events_open(struct broker *b, uint32_t id, const struct msg_events_open *m);

/* MSG_COMPILE_OPEN: see op_compile.c. Sends the answer. */
void op_compile_open(struct broker *b, uint32_t id);

/* MSG_DIG_OPEN: see op_dig.c. Sends the answer. */
void op_dig_open(struct broker *b, uint32_t id, const struct ns_ref *ref);

#endif
