/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

static uint8_t *wbuf_room(struct wbuf *w, size_t len_bytes)
{
	uint8_t *p;

	if (w->failed || len_bytes > w->cap_bytes - w->len_bytes) {
		w->failed = true;
		return NULL;
	}
	p = w->p + w->len_bytes;
	w->len_bytes += len_bytes;
	return p;
}

void wbuf_u8(struct wbuf *w, uint8_t v)
{
	uint8_t *p = wbuf_room(w, 1);

	if (p)
		*p = v;
}

void wbuf_u16(struct wbuf *w, uint16_t v)
{
	uint8_t *p = wbuf_room(w, 2);

	if (p)
		put_le16(p, v);
}

void wbuf_u32(struct wbuf *w, uint32_t v)
{
	uint8_t *p = wbuf_room(w, 4);

	if (p)
		put_le32(p, v);
}

void wbuf_u64(struct wbuf *w, uint64_t v)
{
	uint8_t *p = wbuf_room(w, 8);

	if (p)
		put_le64(p, v);
}

void wbuf_bytes(struct wbuf *w, const void *p, size_t len_bytes)
{
	uint8_t *q = wbuf_room(w, len_bytes);

	if (q && len_bytes)
		memcpy(q, p, len_bytes);
}

void wbuf_str(struct wbuf *w, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT16_MAX) {
		w->failed = true;
		return;
	}
	wbuf_u16(w, (uint16_t) n);
	wbuf_bytes(w, s, n);
}

const uint8_t *rbuf_bytes(struct rbuf *r, size_t len_bytes)
{
	const uint8_t *p;

	if (r->failed || len_bytes > r->len_bytes - r->pos_bytes) {
		r->failed = true;
		return NULL;
	}
	p = r->p + r->pos_bytes;
	r->pos_bytes += len_bytes;
	return p;
}

uint8_t rbuf_u8(struct rbuf *r)
{
	const uint8_t *p = rbuf_bytes(r, 1);

	return p ? *p : 0;
}

bool rbuf_flag(struct rbuf *r)
{
	uint8_t v = rbuf_u8(r);

	if (v > 1)
		r->failed = true;
	return v == 1;
}

uint16_t rbuf_u16(struct rbuf *r)
{
	const uint8_t *p = rbuf_bytes(r, 2);

	return p ? get_le16(p) : 0;
}

uint32_t rbuf_u32(struct rbuf *r)
{
	const uint8_t *p = rbuf_bytes(r, 4);

	return p ? get_le32(p) : 0;
}

uint64_t rbuf_u64(struct rbuf *r)
{
	const uint8_t *p = rbuf_bytes(r, 8);

	return p ? get_le64(p) : 0;
}

void rbuf_str(struct rbuf *r, char *ret, size_t cap_bytes)
{
	size_t n = rbuf_u16(r);
	const uint8_t *p = rbuf_bytes(r, n);

	ret[0] = '\0';
	if (!p)
		return;
	if (n >= cap_bytes || memchr(p, '\0', n)) {
		r->failed = true;
		return;
	}
	memcpy(ret, p, n);
	ret[n] = '\0';
}

bool rbuf_at_end(const struct rbuf *r)
{
	return !r->failed && r->pos_bytes == r->len_bytes;
}
