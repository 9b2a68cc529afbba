/* SPDX-License-Identifier: MIT */
/* The worker process: performs the operations of files/root_path.h one at a time. It is a fork of
 * the caller without any of its descriptors but one socket, so a blocked worker keeps no namespace,
 * socket or file of the caller alive. It is no child of the caller: nothing waits for its end. It
 * ends when the socket is closed, or by SIGALRM in an operation that is over time. */
#ifndef FILES_WORKER_H
#define FILES_WORKER_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#define WORKER_WAIT_MS 1000 /* longest time of an operation */

enum worker_op {
	WORKER_OPEN, /* the answer brings an O_PATH descriptor */
	WORKER_READ, /* of a regular file; the answer brings a memfd with its bytes */
	WORKER_LIST, /* of a directory; a memfd with struct worker_name records */
	WORKER_STAT, /* of a regular file */
};

/* One descriptor goes along: the root. */
struct worker_ask {
	uint32_t op;
	uint32_t max_bytes; /* of WORKER_READ and WORKER_LIST */
	char path[PATH_MAX];
};

struct worker_answer {
	int32_t status; /* 0 or a negative errno */
	uint32_t len_bytes;
	struct stat st;
};

/* Before each name in a list; the name follows with its NUL. */
struct worker_name {
	uint64_t inode;
	uint16_t len_bytes; /* of the name with NUL */
	uint8_t type;
};

/* Start a worker. Returns the socket to it (owned by the caller, close-on-exec) or a negative
 * errno. */
int worker_start(void);

#endif
