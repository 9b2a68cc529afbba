/* SPDX-License-Identifier: MIT */
/* A pcapng stream cut into files, each of them complete: what describes the section, its interfaces
 * and names (SHB, IDB, NRB; draft-ietf-opsawg-pcapng) is repeated at the head of each. */
#ifndef CSHARG_CLI_ROTATE_H
#define CSHARG_CLI_ROTATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ROTATE_FILES_MAX 10000
#define ROTATE_HEAD_MAX  8388608 /* bytes repeated in each file */
#define ROTATE_NAMES_MAX 1048576 /* of them names; later ones are written once */

struct rotate;

struct rotate_options {
	const char *path; /* "dir/web.pcapng" makes "dir/web_00001_20260131235959.pcapng"; copied */
	uint64_t max_bytes; /* a packet that would make a file larger begins the next, 0 = no limit;
			     * each has one packet at least */
	uint64_t max_ms;    /* so does one that comes later than this, 0 = no limit */
	uint32_t files;     /* older files are removed, 0 = keep all; at most ROTATE_FILES_MAX */
};

/* Make the first file, with mode 0640, and truncate one that is there. @now_ms is a clock that
 * never jumps. Free @ret with rotate_free(). Errors: those of opening. */
int rotate_new(
	const struct rotate_options *options, int64_t now_ms, struct rotate **ret, struct err *e);

/* Write the next whole blocks of the stream. Errors: -EBADMSG for what are no blocks, -E2BIG for
 * interfaces beyond ROTATE_HEAD_MAX, those of writing and opening. */
int rotate_write(
	struct rotate *r, const uint8_t *bytes, size_t len_bytes, int64_t now_ms, struct err *e);

/* How many files have been begun. */
uint64_t rotate_count(const struct rotate *r);

/* Closes the file. */
void rotate_free(struct rotate *r);

#endif
