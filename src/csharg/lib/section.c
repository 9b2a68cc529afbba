/* SPDX-License-Identifier: MIT */
#include "csharg/lib/section.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utf8.h"

enum {
	OPT_IF_NAME = 2,
	OPT_IF_TSRESOL = 9,
	OPT_IF_TSOFFSET = 14,
	OPT_EPB_FLAGS = 2,
	OPT_EPB_DROPCOUNT = 4,
	OPT_ISB_IFRECV = 4,
	OPT_ISB_IFDROP = 5,
	OPT_ISB_OSDROP = 7,
	OPT_ISB_USRDELIV = 8,
	NRB_IPV4 = 1,
	NRB_IPV6 = 2,
};

/* Walks the options of a block; those that reach beyond it end the walk. */
struct option {
	const uint8_t *at, *end;
	bool big_endian;
	uint16_t code, len;
	const uint8_t *value;
};

/* Fills in place: a copy of what was just stored in pieces makes the processor wait, for each
 * packet. */
static inline void options_of(const struct block *b, size_t at, struct option *ret)
{
	ret->at = b->p + at;
	ret->end = b->p + b->len_bytes - 4;
	ret->big_endian = b->big_endian;
}

static inline bool next_option(struct option *o)
{
	size_t room = (size_t) (o->end - o->at), padded;

	if (room < 4)
		return false;
	o->code = get16(o->big_endian, o->at);
	o->len = get16(o->big_endian, o->at + 2);
	padded = ((size_t) o->len + 3) & ~(size_t) 3;
	if (o->code == 0 || padded > room - 4)
		return false;
	o->value = o->at + 4;
	o->at += 4 + padded;
	return true;
}

static uint64_t option_u64(const struct option *o)
{
	uint64_t a, b;

	if (o->len != 8)
		return UINT64_MAX;
	a = get32(o->big_endian, o->value);
	b = get32(o->big_endian, o->value + 4);
	return o->big_endian ? a << 32 | b : b << 32 | a;
}

void section_next(struct section *s)
{
	for (size_t i = 0; i < s->n_interfaces; i++)
		free(s->interface[i].name);
	s->first_id += (uint32_t) s->n_interfaces;
	s->n_interfaces = 0;
}

void section_done(struct section *s)
{
	section_next(s);
	free(s->interface);
	*s = (struct section){0};
}

/* A name as the library shows it, cut to fit. */
static void clean_name(const uint8_t *p, size_t len, char ret[static SECTION_NAME_MAX])
{
	char raw[SECTION_NAME_MAX];
	size_t n = len < sizeof(raw) - 1 ? len : sizeof(raw) - 1;

	memcpy(raw, p, n);
	raw[n] = '\0';
	utf8_sanitize(raw, ret, SECTION_NAME_MAX);
}

static int read_interface_options(const struct block *b, struct section_interface *i)
{
	char name[SECTION_NAME_MAX];
	struct option o;

	options_of(b, 16, &o);
	while (next_option(&o)) {
		if (o.code == OPT_IF_NAME && !i->name) {
			clean_name(o.value, o.len, name);
			i->name = strdup(name);
			if (!i->name)
				return -ENOMEM;
		} else if (o.code == OPT_IF_TSRESOL && o.len == 1) {
			i->tsresol = o.value[0];
		} else if (o.code == OPT_IF_TSOFFSET && o.len == 8) {
			i->tsoffset_s = option_u64(&o);
		}
	}
	if (!i->name)
		i->name = strdup("");
	return i->name ? 0 : -ENOMEM;
}

int section_add(struct section *s, const struct block *b, struct err *e)
{
	struct section_interface i = {.tsresol = 6}, *v;

	if (b->len_bytes < 20)
		return err_set(e, -EBADMSG, "an interface description that is too short");
	if (s->n_interfaces >= SECTION_INTERFACES_MAX)
		return err_set(e, -E2BIG, "more than %d interfaces", SECTION_INTERFACES_MAX);
	v = grow(s->interface, s->n_interfaces, &s->cap, sizeof(*v));
	if (!v)
		return err_set(e, -ENOMEM, "out of memory");
	s->interface = v;
	i.linktype = get16(b->big_endian, b->p + 8);
	if (read_interface_options(b, &i) < 0) {
		free(i.name);
		return err_set(e, -ENOMEM, "out of memory");
	}
	s->interface[s->n_interfaces++] = i;
	return 0;
}

