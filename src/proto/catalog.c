/* SPDX-License-Identifier: MIT */
#include "proto/catalog.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/own.h"

static const uint8_t magic[4] = {'P', 'F', 'C', '5'};

/* Least encoded sizes, to refuse counts that cannot be true before memory is taken for them. */
#define LINK_MIN_BYTES   11
#define NETNS_MIN_BYTES  31
#define TARGET_MIN_BYTES 44
#define NAME_MIN_BYTES   27

void catalog_done(struct catalog *c)
{
	if (!c)
		return;
	for (uint32_t i = 0; i < c->n_netns && c->netns; i++)
		free(c->netns[i].links);
	for (uint32_t i = 0; i < c->n_targets && c->targets; i++) {
		free(c->targets[i].name);
		free(c->targets[i].type);
		free(c->targets[i].prefix);
	}
	free(c->netns);
	free(c->targets);
	free(c->names);
	memset(c, 0, sizeof(*c));
}

static void put_netns(struct wbuf *w, const struct catalog_netns *n)
{
	wbuf_u64(w, n->ref.inode);
	wbuf_u8(w, n->ref.kind);
	wbuf_u32(w, n->ref.pid);
	wbuf_u64(w, n->ref.starttime_ticks);
	wbuf_u32(w, n->ref.index);
	wbuf_str(w, n->name);
	wbuf_u32(w, n->n_links);
	for (uint32_t i = 0; i < n->n_links; i++) {
		wbuf_u32(w, n->links[i].ifindex);
		wbuf_u16(w, n->links[i].arphrd);
		wbuf_u8(w, n->links[i].operstate);
		wbuf_str(w, n->links[i].name);
		wbuf_str(w, n->links[i].altnames);
	}
}

static void put_target(struct wbuf *w, const struct catalog_target *t)
{
	wbuf_str(w, t->name);
	wbuf_str(w, t->type);
	wbuf_str(w, t->prefix);
	wbuf_u64(w, t->netns_inode);
	wbuf_u32(w, t->pid);
	wbuf_u64(w, t->starttime_ticks);
	wbuf_u32(w, t->owner);
	wbuf_u32(w, t->engine_pid);
	wbuf_u64(w, t->engine_starttime_ticks);
	wbuf_str(w, t->id);
}

