/* SPDX-License-Identifier: MIT */
#include "discover/detail/sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/grow.h"

#define UDP_CONNECTED   1 /* TCP_ESTABLISHED, TCP_CLOSE: the kernel's states of UDP sockets */
#define UDP_UNCONNECTED 7

struct filling {
	struct socket_list *list;
	uint8_t protocol;
};

static int add(void *ctx, const struct diag_socket *s)
{
	const struct filling *f = ctx;
	struct socket_list *l = f->list;
	struct socket_entry *v;

	if (f->protocol == IPPROTO_UDP && s->state != UDP_CONNECTED && s->state != UDP_UNCONNECTED)
		return 0;
	if (l->n >= l->limit)
		return 0;
	v = grow(l->v, l->n, &l->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n++] = (struct socket_entry){*s, f->protocol};
	return 0;
}

/* Sockets that do not listen: each time every socket of every namespace is looked at. */
static int list_others(int diag, struct filling *f)
{
	return diag_dump_tcp(diag, DIAG_STATES_ALL & ~DIAG_STATES_LISTEN, add, f);
}

/* Connections that are about to be made, which the kernel does not count. */
static int list_half_open(int diag, struct filling *f)
{
	int64_t began_ns = clock_mono_ns();
	int rc = list_others(diag, f);

	*f->list->half_open_ns -= clock_mono_ns() - began_ns;
	return rc;
}

static int list_tcp(int diag, const struct sockstat *stat, struct socket_list *l)
{
	struct filling f = {l, IPPROTO_TCP};
	int rc;

	if (stat->tcp == 0 && stat->tcp_waits == 0)
		return 0;
	rc = diag_dump_tcp(diag, DIAG_STATES_LISTEN, add, &f);
	if (rc == 0 && (stat->tcp_waits > 0 || l->n < stat->tcp))
		return list_others(diag, &f);
	if (rc == 0 && l->n > 0 && l->half_open_ns && *l->half_open_ns > 0)
		return list_half_open(diag, &f);
	return rc;
}

static int list_udp(int diag, const struct sockstat *stat, struct socket_list *l)
{
	struct filling f = {l, IPPROTO_UDP};
	int rc = stat->udp4 > 0 ? diag_dump_udp(diag, AF_INET, add, &f) : 0;

	if (rc == 0 && stat->udp6 > 0)
		rc = diag_dump_udp(diag, AF_INET6, add, &f);
	return rc;
}

static int cmp_local(const struct socket_entry *x, const struct socket_entry *y)
{
	int rc = (int) x->protocol - (int) y->protocol;

	if (rc == 0)
		rc = (int) x->s.family - (int) y->s.family;
	if (rc == 0)
		rc = memcmp(x->s.local, y->s.local, sizeof(x->s.local));
	return rc ? rc : (int) x->s.local_port - (int) y->s.local_port;
}

static int cmp_socket(const void *a, const void *b)
{
	const struct socket_entry *x = a, *y = b;
	int rc = cmp_local(x, y);

	if (rc == 0)
		rc = memcmp(x->s.remote, y->s.remote, sizeof(x->s.remote));
	if (rc == 0)
		rc = (int) x->s.remote_port - (int) y->s.remote_port;
	if (rc == 0)
		rc = (x->s.inode > y->s.inode) - (x->s.inode < y->s.inode);
	return rc;
}

int sockets_list(int diag, const struct sockstat *stat, struct socket_list *l)
{
	int rc = list_tcp(diag, stat, l);

	if (rc == 0)
		rc = list_udp(diag, stat, l);
	if (l->n > 0)
		qsort(l->v, l->n, sizeof(*l->v), cmp_socket);
	return rc;
}

size_t sockets_find(const struct socket_list *l, const struct socket_entry *like,
	const struct socket_entry **ret)
{
	size_t low = 0, high = l->n, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (cmp_local(&l->v[mid], like) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < l->n && cmp_local(&l->v[low + n], like) == 0)
		n++;
	*ret = n > 0 ? &l->v[low] : NULL;
	return n;
}

void sockets_done(struct socket_list *l)
{
	free(l->v);
	*l = (struct socket_list){0};
}
