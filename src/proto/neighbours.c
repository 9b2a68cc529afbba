/* SPDX-License-Identifier: MIT */
#include "proto/neighbours.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/own.h"
#include "proto/catalog.h"

static const uint8_t magic[4] = {'P', 'F', 'N', '1'};

/* Encoded sizes without names and networks: also to refuse counts that cannot be true before memory
 * is taken for them. */
#define NETWORK_BYTES   2
#define CONTAINER_BYTES 34

void neighbours_done(struct neighbours *n)
{
	for (uint32_t i = 0; i < n->n_networks && n->networks; i++)
		free(n->networks[i]);
	for (uint32_t i = 0; i < n->n_containers && n->containers; i++) {
		free(n->containers[i].name);
		free(n->containers[i].service);
		free(n->containers[i].networks);
	}
	free(n->networks);
	free(n->containers);
	memset(n, 0, sizeof(*n));
}

/* The encoded length, 0 if a limit is exceeded. */
static size_t encoded_bytes(const struct neighbours *n)
{
	size_t len = sizeof(magic) + 8;

	if (n->n_networks > NEIGHBOURS_NETWORKS_MAX || n->n_containers > NEIGHBOURS_CONTAINERS_MAX)
		return 0;
	for (uint32_t i = 0; i < n->n_networks; i++) {
		size_t name = strlen(n->networks[i]);

		if (name >= NEIGHBOURS_NAME_MAX)
			return 0;
		len += NETWORK_BYTES + name;
	}
	for (uint32_t i = 0; i < n->n_containers; i++) {
		const struct neighbour *c = &n->containers[i];
		size_t name = strlen(c->name), service = strlen(c->service);

		if (name >= NEIGHBOURS_NAME_MAX || service >= NEIGHBOURS_NAME_MAX ||
			c->n_networks > n->n_networks)
			return 0;
		len += CONTAINER_BYTES + name + service + (size_t) 4 * c->n_networks;
	}
	return len > CATALOG_BYTES_MAX ? 0 : len;
}

static void put_container(struct wbuf *w, const struct neighbour *c)
{
	wbuf_u64(w, c->ref.inode);
	wbuf_u8(w, c->ref.kind);
	wbuf_u32(w, c->ref.pid);
	wbuf_u64(w, c->ref.starttime_ticks);
	wbuf_u32(w, c->ref.index);
	wbuf_u8(w, c->is_docker);
	wbuf_str(w, c->name);
	wbuf_str(w, c->service);
	wbuf_u32(w, c->n_networks);
	for (uint32_t i = 0; i < c->n_networks; i++)
		wbuf_u32(w, c->networks[i]);
}

ssize_t neighbours_encode(const struct neighbours *n, uint8_t **ret)
{
	struct wbuf w = {.cap_bytes = encoded_bytes(n)};

	if (w.cap_bytes == 0)
		return -EINVAL;
	w.p = malloc(w.cap_bytes);
	if (!w.p)
		return -ENOMEM;
	wbuf_bytes(&w, magic, sizeof(magic));
	wbuf_u32(&w, n->n_networks);
	wbuf_u32(&w, n->n_containers);
	for (uint32_t i = 0; i < n->n_networks; i++)
		wbuf_str(&w, n->networks[i]);
	for (uint32_t i = 0; i < n->n_containers; i++)
		put_container(&w, &n->containers[i]);
	*ret = w.p;
	return (ssize_t) w.len_bytes;
}

/* Allocate @n elements of @size if @r still holds at least @min_bytes for each of them. */
static void *get_array(struct rbuf *r, uint32_t n, size_t size, size_t min_bytes)
{
	if (r->failed || n > (r->len_bytes - r->pos_bytes) / min_bytes) {
		r->failed = true;
		return NULL;
	}
	return calloc(n ? n : 1, size);
}

static char *get_name(struct rbuf *r)
{
	char buf[NEIGHBOURS_NAME_MAX];

	rbuf_str(r, buf, sizeof(buf));
	return r->failed ? NULL : strdup(buf);
}

