/* SPDX-License-Identifier: MIT */
#include "csharg/cli/rotate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/own.h"
#include "base/text.h"

#define BLOCK_SHB      0x0a0d0d0aU
#define BLOCK_IDB      1U
#define BLOCK_PACKET   2U
#define BLOCK_SIMPLE   3U
#define BLOCK_NAMES    4U
#define BLOCK_ENHANCED 6U
#define BYTE_ORDER_BIG 0x4d3c2b1aU /* the magic of a section in the other order, read as ours */

struct rotate {
	struct rotate_options options;
	char *path; /* owned */
	int fd;     /* owned */
	int64_t begun_ms;
	uint64_t file_bytes, file_packets;
	struct text head;
	size_t names_bytes; /* of the head */
	bool big_endian;
	uint64_t count;
	char **kept; /* owned: names of the newest files, round and round */
};

struct block {
	const uint8_t *at;
	uint32_t type;
	size_t len_bytes;
};

void rotate_free(struct rotate *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; r->kept && i < r->options.files; i++)
		free(r->kept[i]);
	free(r->kept);
	close_p(&r->fd);
	text_done(&r->head);
	free(r->path);
	free(r);
}

uint64_t rotate_count(const struct rotate *r)
{
	return r->count;
}

static char *file_name(const struct rotate *r)
{
	const char *base = strrchr(r->path, '/'), *dot;
	char when[32] = "", *name = NULL;
	time_t now = time(NULL);
	struct tm tm;

	base = base ? base + 1 : r->path;
	dot = strrchr(base, '.');
	if (!dot || dot == base)
		dot = base + strlen(base);
	if (!localtime_r(&now, &tm) || strftime(when, sizeof(when), "%Y%m%d%H%M%S", &tm) == 0)
		return NULL;
	if (asprintf(&name, "%.*s_%05" PRIu64 "_%s%s", (int) (dot - r->path), r->path, r->count + 1,
		    when, dot) < 0)
		return NULL;
	return name;
}

/* Remember @name (taken over), and remove the file whose place it takes. */
static void keep(struct rotate *r, char *name)
{
	char **place;

	if (!r->kept) {
		free(name);
		return;
	}
	place = &r->kept[r->count % r->options.files];
	if (*place)
		(void) unlink(*place);
	free(*place);
	*place = name;
}

static int write_all(struct rotate *r, const void *bytes, size_t len_bytes, struct err *e)
{
	const char *at = bytes;

	for (size_t left = len_bytes; left > 0;) {
		ssize_t n = write(r->fd, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, -errno, "cannot write packets");
		at += n;
		left -= (size_t) n;
	}
	r->file_bytes += len_bytes;
	return 0;
}

static int next_file(struct rotate *r, int64_t now_ms, struct err *e)
{
	AUTO_FREE char *name = file_name(r);

	if (!name)
		return err_set(e, -ENOMEM, "out of memory");
	close_p(&r->fd);
	r->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);
	if (r->fd < 0)
		return err_sys(e, -errno, "cannot create packet capture file: \"%.300s\"", name);
	keep(r, TAKE_PTR(name));
	r->count++;
	r->begun_ms = now_ms;
	r->file_bytes = 0;
	r->file_packets = 0;
	return write_all(r, r->head.p, r->head.len_bytes, e);
}

int rotate_new(
	const struct rotate_options *options, int64_t now_ms, struct rotate **ret, struct err *e)
{
	struct rotate *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!r)
		return err_set(e, rc, "out of memory");
	r->fd = -1;
	r->options = *options;
	r->path = strdup(options->path);
	if (options->files > ROTATE_FILES_MAX)
		rc = err_set(e, -EINVAL, "at most %d files can be kept", ROTATE_FILES_MAX);
	else if (!r->path ||
		 (options->files > 0 && !(r->kept = calloc(options->files, sizeof(*r->kept)))))
		rc = err_set(e, rc, "out of memory");
	else
		rc = next_file(r, now_ms, e);
	if (rc < 0)
		rotate_free(r);
	else
		*ret = r;
	return rc;
}

static uint32_t get32(const struct rotate *r, const uint8_t *p)
{
	uint32_t v = get_le32(p);

	return r->big_endian ? __builtin_bswap32(v) : v;
}

/* The block at the beginning of the @len_bytes bytes at @bytes. */
static int take_block(struct rotate *r, const uint8_t *bytes, size_t len_bytes, struct block *ret)
{
	struct block b = {.at = bytes};

	if (len_bytes < 12)
		return -EBADMSG;
	/* the type of a section header reads the same in both orders */
	if (get_le32(bytes) == BLOCK_SHB)
		r->big_endian = get_le32(bytes + 8) == BYTE_ORDER_BIG;
	b.type = get32(r, bytes);
	b.len_bytes = get32(r, bytes + 4);
	if (b.len_bytes < 12 || b.len_bytes % 4 != 0 || b.len_bytes > len_bytes)
		return -EBADMSG;
	*ret = b;
	return 0;
}

static int remember(struct rotate *r, const struct block *b, struct err *e)
{
	if (b->type == BLOCK_SHB) {
		r->head.len_bytes = 0;
		r->names_bytes = 0;
	}
	if (b->type == BLOCK_NAMES) {
		if (b->len_bytes > ROTATE_NAMES_MAX - r->names_bytes)
			return 0;
		r->names_bytes += b->len_bytes;
	}
	if (b->len_bytes > ROTATE_HEAD_MAX - r->head.len_bytes)
		return err_set(e, -E2BIG, "too many interfaces to be repeated in each file");
	text_put_bytes(&r->head, (const char *) b->at, b->len_bytes);
	return r->head.failed ? err_set(e, -ENOMEM, "out of memory") : 0;
}

static bool is_packet(const struct block *b)
{
	return b->type == BLOCK_ENHANCED || b->type == BLOCK_SIMPLE || b->type == BLOCK_PACKET;
}

static bool is_head(const struct block *b)
{
	return b->type == BLOCK_SHB || b->type == BLOCK_IDB || b->type == BLOCK_NAMES;
}

/* Whether @b, with @waiting bytes of the file before it, begins the next file. */
static bool is_due(const struct rotate *r, const struct block *b, uint64_t waiting, int64_t now_ms)
{
	if (!is_packet(b) || r->file_packets == 0)
		return false;
	if (r->options.max_ms > 0 && now_ms - r->begun_ms >= (int64_t) r->options.max_ms)
		return true;
	return r->options.max_bytes > 0 &&
	       r->file_bytes + waiting + b->len_bytes > r->options.max_bytes;
}

int rotate_write(
	struct rotate *r, const uint8_t *bytes, size_t len_bytes, int64_t now_ms, struct err *e)
{
	size_t from = 0, at = 0;
	struct block b;
	int rc = 0;

	/* what goes into the same file is written in one piece */
	while (rc == 0 && at < len_bytes) {
		if (take_block(r, bytes + at, len_bytes - at, &b) < 0)
			return err_set(e, -EBADMSG, "what came is no whole pcapng block");
		if (is_due(r, &b, at - from, now_ms)) {
			rc = write_all(r, bytes + from, at - from, e);
			from = at;
			if (rc == 0)
				rc = next_file(r, now_ms, e);
		}
		if (rc == 0 && is_head(&b))
			rc = remember(r, &b, e);
		r->file_packets += is_packet(&b);
		at += b.len_bytes;
	}
	return rc < 0 ? rc : write_all(r, bytes + from, at - from, e);
}
