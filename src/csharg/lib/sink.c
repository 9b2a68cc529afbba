/* SPDX-License-Identifier: MIT */
#include "csharg/lib/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/own.h"

void sink_init_callback(struct sink *s, csharg_bytes_fn fn, void *ctx)
{
	*s = (struct sink){.kind = SINK_CALLBACK, .fd = -1, .own_fd = -1, .fn = fn, .ctx = ctx};
}

/* The flags of the caller's descriptor may be shared with other processes, so a description of our
 * own is opened. */
static void open_anew(struct sink *s)
{
	char path[40];

	(void) snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	s->own_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	s->kind = s->own_fd < 0 ? SINK_SMALL : SINK_PIPE;
	if (fcntl(s->fd, F_GETPIPE_SZ) < SINK_PIPE_BYTES)
		(void) fcntl(
			s->fd, F_SETPIPE_SZ, SINK_PIPE_BYTES); /* a limit of the system: smaller */
}

int sink_init_fd(struct sink *s, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, -errno, "cannot use descriptor %d", fd);
	*s = (struct sink){.kind = SINK_FILE, .fd = fd, .own_fd = -1};
	if (S_ISSOCK(st.st_mode))
		s->kind = SINK_SOCKET;
	else if (S_ISFIFO(st.st_mode))
		open_anew(s);
	return 0;
}

void sink_done(struct sink *s)
{
	close_p(&s->own_fd);
	free(s->kept);
	*s = (struct sink){.fd = -1, .own_fd = -1};
}

/* A pipe that is ready has room for PIPE_BUF bytes, and takes them at once. */
static ssize_t write_small(int fd, const struct iovec *piece)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	int n = poll(&pfd, 1, 0);

	if (n <= 0) {
		errno = n < 0 ? errno : EAGAIN;
		return -1;
	}
	return write(fd, piece->iov_base, piece->iov_len < PIPE_BUF ? piece->iov_len : PIPE_BUF);
}

static ssize_t write_some(struct sink *s, struct iovec *piece, size_t n)
{
	const struct msghdr message = {.msg_iov = piece, .msg_iovlen = n};

	switch (s->kind) {
	case SINK_PIPE:
		return writev(s->own_fd, piece, (int) n);
	case SINK_SMALL:
		return write_small(s->fd, piece);
	case SINK_SOCKET:
		return sendmsg(s->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	default:
		return writev(s->fd, piece, (int) n);
	}
}

/* Take @done bytes away from the beginning of *@piece, of which there are *@n. */
static void advance(struct iovec **piece, size_t *n, size_t done)
{
	while (*n > 0 && done >= (*piece)->iov_len) {
		done -= (*piece)->iov_len;
		(*piece)++;
		(*n)--;
	}
	if (*n > 0 && done > 0) {
		(*piece)->iov_base = (uint8_t *) (*piece)->iov_base + done;
		(*piece)->iov_len -= done;
	}
}

/* Write until it would have to wait; what is left is in *@piece and *@n. Returns 0 or a negative
 * errno. */
static int write_now(struct sink *s, struct iovec **piece, size_t *n)
{
	while (*n > 0) {
		ssize_t done = write_some(s, *piece, *n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0 && errno == EAGAIN)
			break;
		if (done < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		s->written_bytes += (uint64_t) done;
		advance(piece, n, (size_t) done);
	}
	return 0;
}

static int reserve(struct sink *s, size_t more)
{
	size_t cap = s->cap_bytes ? s->cap_bytes : 65536;
	uint8_t *kept;

	while (cap < s->kept_at + s->kept_bytes + more)
		cap *= 2;
	if (cap == s->cap_bytes)
		return 0;
	kept = realloc(s->kept, cap);
	if (!kept)
		return -ENOMEM;
	s->kept = kept;
	s->cap_bytes = cap;
	return 0;
}

static int keep(struct sink *s, const struct iovec *piece, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (reserve(s, piece[i].iov_len) < 0)
			return -ENOMEM;
		memcpy(s->kept + s->kept_at + s->kept_bytes, piece[i].iov_base, piece[i].iov_len);
		s->kept_bytes += piece[i].iov_len;
	}
	return 0;
}

static int tell(struct sink *s, const struct iovec *piece, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		rc = s->fn(s->ctx, piece[i].iov_base, piece[i].iov_len);
		s->written_bytes += rc == 0 ? piece[i].iov_len : 0;
	}
	return rc;
}

int sink_write(struct sink *s, struct iovec *piece, size_t n)
{
	int rc = 0;

	if (s->kind == SINK_CALLBACK)
		return tell(s, piece, n);
	if (!sink_is_slow(s))
		rc = write_now(s, &piece, &n);
	return rc < 0 ? rc : keep(s, piece, n);
}

void sink_cut(struct sink *s, uint64_t bytes)
{
	off_t at = lseek(s->fd, 0, SEEK_CUR);
	struct stat st;

	if (s->kind != SINK_FILE || at < (off_t) bytes || fstat(s->fd, &st) < 0 ||
		!S_ISREG(st.st_mode) || st.st_size != at)
		return;
	if (ftruncate(s->fd, at - (off_t) bytes) == 0)
		(void) lseek(s->fd, at - (off_t) bytes, SEEK_SET);
}

int sink_flush(struct sink *s)
{
	struct iovec all, *piece = &all;
	size_t n = 1;
	int rc;

	if (!sink_is_slow(s))
		return 0;
	all = (struct iovec){.iov_base = s->kept + s->kept_at, .iov_len = s->kept_bytes};
	rc = write_now(s, &piece, &n);
	s->kept_at = n ? (size_t) ((uint8_t *) all.iov_base - s->kept) : 0;
	s->kept_bytes = n ? all.iov_len : 0;
	return rc;
}

int sink_poll_fd(const struct sink *s)
{
	switch (s->kind) {
	case SINK_PIPE:
		return s->own_fd;
	case SINK_SMALL:
	case SINK_SOCKET:
		return s->fd;
	default:
		return -1;
	}
}
