/* SPDX-License-Identifier: MIT */
#include "netlink/dump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define RECV_BYTES 65536

int nl_walk(const uint8_t *buf, size_t len_bytes, nl_fn fn, void *ctx)
{
	size_t at = 0;

	while (len_bytes - at >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *) (buf + at);
		size_t step = NLMSG_ALIGN((size_t) h->nlmsg_len);
		int rc;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len_bytes - at)
			return -EBADMSG;
		rc = fn(ctx, h);
		if (rc != 0)
			return rc;
		at += step < len_bytes - at ? step : len_bytes - at;
	}
	return at == len_bytes ? 0 : -EBADMSG;
}

struct nl_attrs nl_attrs_of(const struct nlmsghdr *h, size_t skip_bytes)
{
	size_t head = sizeof(*h) + skip_bytes;

	if (h->nlmsg_len < head)
		return (struct nl_attrs){NULL, 0};
	return (struct nl_attrs){(const uint8_t *) h + head, h->nlmsg_len - head};
}

int nl_attr_next(struct nl_attrs *a, struct nl_attrs *ret)
{
	struct nlattr head;
	size_t step;

	if (a->len_bytes < sizeof(head))
		return -1;
	memcpy(&head, a->p, sizeof(head));
	if (head.nla_len < sizeof(head) || head.nla_len > a->len_bytes)
		return -1;
	*ret = (struct nl_attrs){a->p + sizeof(head), head.nla_len - sizeof(head)};
	step = NLA_ALIGN((size_t) head.nla_len);
	if (step > a->len_bytes)
		step = a->len_bytes;
	a->p += step;
	a->len_bytes -= step;
	return head.nla_type & NLA_TYPE_MASK;
}

/* Copy a number of @len_bytes; it may lie anywhere. */
static void copy(const struct nl_attrs *a, void *ret, size_t len_bytes)
{
	if (a->len_bytes >= len_bytes)
		memcpy(ret, a->p, len_bytes);
}

uint8_t nl_attr_u8(const struct nl_attrs *a)
{
	uint8_t v = 0;

	copy(a, &v, sizeof(v));
	return v;
}

uint16_t nl_attr_u16(const struct nl_attrs *a)
{
	uint16_t v = 0;

	copy(a, &v, sizeof(v));
	return v;
}

uint16_t nl_attr_be16(const struct nl_attrs *a)
{
	return ntohs(nl_attr_u16(a));
}

uint32_t nl_attr_u32(const struct nl_attrs *a)
{
	uint32_t v = 0;

	copy(a, &v, sizeof(v));
	return v;
}

uint32_t nl_attr_be32(const struct nl_attrs *a)
{
	if (a->len_bytes != 4)
		return 0;
	return (uint32_t) a->p[0] << 24 | (uint32_t) a->p[1] << 16 | (uint32_t) a->p[2] << 8 |
	       a->p[3];
}

void nl_attr_text(const struct nl_attrs *a, char *ret, size_t cap_bytes)
{
	size_t n = a->len_bytes < cap_bytes - 1 ? a->len_bytes : cap_bytes - 1;

	n = n > 0 ? strnlen((const char *) a->p, n) : 0;
	if (n > 0)
		memcpy(ret, a->p, n);
	ret[n] = '\0';
}

struct answer {
	uint32_t seq;
	nl_fn fn;
	void *ctx;
	bool done;
};

static int on_message(void *ctx, const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = NLMSG_DATA(h);
	struct answer *a = ctx;

	if (h->nlmsg_seq != a->seq)
		return a->fn(a->ctx, h); /* an event */
	if (h->nlmsg_type == NLMSG_DONE) {
		a->done = true;
		return 1;
	}
	if (h->nlmsg_type != NLMSG_ERROR)
		return a->fn(a->ctx, h);
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
		return -EBADMSG;
	return e->error < 0 ? e->error : 0;
}

int nl_receive(int sock, nl_fn fn, void *ctx)
{
	uint8_t buf[RECV_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	int rc = 0;

	while (rc == 0) {
		struct sockaddr_nl from;
		struct iovec iov = {.iov_base = buf, .iov_len = sizeof(buf)};
		struct msghdr mh = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1};
		ssize_t n = recvmsg(sock, &mh, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (mh.msg_flags & MSG_TRUNC)
			return -ENOBUFS;
		if (from.nl_pid == 0) /* from the kernel */
			rc = nl_walk(buf, (size_t) n, fn, ctx);
	}
	return rc;
}

int nl_dump(int sock, const struct nlmsghdr *request, int timeout_ms, nl_fn fn, void *ctx)
{
	struct answer a = {.seq = request->nlmsg_seq, .fn = fn, .ctx = ctx};
	int64_t end_ns = clock_mono_ns() + (int64_t) timeout_ms * 1000000;
	int rc;

	if (send(sock, request, request->nlmsg_len, MSG_NOSIGNAL) < 0)
		return -errno;
	while ((rc = nl_receive(sock, on_message, &a)) == 0) {
		struct pollfd p = {.fd = sock, .events = POLLIN};
		int64_t left_ns = end_ns - clock_mono_ns();

		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int) (left_ns / 1000000) + 1) < 0 && errno != EINTR)
			return -errno;
	}
	return a.done ? 0 : rc;
}
