/* SPDX-License-Identifier: MIT */
#include "dig/resolver.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"

void resolver_close(struct resolver *r)
{
	close_p(&r->fd);
	r->fd = -1;
	r->is_busy = false;
}

int resolver_ask(struct resolver *r, const struct dns_question *q, int64_t now_ns)
{
	uint8_t out[DNS_QUERY_BYTES];
	ssize_t n = dns_query(q, out), sent;

	if (n < 0)
		return (int) n;
	sent = send(r->fd, out, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno == EINVAL ? -EPIPE : -errno;
	/* the last question has been taken long ago: there is room for this one */
	if (sent != n)
		return -EPIPE;
	r->question = *q;
	r->is_busy = true;
	r->limit_ns = now_ns + RESOLVER_LIMIT_NS;
	return 0;
}

/* Take the answer out of what was read, and those to questions that were given up. Returns 1 if it
 * was there. */
static int take_answer(struct resolver *r, struct dns_addresses *ret)
{
	int rc = -ESTALE;

	while (rc == -ESTALE) {
		size_t len = dns_answer_bytes(r->in, r->len_bytes);

		if (len > sizeof(r->in))
			return -EMSGSIZE;
		if (len == 0 || r->len_bytes < len)
			return 0;
		rc = dns_answer(&r->question, r->in + 2, len - 2, ret);
		r->len_bytes -= len;
		memmove(r->in, r->in + len, r->len_bytes);
	}
	if (rc < 0)
		return rc;
	r->is_busy = false;
	return 1;
}

int resolver_read(struct resolver *r, struct dns_addresses *ret)
{
	ssize_t n = recv(r->fd, r->in + r->len_bytes, sizeof(r->in) - r->len_bytes, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n == 0)
		return -EPIPE;
	r->len_bytes += (size_t) n;
	return take_answer(r, ret);
}
