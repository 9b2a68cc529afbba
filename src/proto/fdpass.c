/* SPDX-License-Identifier: MIT */
#include "proto/fdpass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for more descriptors than we accept, so that a surplus one is seen and closed instead of
 * only being reported as truncation. */
#define CONTROL_FDS (FDPASS_FDS_MAX + 4)

union control {
	char buf[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
	struct cmsghdr align;
};

int fdpass_pair(int ret_pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair) < 0 ? -errno : 0;
}

int fdpass_send(int sock, const void *msg, size_t len_bytes, const int *fds, size_t n_fds)
{
	struct iovec iov = {.iov_base = (void *) msg, .iov_len = len_bytes};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
	union control c;

	if (n_fds > FDPASS_FDS_MAX || len_bytes == 0)
		return -EINVAL;
	if (n_fds > 0) {
		struct cmsghdr *cm = &c.align;

		memset(&c, 0, sizeof(c));
		mh.msg_control = c.buf;
		mh.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, n_fds * sizeof(int));
	}
	for (;;) {
		if (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* Move the descriptors of one control message into @s, closing what does not fit.
 * Returns false when there was a surplus. */
static int collect(const struct cmsghdr *cm, struct fdset *s)
{
	size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	const unsigned char *data = CMSG_DATA(cm);
	int surplus = 0;

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, data + i * sizeof(int), sizeof(fd));
		if (s->n < FDPASS_FDS_MAX) {
			s->fd[s->n++] = fd;
		} else {
			(void) close(fd);
			surplus = 1;
		}
	}
	return !surplus;
}

ssize_t fdpass_recv(int sock, void *ret_msg, size_t cap_bytes, struct fdset *ret_fds)
{
	struct fdset got = FDSET_NONE;
	struct iovec iov = {.iov_base = ret_msg, .iov_len = cap_bytes};
	union control c;
	struct msghdr mh = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = sizeof(c.buf)};
	ssize_t n;
	int rc = 0;

	do {
		n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno; /* gone without reading all we sent */
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(&mh); cm; cm = CMSG_NXTHDR(&mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			rc = -EBADMSG;
		else if (!collect(cm, &got))
			rc = -EMSGSIZE;
	}
	if (mh.msg_flags & MSG_TRUNC)
		rc = -EMSGSIZE;
	/* cut without a surplus: the kernel found no free descriptor numbers in this process */
	if (rc < 0 || (mh.msg_flags & MSG_CTRUNC))
		fdset_done(&got);
	if (rc < 0)
		return rc;
	*ret_fds = got;
	return n;
}

int fdset_take(struct fdset *s, size_t i)
{
	int fd;

	if (i >= s->n)
		return -1;
	fd = s->fd[i];
	s->fd[i] = -1;
	return fd;
}

void fdset_done(struct fdset *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->fd[i] >= 0)
			(void) close(s->fd[i]);
		s->fd[i] = -1;
	}
	s->n = 0;
}
