/* SPDX-License-Identifier: MIT */
#include "service/hub/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "pcapng/write.h"

struct names_entry {
	uint8_t family;
	uint8_t bytes[16];
	uint8_t n_names;
	uint64_t version; /* in which it became what it is */
	char *text;       /* owned: the names, each ended by NUL */
	size_t text_len_bytes;
};

void names_done(struct names *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].text);
	free(n->v);
	*n = (struct names){0};
}

static bool is_same_address(const struct catalog_name *a, const struct catalog_name *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Who looks. */
struct place {
	uint64_t inode;
	uint32_t engine_pid; /* of the container that is there, 0 = none */
};

/* How close is the owner of @n to who looks? An address may be in use several times: in networks of
 * several engines, nested ones for example. */
static int closeness(const struct catalog_name *n, const struct place *at)
{
	if (n->netns_inode == at->inode)
		return 3;
	if (at->engine_pid != 0 && n->engine_pid == at->engine_pid)
		return 2;
	return n->engine_netns_inode == at->inode;
}

/* Of the @n names of one address, those of the closest namespace: *@ret_n from the returned one on,
 * 0 when several are as close, as nobody knows then whose it is. */
static const struct catalog_name *choose(
	const struct catalog_name *all, size_t n, const struct place *at, size_t *ret_n)
{
	const struct catalog_name *best = all;
	bool is_tie = false;
	size_t count = 0;

	for (size_t i = 1; i < n; i++) {
		int more = closeness(&all[i], at) - closeness(best, at);

		if (all[i].netns_inode == best->netns_inode)
			continue;
		if (more > 0)
			best = &all[i];
		is_tie = more == 0 || (is_tie && more < 0);
	}
	while (best + count < all + n && best[count].netns_inode == best->netns_inode)
		count++;
	*ret_n = is_tie ? 0 : count < NAMES_OF_ONE ? count : NAMES_OF_ONE;
	return best;
}

static uint32_t engine_of(const struct catalog *cat, uint64_t inode)
{
	for (uint32_t i = 0; i < cat->n_names; i++) {
		if (cat->names[i].netns_inode == inode)
			return cat->names[i].engine_pid;
	}
	return 0;
}

static int make_entry(const struct catalog_name *names, size_t n, struct names_entry *ret)
{
	size_t len = 0;

	*ret = (struct names_entry){.family = names[0].family, .n_names = (uint8_t) n};
	memcpy(ret->bytes, names[0].bytes, sizeof(ret->bytes));
	for (size_t i = 0; i < n; i++)
		ret->text_len_bytes += strlen(names[i].name) + 1;
	ret->text = malloc(ret->text_len_bytes);
	if (!ret->text)
		return -ENOMEM;
	/* the best one last: of several, readers show the last */
	for (size_t i = n; i-- > 0;) {
		size_t one = strlen(names[i].name) + 1;

		memcpy(ret->text + len, names[i].name, one);
		len += one;
	}
	return 0;
}

static int make_all(struct names *n, const struct catalog *cat, uint64_t inode)
{
	const struct place at = {inode, engine_of(cat, inode)};
	size_t i = 0;

	n->v = calloc((size_t) cat->n_names + 1, sizeof(*n->v));
	if (!n->v)
		return -ENOMEM;
	while (i < cat->n_names && n->n < NAMES_MAX) {
		const struct catalog_name *first = &cat->names[i], *chosen;
		size_t same = 1, n_chosen;

		while (i + same < cat->n_names && is_same_address(first, first + same))
			same++;
		chosen = choose(first, same, &at, &n_chosen);
		if (n_chosen > 0 && make_entry(chosen, n_chosen, &n->v[n->n]) < 0)
			return -ENOMEM;
		n->n += n_chosen > 0;
		i += same;
	}
	return 0;
}

static int cmp_address(const struct names_entry *a, const struct names_entry *b)
{
	return a->family != b->family ? (int) a->family - (int) b->family
				      : memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

/* Give the entries of @next that are the same in @before their version, and the others @version.
 * Both are sorted. Returns whether there are others. */
static bool inherit(struct names *next, const struct names *before, uint64_t version)
{
	bool is_new = false;
	size_t j = 0;

	for (size_t i = 0; i < next->n; i++) {
		struct names_entry *e = &next->v[i];
		const struct names_entry *o;

		while (j < before->n && cmp_address(&before->v[j], e) < 0)
			j++;
		o = j < before->n && cmp_address(&before->v[j], e) == 0 ? &before->v[j] : NULL;
		if (o && o->text_len_bytes == e->text_len_bytes &&
			memcmp(o->text, e->text, e->text_len_bytes) == 0) {
			e->version = o->version;
			continue;
		}
		e->version = version;
		is_new = true;
	}
	return is_new;
}

int names_update(struct names *n, const struct catalog *cat, uint64_t inode)
{
	struct names next = {0};
	bool is_new;

	if (make_all(&next, cat, inode) < 0) {
		names_done(&next);
		return -ENOMEM;
	}
	is_new = inherit(&next, n, n->version + 1);
	next.version = n->version + is_new;
	names_done(n);
	*n = next;
	return is_new;
}

size_t names_bytes(const struct names *n, uint64_t since)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n->n; i++) {
		if (n->v[i].version > since)
			bytes += PCAPNG_NRB_RECORD_BYTES + n->v[i].text_len_bytes;
	}
	return bytes ? bytes + PCAPNG_NRB_BYTES : 0;
}

ssize_t names_put(const struct names *n, uint64_t since, uint8_t *out, size_t cap_bytes)
{
	AUTO_FREE struct pcapng_name *records = calloc(n->n + 1, sizeof(*records));
	size_t count = 0;

	if (!records)
		return -ENOMEM;
	for (size_t i = 0; i < n->n; i++) {
		const struct names_entry *e = &n->v[i];

		if (e->version > since)
			records[count++] =
				(struct pcapng_name){.addr_len_bytes = e->family == 4 ? 4 : 16,
					.addr = e->bytes,
					.names = e->text,
					.names_len_bytes = e->text_len_bytes};
	}
	return pcapng_put_nrb(records, count, out, cap_bytes);
}
