/* SPDX-License-Identifier: MIT */
#include "proto/capture_conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "proto/conf_program.h"

void capture_conf_done(struct capture_conf *c)
{
	free(c->names);
	free(c->filter);
	for (size_t i = 0; i < CONF_PROGRAMS_MAX; i++)
		free(c->programs[i].insns);
	memset(c, 0, sizeof(*c));
}

static size_t addr_len(uint8_t family)
{
	return family == 4 ? 4 : 16;
}

static void put_endpoints(struct wbuf *w, const struct conf_endpoint *ep, uint16_t n)
{
	wbuf_u16(w, n);
	for (uint16_t i = 0; i < n; i++) {
		wbuf_u8(w, ep[i].family);
		wbuf_u16(w, ep[i].port);
		wbuf_bytes(w, ep[i].addr, addr_len(ep[i].family));
	}
}

ssize_t capture_conf_encode(const struct capture_conf *c, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	if (c->n_names > CONF_NAMES_MAX || c->n_programs > CONF_PROGRAMS_MAX ||
		c->n_endpoints > CONF_ENDPOINTS_MAX || c->snaplen == 0 ||
		c->snaplen > CONF_SNAPLEN_MAX || c->first_interface > CONF_FIRST_MAX ||
		(c->filter && strlen(c->filter) > CONF_FILTER_MAX))
		return -EINVAL;
	wbuf_u8(&w, CONF_START);
	wbuf_u32(&w, c->snaplen);
	wbuf_u8(&w, c->promiscuous);
	wbuf_u8(&w, c->may_grow);
	wbuf_u16(&w, c->n_names);
	for (uint16_t i = 0; i < c->n_names; i++)
		wbuf_str(&w, c->names[i]);
	wbuf_str(&w, c->filter ? c->filter : "");
	wbuf_u16(&w, c->n_programs);
	for (uint16_t i = 0; i < c->n_programs; i++)
		conf_program_put(&w, &c->programs[i]);
	put_endpoints(&w, c->endpoints, c->n_endpoints);
	wbuf_u32(&w, c->first_interface);
	wbuf_str(&w, c->comment);
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

ssize_t conf_exclude_encode(
	const struct conf_endpoint *ep, uint16_t n, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	if (n > CONF_ENDPOINTS_MAX)
		return -EINVAL;
	wbuf_u8(&w, CONF_EXCLUDE);
	put_endpoints(&w, ep, n);
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

ssize_t conf_stop_encode(uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	wbuf_u8(&w, CONF_STOP);
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

ssize_t conf_ring_encode(uint32_t ring_bytes, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	wbuf_u8(&w, CONF_RING);
	wbuf_u32(&w, ring_bytes);
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

int conf_kind(const uint8_t *p, size_t len_bytes)
{
	if (len_bytes == 0 || p[0] < CONF_START || p[0] > CONF_RING ||
		(p[0] == CONF_STOP && len_bytes != 1))
		return 0;
	return p[0];
}

static uint16_t get_endpoints(struct rbuf *r, struct conf_endpoint *ep)
{
	uint16_t n = rbuf_u16(r);

	if (n > CONF_ENDPOINTS_MAX)
		r->failed = true;
	for (uint16_t i = 0; i < n && !r->failed; i++) {
		const uint8_t *a;

		memset(&ep[i], 0, sizeof(ep[i]));
		ep[i].family = rbuf_u8(r);
		ep[i].port = rbuf_u16(r);
		if (ep[i].family != 4 && ep[i].family != 6)
			r->failed = true;
		a = rbuf_bytes(r, addr_len(ep[i].family));
		if (a)
			memcpy(ep[i].addr, a, addr_len(ep[i].family));
	}
	return r->failed ? 0 : n;
}

static int get_names(struct rbuf *r, struct capture_conf *c)
{
	c->n_names = rbuf_u16(r);
	if (r->failed || c->n_names > CONF_NAMES_MAX)
		return -EBADMSG;
	c->names = calloc(c->n_names ? c->n_names : 1, sizeof(*c->names));
	if (!c->names)
		return -ENOMEM;
	for (uint16_t i = 0; i < c->n_names; i++) {
		rbuf_str(r, c->names[i], CONF_NAME_MAX);
		if (c->names[i][0] == '\0')
			return -EBADMSG;
		for (uint16_t j = 0; j < i; j++) {
			if (strcmp(c->names[j], c->names[i]) == 0)
				return -EBADMSG;
		}
	}
	return 0;
}

static int get_filter(struct rbuf *r, struct capture_conf *c)
{
	c->filter = malloc(CONF_FILTER_MAX + 1);
	if (!c->filter)
		return -ENOMEM;
	rbuf_str(r, c->filter, CONF_FILTER_MAX + 1);
	return 0;
}

static int decode_into(struct rbuf *r, struct capture_conf *c)
{
	int rc;

	if (rbuf_u8(r) != CONF_START)
		return -EBADMSG;
	c->snaplen = rbuf_u32(r);
	if (c->snaplen == 0 || c->snaplen > CONF_SNAPLEN_MAX)
		return -EBADMSG;
	c->promiscuous = rbuf_flag(r);
	c->may_grow = rbuf_flag(r);
	rc = get_names(r, c);
	if (rc == 0)
		rc = get_filter(r, c);
	if (rc < 0)
		return rc;
	c->n_programs = rbuf_u16(r);
	if (c->n_programs > CONF_PROGRAMS_MAX) {
		c->n_programs = 0;
		return -EBADMSG;
	}
	for (uint16_t i = 0; i < c->n_programs && rc == 0; i++)
		rc = conf_program_get(r, &c->programs[i]);
	if (rc < 0)
		return rc;
	c->n_endpoints = get_endpoints(r, c->endpoints);
	c->first_interface = rbuf_u32(r);
	rbuf_str(r, c->comment, sizeof(c->comment));
	return rbuf_at_end(r) && c->first_interface <= CONF_FIRST_MAX ? 0 : -EBADMSG;
}

int capture_conf_decode(const uint8_t *p, size_t len_bytes, struct capture_conf *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct capture_conf c;
	int rc;

	memset(&c, 0, sizeof(c));
	rc = decode_into(&r, &c);
	if (rc < 0) {
		capture_conf_done(&c);
		return rc;
	}
	*ret = c;
	return 0;
}

int conf_ring_decode(const uint8_t *p, size_t len_bytes, uint32_t *ret_ring_bytes)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	bool is_grow = rbuf_u8(&r) == CONF_RING;
	uint32_t ring_bytes = rbuf_u32(&r);

	if (!is_grow || !rbuf_at_end(&r))
		return -EBADMSG;
	*ret_ring_bytes = ring_bytes;
	return 0;
}

ssize_t conf_exclude_decode(const uint8_t *p, size_t len_bytes, struct conf_endpoint *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	uint16_t n;

	if (rbuf_u8(&r) != CONF_EXCLUDE)
		return -EBADMSG;
	n = get_endpoints(&r, ret);
	return rbuf_at_end(&r) ? n : -EBADMSG;
}