static size_t address_bytes(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static void put_name(struct wbuf *w, const struct catalog_name *n)
{
	wbuf_u8(w, n->family);
	wbuf_bytes(w, n->bytes, address_bytes(n->family));
	wbuf_u64(w, n->netns_inode);
	wbuf_u32(w, n->engine_pid);
	wbuf_u64(w, n->engine_netns_inode);
	wbuf_str(w, n->name);
}

/* An upper bound of the encoded length, 0 if a limit is exceeded. */
static size_t encoded_bound(const struct catalog *c)
{
	size_t n = 24 + (size_t) c->n_names * (23 + 16 + CATALOG_HOST_MAX);

	if (c->n_netns > CATALOG_NETNS_MAX || c->n_targets > CATALOG_TARGETS_MAX ||
		c->n_names > CATALOG_NAMES_MAX)
		return 0;
	for (uint32_t i = 0; i < c->n_netns; i++) {
		if (c->netns[i].n_links > CATALOG_LINKS_MAX)
			return 0;
		n += NETNS_MIN_BYTES + strlen(c->netns[i].name) +
		     (size_t) c->netns[i].n_links * (LINK_MIN_BYTES + CATALOG_IFNAME_MAX);
		for (uint32_t j = 0; j < c->netns[i].n_links; j++)
			n += strlen(c->netns[i].links[j].altnames);
	}
	for (uint32_t i = 0; i < c->n_targets; i++) {
		const struct catalog_target *t = &c->targets[i];
		size_t name = strlen(t->name), type = strlen(t->type), prefix = strlen(t->prefix);

		if (name >= CATALOG_NAME_MAX || type >= CATALOG_TYPE_MAX ||
			prefix >= CATALOG_NAME_MAX)
			return 0;
		n += TARGET_MIN_BYTES + name + type + prefix + CATALOG_ID_MAX;
	}
	return n > CATALOG_BYTES_MAX ? 0 : n;
}

ssize_t catalog_encode(const struct catalog *c, uint8_t **ret)
{
	size_t cap = encoded_bound(c);
	struct wbuf w = {.cap_bytes = cap};

	if (cap == 0)
		return -EINVAL;
	w.p = malloc(cap);
	if (!w.p)
		return -ENOMEM;
	wbuf_bytes(&w, magic, sizeof(magic));
	wbuf_u32(&w, c->n_netns);
	wbuf_u32(&w, c->n_targets);
	wbuf_u32(&w, c->n_names);
	wbuf_u32(&w, c->n_engines);
	wbuf_u32(&w, c->n_engines_unreachable);
	for (uint32_t i = 0; i < c->n_netns; i++)
		put_netns(&w, &c->netns[i]);
	for (uint32_t i = 0; i < c->n_targets; i++)
		put_target(&w, &c->targets[i]);
	for (uint32_t i = 0; i < c->n_names; i++)
		put_name(&w, &c->names[i]);
	if (w.failed) {
		free(w.p);
		return -EINVAL;
	}
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

static int get_netns(struct rbuf *r, struct catalog_netns *n)
{
	n->ref.inode = rbuf_u64(r);
	n->ref.kind = rbuf_u8(r);
	n->ref.pid = rbuf_u32(r);
	n->ref.starttime_ticks = rbuf_u64(r);
	n->ref.index = rbuf_u32(r);
	rbuf_str(r, n->name, sizeof(n->name));
	if (n->ref.kind < NS_REF_PROC || n->ref.kind >= NS_REF_END)
		return -EBADMSG;
	n->n_links = rbuf_u32(r);
	n->links = get_array(r, n->n_links, sizeof(*n->links), LINK_MIN_BYTES);
	if (!n->links) {
		n->n_links = 0;
		return r->failed ? -EBADMSG : -ENOMEM;
	}
	for (uint32_t i = 0; i < n->n_links; i++) {
		n->links[i].ifindex = rbuf_u32(r);
		n->links[i].arphrd = rbuf_u16(r);
		n->links[i].operstate = rbuf_u8(r);
		rbuf_str(r, n->links[i].name, sizeof(n->links[i].name));
		rbuf_str(r, n->links[i].altnames, sizeof(n->links[i].altnames));
	}
	return r->failed ? -EBADMSG : 0;
}

static char *get_str(struct rbuf *r, size_t cap_bytes)
{
	char buf[CATALOG_NAME_MAX];

	rbuf_str(r, buf, cap_bytes);
	return r->failed ? NULL : strdup(buf);
}

static int get_target(struct rbuf *r, struct catalog_target *t)
{
	t->name = get_str(r, CATALOG_NAME_MAX);
	t->type = get_str(r, CATALOG_TYPE_MAX);
	t->prefix = get_str(r, CATALOG_NAME_MAX);
	t->netns_inode = rbuf_u64(r);
	t->pid = rbuf_u32(r);
	t->starttime_ticks = rbuf_u64(r);
	t->owner = rbuf_u32(r);
	t->engine_pid = rbuf_u32(r);
	t->engine_starttime_ticks = rbuf_u64(r);
	rbuf_str(r, t->id, sizeof(t->id));
	if (r->failed)
		return -EBADMSG;
	return t->name && t->type && t->prefix ? 0 : -ENOMEM;
}

int catalog_name_cmp(const struct catalog_name *a, const struct catalog_name *b)
{
	int rc = (int) a->family - (int) b->family;

	if (rc == 0)
		rc = memcmp(a->bytes, b->bytes, sizeof(a->bytes));
	if (rc == 0)
		rc = (a->netns_inode > b->netns_inode) - (a->netns_inode < b->netns_inode);
	return rc;
}

static int get_name(struct rbuf *r, struct catalog_name *n)
{
	const uint8_t *bytes;

	n->family = rbuf_u8(r);
	if (n->family != 4 && n->family != 6)
		return -EBADMSG;
	bytes = rbuf_bytes(r, address_bytes(n->family));
	if (bytes)
		memcpy(n->bytes, bytes, address_bytes(n->family));
	n->netns_inode = rbuf_u64(r);
	n->engine_pid = rbuf_u32(r);
	n->engine_netns_inode = rbuf_u64(r);
	rbuf_str(r, n->name, sizeof(n->name));
	return r->failed || n->name[0] == '\0' ? -EBADMSG : 0;
}

static int get_all_netns(struct rbuf *r, uint32_t n, struct catalog *c)
{
	c->netns = get_array(r, n, sizeof(*c->netns), NETNS_MIN_BYTES);
	if (!c->netns)
		return r->failed ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int rc;

		c->n_netns++; /* its links may be allocated also on failure */
		rc = get_netns(r, &c->netns[i]);
		if (rc == 0 && i > 0 && c->netns[i].ref.inode <= c->netns[i - 1].ref.inode)
			rc = -EBADMSG;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int get_all_targets(struct rbuf *r, uint32_t n, struct catalog *c)
{
	int rc = 0;

	c->targets = get_array(r, n, sizeof(*c->targets), TARGET_MIN_BYTES);
	if (!c->targets)
		return r->failed ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		c->n_targets++;
		rc = get_target(r, &c->targets[i]);
	}
	return rc;
}

static int get_all_names(struct rbuf *r, uint32_t n, struct catalog *c)
{
	c->names = get_array(r, n, sizeof(*c->names), NAME_MIN_BYTES);
	if (!c->names)
		return r->failed ? -EBADMSG : -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		int rc = get_name(r, &c->names[i]);

		if (rc == 0 && i > 0 && catalog_name_cmp(&c->names[i], &c->names[i - 1]) < 0)
			rc = -EBADMSG;
		if (rc < 0)
			return rc;
		c->n_names++;
	}
	return 0;
}

static int decode_into(struct rbuf *r, struct catalog *c)
{
	const uint8_t *m = rbuf_bytes(r, sizeof(magic));
	uint32_t n_netns = rbuf_u32(r), n_targets = rbuf_u32(r), n_names = rbuf_u32(r);
	int rc;

	c->n_engines = rbuf_u32(r);
	c->n_engines_unreachable = rbuf_u32(r);
	if (!m || c->n_engines_unreachable > c->n_engines || memcmp(m, magic, sizeof(magic)) != 0 ||
		n_netns > CATALOG_NETNS_MAX || n_targets > CATALOG_TARGETS_MAX ||
		n_names > CATALOG_NAMES_MAX)
		return -EBADMSG;
	rc = get_all_netns(r, n_netns, c);
	if (rc == 0)
		rc = get_all_targets(r, n_targets, c);
	if (rc == 0)
		rc = get_all_names(r, n_names, c);
	if (rc < 0)
		return rc;
	return rbuf_at_end(r) ? 0 : -EBADMSG;
}

int catalog_decode(const uint8_t *p, size_t len_bytes, struct catalog *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct catalog c;
	int rc;

	memset(&c, 0, sizeof(c));
	if (len_bytes > CATALOG_BYTES_MAX)
		return -EBADMSG;
	rc = decode_into(&r, &c);
	if (rc < 0) {
		catalog_done(&c);
		return rc;
	}
	*ret = c;
	return 0;
}

const struct catalog_netns *catalog_find_netns(const struct catalog *c, uint64_t inode)
{
	uint32_t lo = 0, hi = c->n_netns;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (c->netns[mid].ref.inode == inode)
			return &c->netns[mid];
		if (c->netns[mid].ref.inode < inode)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* Is @name in @list, where each name is followed by a space? */
static bool is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list, *end; (end = strchr(p, ' ')); p = end + 1) {
		if ((size_t) (end - p) == len && memcmp(p, name, len) == 0)
			return true;
	}
	return false;
}

const struct catalog_link *catalog_find_link(const struct catalog_netns *ns, const char *name)
{
	for (uint32_t i = 0; i < ns->n_links; i++) {
		if (strcmp(ns->links[i].name, name) == 0 || is_listed(ns->links[i].altnames, name))
			return &ns->links[i];
	}
	return NULL;
}