/* The networks a container is in: each once, in their order. */
static void get_attachments(struct rbuf *r, uint32_t n_networks, struct neighbour *c)
{
	uint32_t n = rbuf_u32(r);

	c->networks = get_array(r, n, sizeof(*c->networks), 4);
	for (uint32_t i = 0; c->networks && i < n; i++) {
		c->networks[i] = rbuf_u32(r);
		if (c->networks[i] >= n_networks || (i > 0 && c->networks[i] <= c->networks[i - 1]))
			r->failed = true;
	}
	c->n_networks = n;
}

static int get_container(struct rbuf *r, uint32_t n_networks, struct neighbour *c)
{
	uint8_t is_docker;

	c->ref.inode = rbuf_u64(r);
	c->ref.kind = rbuf_u8(r);
	c->ref.pid = rbuf_u32(r);
	c->ref.starttime_ticks = rbuf_u64(r);
	c->ref.index = rbuf_u32(r);
	is_docker = rbuf_u8(r);
	c->is_docker = is_docker;
	c->name = get_name(r);
	c->service = get_name(r);
	get_attachments(r, n_networks, c);
	if (r->failed || is_docker > 1 || c->ref.kind < NS_REF_PROC || c->ref.kind >= NS_REF_END)
		return -EBADMSG;
	return c->name && c->service && c->networks ? 0 : -ENOMEM;
}

static int get_networks(struct rbuf *r, uint32_t n, struct neighbours *all)
{
	all->networks = get_array(r, n, sizeof(*all->networks), NETWORK_BYTES);
	if (!all->networks)
		return r->failed ? -EBADMSG : -ENOMEM;
	all->n_networks = n;
	for (uint32_t i = 0; i < n; i++) {
		all->networks[i] = get_name(r);
		if (!all->networks[i])
			return r->failed ? -EBADMSG : -ENOMEM;
	}
	return 0;
}

static int get_containers(struct rbuf *r, uint32_t n, struct neighbours *all)
{
	int rc = 0;

	all->containers = get_array(r, n, sizeof(*all->containers), CONTAINER_BYTES);
	if (!all->containers)
		return r->failed ? -EBADMSG : -ENOMEM;
	all->n_containers = n;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		rc = get_container(r, all->n_networks, &all->containers[i]);
		if (rc == 0 && i > 0 &&
			strcmp(all->containers[i].name, all->containers[i - 1].name) < 0)
			rc = -EBADMSG;
	}
	return rc;
}

static int decode_into(struct rbuf *r, struct neighbours *n)
{
	const uint8_t *m = rbuf_bytes(r, sizeof(magic));
	uint32_t n_networks = rbuf_u32(r), n_containers = rbuf_u32(r);
	int rc;

	if (!m || memcmp(m, magic, sizeof(magic)) != 0 || n_networks > NEIGHBOURS_NETWORKS_MAX ||
		n_containers > NEIGHBOURS_CONTAINERS_MAX)
		return -EBADMSG;
	rc = get_networks(r, n_networks, n);
	if (rc == 0)
		rc = get_containers(r, n_containers, n);
	if (rc < 0)
		return rc;
	return rbuf_at_end(r) ? 0 : -EBADMSG;
}

int neighbours_decode(const uint8_t *p, size_t len_bytes, struct neighbours *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct neighbours n = {0};
	int rc = len_bytes > CATALOG_BYTES_MAX ? -EBADMSG : decode_into(&r, &n);

	if (rc < 0) {
		neighbours_done(&n);
		return rc;
	}
	*ret = n;
	return 0;
}

const struct neighbour *neighbours_find(const struct neighbours *n, const char *name)
{
	for (uint32_t i = 0; i < n->n_containers; i++) {
		if (n->containers[i].is_docker && strcmp(n->containers[i].name, name) == 0)
			return &n->containers[i];
	}
	return NULL;
}
