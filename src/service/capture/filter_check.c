/* SPDX-License-Identifier: MIT */
#include "service/capture/filter_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "netlink/linktype.h"
#include "service/http/conn.h"

#define LINKTYPES_TEXT_MAX 64 /* bytes of the argument, NUL included */

struct filter_check {
	struct conn *conn;
	struct compile_job job;
	char expr[CONF_FILTER_MAX + 1];
	/* the outcome, as struct compile_answer has it */
	int32_t status;
	char words[ERR_TEXT_MAX];
	size_t n_instructions;
};

static void on_compiled(void *ctx, struct compile_answer *a)
{
	struct filter_check *f = ctx;

	f->status = a->status;
	memcpy(f->words, a->text, sizeof(f->words));
	for (uint16_t i = 0; i < a->n_programs; i++)
		f->n_instructions += a->programs[i].n_insns;
	conn_wake(f->conn);
}

static void put_answer(const struct filter_check *f, struct text *t)
{
	text_put(t, "{");
	text_put_string(t, "expression", f->expr);
	text_put_key(t, "linktypes");
	text_put(t, "[");
	for (uint16_t i = 0; i < f->job.request.n_links; i++) {
		text_next(t);
		text_put_u64(t, f->job.request.links[i].linktype);
	}
	text_put(t, "]");
	text_put_number(t, "instructions", f->n_instructions);
	text_put(t, "}");
	text_put_bytes(t, "", 1);
}

static void answer(void *ctx)
{
	const struct filter_check *f = ctx;
	const struct conn_head head = {.status = 200, .type = "application/json"};
	AUTO_TEXT struct text t = {0};
	bool is_refused = f->status == -EINVAL || f->status == -ETIME;

	if (f->status < 0) {
		conn_error(f->conn, is_refused ? 400 : 503, f->words);
		return;
	}
	put_answer(f, &t);
	if (t.failed)
		conn_error(f->conn, 503, "out of memory");
	else
		conn_reply_text(f->conn, &head, t.p);
}

static void filter_check_free(void *ctx)
{
	struct filter_check *f = ctx;

	compile_cancel(&f->job);
	free(f);
}

static const struct conn_ops ops = {.ready = answer, .free = filter_check_free};

/* Add @number to @ret, unless it is there. Returns false when no interface has this link type. */
static bool add_linktype(unsigned long long number, struct compile_request *ret)
{
	switch (number) {
	case LINKTYPE_ETHERNET:
	case LINKTYPE_RAW_IP:
	case LINKTYPE_IEEE802_11:
	case LINKTYPE_LINUX_SLL:
	case LINKTYPE_IEEE802_11_RADIOTAP:
		break;
	default:
		return false;
	}
	for (uint16_t i = 0; i < ret->n_links; i++) {
		if (ret->links[i].linktype == number)
			return true;
	}
	ret->links[ret->n_links++].linktype = (uint16_t) number;
	return true;
}

/* Returns NULL, or what is wrong with the arguments. */
static const char *read_arguments(const struct http_request *r, struct filter_check *ret)
{
	char text[LINKTYPES_TEXT_MAX];
	struct http_slice list, one;
	unsigned long long number;

	if (!http_request_argument(r, "expr", ret->expr, sizeof(ret->expr)))
		return "the argument expr is missing or too long: /filter?expr=tcp%20port%2080";
	if (!http_request_argument(r, "linktypes", text, sizeof(text)) &&
		http_request_count(r, "linktypes") > 0)
		return "the argument linktypes is too long";
	if (text[0] == '\0')
		(void) add_linktype(LINKTYPE_ETHERNET, &ret->job.request);
	list = (struct http_slice){text, strlen(text)};
	while (http_slice_next(&list, &one)) {
		if (!http_slice_number(one, &number) || !add_linktype(number, &ret->job.request))
			return "linktypes are numbers separated by commas, of 1, 101, 105, 113, "
			       "127";
	}
	return NULL;
}

void filter_check_begin(struct conn *c, struct compilers *compilers)
{
	struct filter_check *f = calloc(1, sizeof(*f));
	const char *wrong = f ? read_arguments(conn_request(c), f) : NULL;

	if (!f || wrong) {
		free(f);
		conn_error(c, wrong ? 400 : 503, wrong ? wrong : "out of memory");
		return;
	}
	f->conn = c;
	f->job.request.snaplen = CONF_SNAPLEN_MAX;
	f->job.request.filter = f->expr;
	f->job.done = on_compiled;
	f->job.ctx = f;
	conn_wait(c, &ops, f);
	if (compile_submit(compilers, &f->job) < 0)
		conn_error(c, 503, "too many capture filters are waiting to be compiled");
}