static uint64_t power_of_ten(unsigned int n)
{
	uint64_t v = 1;

	while (n-- > 0)
		v *= 10;
	return v;
}

/* @ts of the interface's resolution (a power of ten, or of two if the highest bit is set) in
 * nanoseconds since 1970. What does not fit wraps. */
static uint64_t time_ns(const struct section_interface *i, uint64_t ts)
{
	const uint64_t second = 1000000000;
	unsigned int n = i->tsresol & 0x7f;
	uint64_t ns;

	if (i->tsresol & 0x80)
		ns = (n < 64 ? (ts >> n) * second : 0) +
		     (uint64_t) ((unsigned __int128) (n < 64 ? ts & ((UINT64_C(1) << n) - 1) : ts) *
					 second >>
				 n);
	else if (n <= 9)
		ns = ts * power_of_ten(9 - n);
	else
		ns = n - 9 > 19 ? 0 : ts / power_of_ten(n - 9);
	return ns + i->tsoffset_s * second;
}

static const struct section_interface *find(const struct section *s, uint32_t id, struct err *e)
{
	if (id < s->n_interfaces)
		return &s->interface[id];
	(void) err_set(e, -EBADMSG, "a block of interface %u, which was not described", id);
	return NULL;
}

/* A packet without time or interface of its own; its length is what the block has. */
static int simple_packet(
	const struct section *s, const struct block *b, struct csharg_packet *ret, struct err *e)
{
	const struct section_interface *i = find(s, 0, e);
	size_t room = b->len_bytes - 16;

	if (!i || b->len_bytes < 16)
		return err_set(
			e, -EBADMSG, "a packet block that is too short or lacks an interface");
	ret->original_len_bytes = get32(b->big_endian, b->p + 8);
	ret->len_bytes = ret->original_len_bytes < room ? ret->original_len_bytes : (uint32_t) room;
	ret->bytes = b->p + 12;
	return 0;
}

/* The interface and the captured length of a packet block that has both. */
static inline int place_packet(const struct section *s, const struct block *b, uint32_t *ret_id,
	uint32_t *ret_len, struct err *e)
{
	uint32_t id, len;

	if (b->len_bytes < EPB_DATA_AT + 4)
		return err_set(e, -EBADMSG, "a packet block that is too short");
	id = b->type == BLOCK_EPB ? get32(b->big_endian, b->p + 8) : get16(b->big_endian, b->p + 8);
	if (!find(s, id, e))
		return -EBADMSG;
	len = get32(b->big_endian, b->p + 20);
	if (len > b->len_bytes - EPB_DATA_AT - 4)
		return err_set(e, -EBADMSG, "a packet that is longer than its block");
	*ret_id = id;
	*ret_len = len;
	return 0;
}

/* Only one of the three kinds has any. */
static inline void packet_options(const struct block *b, uint32_t len_bytes, struct option *ret)
{
	size_t padded = ((size_t) len_bytes + 3) & ~(size_t) 3;

	options_of(b, b->type == BLOCK_EPB ? EPB_DATA_AT + padded : b->len_bytes - 4, ret);
}

