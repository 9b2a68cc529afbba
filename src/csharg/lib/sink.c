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
static ssize_t write_small(int fd, const uint8_t *p, size_t len)
{
	struct pollfd pfd = {.fd = fd, .events = POLLOUT};
	int n = poll(&pfd, 1, 0);

	if (n <= 0) {
		errno = n < 0 ? errno : EAGAIN;
		return -1;
	}
	return write(fd, p, len < PIPE_BUF ? len : PIPE_BUF);
}

static ssize_t write_some(struct sink *s, const uint8_t *p, size_t len)
{
	switch (s->kind) {
	case SINK_PIPE:
		return write(s->own_fd, p, len);
	case SINK_SMALL:
		return write_small(s->fd, p, len);
	case SINK_SOCKET:
		return send(s->fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	default:
		return write(s->fd, p, len);
	}
}

/* Returns how much was written before it would have waited. */
static ssize_t write_now(struct sink *s, const uint8_t *p, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write_some(s, p + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		done += (size_t) n;
	}
	return (ssize_t) done;
}

static int keep(struct sink *s, const uint8_t *p, size_t len)
{
	size_t cap = s->cap_bytes ? s->cap_bytes : 65536;
	uint8_t *kept;

	while (cap < s->kept_bytes + len)
		cap *= 2;
	if (cap > s->cap_bytes) {
		kept = realloc(s->kept, cap);
		if (!kept)
			return -ENOMEM;
		s->kept = kept;
		s->cap_bytes = cap;
	}
	memcpy(s->kept + s->kept_bytes, p, len);
	s->kept_bytes += len;
	return 0;
}

int sink_write(struct sink *s, const uint8_t *p, size_t len_bytes)
{
	ssize_t n = 0;

	if (s->kind == SINK_CALLBACK)
		return s->fn(s->ctx, p, len_bytes);
	if (!sink_is_slow(s))
		n = write_now(s, p, len_bytes);
	if (n < 0)
		return (int) n;
	return (size_t) n < len_bytes ? keep(s, p + n, len_bytes - (size_t) n) : 0;
}

int sink_flush(struct sink *s)
{
	ssize_t n;

	if (!sink_is_slow(s))
		return 0;
	n = write_now(s, s->kept, s->kept_bytes);
	if (n < 0)
		return (int) n;
	memmove(s->kept, s->kept + n, s->kept_bytes - (size_t) n);
	s->kept_bytes -= (size_t) n;
	return 0;
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
