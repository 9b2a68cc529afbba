/* SPDX-License-Identifier: MIT */
/* One system call table per role, side by side in seccomp_ROLE.c. A table lists what the role may
 * do; everything else fails with EPERM (broker, discover, service: libraries probe) or ends the
 * process (reader, dig, compile: what they do is known). Needs no_new_privs: call sandbox_drop()
 * first. */
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include <stdbool.h>

#include "base/err.h"

/* Descriptors that the reader's table names. */
struct seccomp_reader_fds {
	int packet;   /* AF_PACKET: may be read by mmap and asked for statistics, never written */
	int bell;     /* AF_PACKET: only told to be readable, never written */
	int spare[2]; /* AF_PACKET: take the place of packet, once they have a ring */
	int event;    /* eventfd towards the service: the only descriptor write(2) works on */
};

/* Descriptors that the table of a dig names. */
struct seccomp_dig_fds {
	int icmp[2]; /* may send to any address */
	int control; /* to the service */
};

/* Each returns 0, or a negative errno with words in @e: the caller must then end. */
int seccomp_broker(struct err *e);
int seccomp_discover(struct err *e);
/* @connects: the service may open outgoing TCP connections (proxying to another discovery). */
int seccomp_service(bool connects, struct err *e);
int seccomp_reader(const struct seccomp_reader_fds *fds, struct err *e);
int seccomp_compile(struct err *e);
int seccomp_dig(const struct seccomp_dig_fds *fds, struct err *e);

#endif