int section_packet(
	const struct section *s, const struct block *b, struct csharg_packet *ret, struct err *e)
{
	struct csharg_packet p = {.bytes = b->p + EPB_DATA_AT};
	const struct section_interface *i;
	struct option o;
	uint32_t id = 0;
	int rc = b->type == BLOCK_SPB ? simple_packet(s, b, &p, e)
				      : place_packet(s, b, &id, &p.len_bytes, e);

	if (rc < 0)
		return rc;
	i = &s->interface[id];
	p.interface = i->name;
	p.interface_id = s->first_id + id;
	p.linktype = i->linktype;
	if (b->type != BLOCK_SPB) {
		p.original_len_bytes = get32(b->big_endian, b->p + 24);
		p.ts_ns = time_ns(i, (uint64_t) get32(b->big_endian, b->p + 12) << 32 |
					     get32(b->big_endian, b->p + 16));
	}
	packet_options(b, p.len_bytes, &o);
	while (next_option(&o)) {
		if (o.code == OPT_EPB_FLAGS && o.len == 4)
			p.flags = get32(b->big_endian, o.value);
		else if (o.code == OPT_EPB_DROPCOUNT && o.len == 8)
			p.lost_before = option_u64(&o);
	}
	*ret = p;
	return 0;
}

int section_packet_facts(const struct section *s, const struct block *b,
	struct section_packet_facts *ret, struct err *e)
{
	struct section_packet_facts facts = {0};
	struct csharg_packet simple;
	struct option o;
	uint32_t id;
	int rc = b->type == BLOCK_SPB ? simple_packet(s, b, &simple, e)
				      : place_packet(s, b, &id, &facts.len_bytes, e);

	if (rc < 0)
		return rc;
	packet_options(b, facts.len_bytes, &o);
	while (next_option(&o))
		if (o.code == OPT_EPB_DROPCOUNT && o.len == 8)
			facts.lost_before = option_u64(&o);
	*ret = facts;
	return 0;
}

int section_statistics(
	struct section *s, const struct block *b, struct csharg_statistics *ret, struct err *e)
{
	struct csharg_statistics t = {.received = UINT64_MAX,
		.lost = UINT64_MAX,
		.lost_kernel = UINT64_MAX,
		.delivered = UINT64_MAX};
	struct option o;
	uint32_t id;

	if (b->len_bytes < 24)
		return err_set(e, -EBADMSG, "a statistics block that is too short");
	id = get32(b->big_endian, b->p + 8);
	if (!find(s, id, e))
		return -EBADMSG;
	options_of(b, 20, &o);
	while (next_option(&o)) {
		if (o.code == OPT_ISB_IFRECV)
			t.received = option_u64(&o);
		else if (o.code == OPT_ISB_IFDROP)
			t.lost = option_u64(&o);
		else if (o.code == OPT_ISB_OSDROP)
			t.lost_kernel = option_u64(&o);
		else if (o.code == OPT_ISB_USRDELIV)
			t.delivered = option_u64(&o);
	}
	if (t.lost != UINT64_MAX)
		s->interface[id].lost = t.lost;
	t.interface = s->interface[id].name;
	t.interface_id = s->first_id + id;
	*ret = t;
	return 0;
}

/* The names of one address: @width_bytes of address, then names that each end with NUL. */
static int record_names(const struct option *record, int family, size_t width_bytes,
	int (*fn)(void *ctx, const struct csharg_name *name), void *ctx)
{
	char address[INET6_ADDRSTRLEN], name[SECTION_NAME_MAX];
	const uint8_t *at, *end = record->value + record->len, *nul;
	struct csharg_name shown = {.address = address, .name = name};
	int rc = 0;

	if (record->len < width_bytes ||
		!inet_ntop(family, record->value, address, sizeof(address)))
		return 0;
	for (at = record->value + width_bytes; rc == 0 && at < end; at = nul + 1) {
		nul = memchr(at, 0, (size_t) (end - at));
		if (!nul)
			return 0;
		clean_name(at, (size_t) (nul - at), name);
		rc = fn(ctx, &shown);
	}
	return rc;
}

int section_names(
	const struct block *b, int (*fn)(void *ctx, const struct csharg_name *name), void *ctx)
{
	struct option record; /* records have the form of options */
	int rc = 0;

	if (!fn)
		return 0;
	options_of(b, 8, &record);
	while (rc == 0 && next_option(&record)) {
		if (record.code == NRB_IPV4)
			rc = record_names(&record, AF_INET, 4, fn, ctx);
		else if (record.code == NRB_IPV6)
			rc = record_names(&record, AF_INET6, 16, fn, ctx);
	}
	return rc;
}
