/* SPDX-License-Identifier: MIT */
#include "proto/dig.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

static size_t address_bytes(uint8_t family)
{
	return family == 0 ? 0 : family == 4 ? 4 : 16;
}

size_t dig_msg_encode(const struct dig_msg *m, uint8_t ret[DIG_MSG_BYTES])
{
	struct wbuf w = {.p = ret, .cap_bytes = DIG_MSG_BYTES};

	wbuf_u8(&w, m->kind);
	if (m->kind == DIG_TOLD) {
		wbuf_u16(&w, m->told.name);
		wbuf_u8(&w, m->told.family);
		wbuf_bytes(&w, m->told.bytes, address_bytes(m->told.family));
		wbuf_u8(&w, m->told.quality);
	}
	return w.len_bytes;
}

static void get_told(struct rbuf *r, struct dig_told *t)
{
	const uint8_t *bytes;

	t->name = rbuf_u16(r);
	t->family = rbuf_u8(r);
	bytes = rbuf_bytes(r, address_bytes(t->family));
	if (bytes)
		memcpy(t->bytes, bytes, address_bytes(t->family));
	t->quality = rbuf_u8(r);
	if ((t->family != 0 && t->family != 4 && t->family != 6) || t->name >= DIG_NAMES_MAX ||
		t->quality < DIG_UNVERIFIED || t->quality >= DIG_QUALITY_END ||
		(t->family == 0 && t->quality != DIG_UNVERIFIED))
		r->failed = true;
}

int dig_msg_decode(const uint8_t *p, size_t len_bytes, struct dig_msg *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct dig_msg m = {.kind = rbuf_u8(&r)};

	if (m.kind < DIG_TOLD || m.kind >= DIG_KIND_END)
		return -EBADMSG;
	if (m.kind == DIG_TOLD)
		get_told(&r, &m.told);
	if (!rbuf_at_end(&r))
		return -EBADMSG;
	*ret = m;
	return 0;
}

size_t dig_names_encode(char *const *v, size_t n, uint8_t *ret, size_t *ret_len)
{
	struct wbuf w = {.p = ret, .cap_bytes = DIG_MESSAGE_BYTES};
	size_t fit = 0, len = 4;

	while (fit < n && 2 + strlen(v[fit]) <= DIG_MESSAGE_BYTES - len)
		len += 2 + strlen(v[fit++]);
	wbuf_u8(&w, DIG_NAMES);
	wbuf_u8(&w, fit == n);
	wbuf_u16(&w, (uint16_t) fit);
	for (size_t i = 0; i < fit; i++)
		wbuf_str(&w, v[i]);
	*ret_len = w.len_bytes;
	return fit;
}

int dig_names_decode(const uint8_t *p, size_t len_bytes, struct dig_names *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	uint8_t kind = rbuf_u8(&r), is_last = rbuf_u8(&r);
	uint16_t n = rbuf_u16(&r);

	if (len_bytes > DIG_MESSAGE_BYTES || r.failed || kind != DIG_NAMES || is_last > 1 ||
		ret->is_last || n > DIG_NAMES_MAX - ret->n)
		return -EBADMSG;
	for (uint16_t i = 0; i < n; i++) {
		char *name = ret->v[ret->n + i];
		size_t len;

		rbuf_str(&r, name, sizeof(ret->v[0]));
		len = r.failed ? 0 : strlen(name);
		if (len == 0 || name[len - 1] != '.')
			return -EBADMSG;
	}
	if (!rbuf_at_end(&r))
		return -EBADMSG;
	ret->n = (uint16_t) (ret->n + n);
	ret->is_last = is_last;
	return 0;
}
