/* SPDX-License-Identifier: MIT */
#include "broker/captures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"

int captures_admit(const struct captures *c, uint32_t id, uint32_t epoch, uint64_t bytes)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->all[i].id == id && c->all[i].epoch == epoch)
			return -EEXIST;
	}
	if (c->n >= c->limits.max_captures)
		return -EBUSY;
	return bytes > c->limits.memory_bytes - c->bytes ? -ENOMEM : 0;
}

struct running_capture *captures_add(struct captures *c, const struct running_capture *r)
{
	size_t cap = c->cap ? c->cap * 2 : 16;
	struct running_capture *all;

	if (c->n == c->cap) {
		all = reallocarray(c->all, cap, sizeof(*all));
		if (!all)
			return NULL;
		c->all = all;
		c->cap = cap;
	}
	c->all[c->n] = *r;
	c->all[c->n].serial = ++c->last_serial;
	c->bytes += r->bytes;
	return &c->all[c->n++];
}

int captures_grow(struct captures *c, struct running_capture *r, uint32_t ring_bytes)
{
	if (ring_bytes < r->ring_bytes)
		return -EINVAL;
	/* for a moment there are both rings */
	if (ring_bytes > c->limits.memory_bytes - c->bytes)
		return -ENOMEM;
	c->bytes += ring_bytes - r->ring_bytes;
	r->bytes += ring_bytes - r->ring_bytes;
	r->ring_bytes = ring_bytes;
	return 0;
}

struct running_capture *captures_find(struct captures *c, uint32_t id, uint32_t epoch)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->all[i].id == id && c->all[i].epoch == epoch)
			return &c->all[i];
	}
	return NULL;
}

struct running_capture *captures_find_reader(struct captures *c, pid_t reader)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->all[i].reader == reader)
			return &c->all[i];
	}
	return NULL;
}

static void close_spares(struct running_capture *r)
{
	for (size_t i = 0; i < READER_SPARES; i++)
		close_p(&r->spare_sockets[i]);
}

struct running_capture *captures_find_serial(struct captures *c, uint32_t serial)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->all[i].serial == serial)
			return &c->all[i];
	}
	return NULL;
}

void captures_remove(struct captures *c, struct running_capture *r)
{
	close_p(&r->target_pidfd);
	close_spares(r);
	c->bytes -= r->bytes;
	*r = c->all[--c->n];
}

void captures_done(struct captures *c)
{
	for (size_t i = 0; i < c->n; i++) {
		close_p(&c->all[i].target_pidfd);
		close_spares(&c->all[i]);
	}
	free(c->all);
	memset(c, 0, sizeof(*c));
}
