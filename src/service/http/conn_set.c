/* SPDX-License-Identifier: MIT */
#include "service/http/conn_set.h"

#include <stddef.h>
#include <string.h>

void conn_set_add(struct conn_set *s, struct conn_place *p)
{
	p->next = NULL;
	p->before = s->lists[p->class].last;
	*(p->before ? &p->before->next : &s->lists[p->class].first) = p;
	s->lists[p->class].last = p;
	s->n++;
}

void conn_set_remove(struct conn_set *s, struct conn_place *p)
{
	*(p->before ? &p->before->next : &s->lists[p->class].first) = p->next;
	*(p->next ? &p->next->before : &s->lists[p->class].last) = p->before;
	s->n--;
}

struct conn *conn_set_spare(const struct conn_set *s)
{
	const struct conn_place *half = s->lists[CONN_CLASS_HALF].first;
	const struct conn_place *idle = s->lists[CONN_CLASS_IDLE].first;

	if (half && (!idle || half->since_ns < idle->since_ns))
		return half->conn;
	return idle ? idle->conn : NULL;
}

struct conn *conn_set_oldest_half(
	const struct conn_set *s, const struct conn_peer *peer, uint32_t *ret_n)
{
	struct conn *oldest = NULL;

	*ret_n = 0;
	for (const struct conn_place *p = s->lists[CONN_CLASS_HALF].first; p; p = p->next) {
		if (memcmp(&p->peer, peer, sizeof(*peer)) != 0)
			continue;
		oldest = oldest ? oldest : p->conn;
		(*ret_n)++;
	}
	return oldest;
}

struct conn *conn_set_first(const struct conn_set *s, enum conn_class class)
{
	return s->lists[class].first ? s->lists[class].first->conn : NULL;
}
