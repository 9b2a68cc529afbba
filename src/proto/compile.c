/* SPDX-License-Identifier: MIT */
#include "proto/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

void compile_request_done(struct compile_request *r)
{
	free(r->filter);
	memset(r, 0, sizeof(*r));
}

void compile_answer_done(struct compile_answer *a)
{
	for (size_t i = 0; i < CONF_PROGRAMS_MAX; i++)
		free(a->programs[i].insns);
	memset(a, 0, sizeof(*a));
}

ssize_t compile_request_encode(const struct compile_request *r, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	if (r->snaplen == 0 || r->snaplen > CONF_SNAPLEN_MAX || r->n_links > COMPILE_LINKS_MAX ||
		strlen(r->filter) > CONF_FILTER_MAX)
		return -EINVAL;
	wbuf_u32(&w, r->id);
	wbuf_u32(&w, r->snaplen);
	wbuf_str(&w, r->filter);
	wbuf_u16(&w, r->n_links);
	for (uint16_t i = 0; i < r->n_links; i++) {
		wbuf_u16(&w, r->links[i].linktype);
		wbuf_str(&w, r->links[i].name);
	}
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

static int get_request(struct rbuf *r, struct compile_request *ret)
{
	ret->id = rbuf_u32(r);
	ret->snaplen = rbuf_u32(r);
	ret->filter = malloc(CONF_FILTER_MAX + 1);
	if (!ret->filter)
		return -ENOMEM;
	rbuf_str(r, ret->filter, CONF_FILTER_MAX + 1);
	ret->n_links = rbuf_u16(r);
	if (ret->snaplen == 0 || ret->snaplen > CONF_SNAPLEN_MAX ||
		ret->n_links > COMPILE_LINKS_MAX)
		return -EBADMSG;
	for (uint16_t i = 0; i < ret->n_links; i++) {
		ret->links[i].linktype = rbuf_u16(r);
		rbuf_str(r, ret->links[i].name, sizeof(ret->links[i].name));
	}
	return rbuf_at_end(r) ? 0 : -EBADMSG;
}

int compile_request_decode(const uint8_t *p, size_t len_bytes, struct compile_request *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct compile_request made = {0};
	int rc = get_request(&r, &made);

	if (rc < 0)
		compile_request_done(&made);
	else
		*ret = made;
	return rc;
}

ssize_t compile_answer_encode(const struct compile_answer *a, uint8_t *ret, size_t cap_bytes)
{
	struct wbuf w = {.p = ret, .cap_bytes = cap_bytes};

	if (a->n_programs > CONF_PROGRAMS_MAX || (a->status != 0 && a->n_programs > 0))
		return -EINVAL;
	wbuf_u32(&w, a->id);
	wbuf_u32(&w, (uint32_t) a->status);
	wbuf_str(&w, a->text);
	wbuf_u16(&w, a->n_programs);
	for (uint16_t i = 0; i < a->n_programs; i++)
		conf_program_put(&w, &a->programs[i]);
	return w.failed ? -ENOBUFS : (ssize_t) w.len_bytes;
}

static int get_answer(struct rbuf *r, struct compile_answer *ret)
{
	int rc = 0;

	ret->id = rbuf_u32(r);
	ret->status = (int32_t) rbuf_u32(r);
	rbuf_str(r, ret->text, sizeof(ret->text));
	ret->n_programs = rbuf_u16(r);
	if (ret->n_programs > CONF_PROGRAMS_MAX || ret->status > 0 ||
		(ret->status != 0 && ret->n_programs > 0))
		return -EBADMSG;
	for (uint16_t i = 0; i < ret->n_programs && rc == 0; i++)
		rc = conf_program_get(r, &ret->programs[i]);
	if (rc < 0)
		return rc;
	return rbuf_at_end(r) ? 0 : -EBADMSG;
}

int compile_answer_decode(const uint8_t *p, size_t len_bytes, struct compile_answer *ret)
{
	struct rbuf r = {.p = p, .len_bytes = len_bytes};
	struct compile_answer made = {0};
	int rc = get_answer(&r, &made);

	if (rc < 0)
		compile_answer_done(&made);
	else
		*ret = made;
	return rc;
}
