/* SPDX-License-Identifier: MIT */
#include "csharg/lib/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/lib/answer.h"
#include "csharg/lib/http_get.h"
#include "csharg/lib/target_json.h"

static void answer_done_p(struct http_answer *a)
{
	http_answer_done(a);
}

#define AUTO_ANSWER __attribute__((cleanup(answer_done_p)))

static bool is_document(const struct http_answer *a)
{
	return a->status == 200 && strcmp(a->type, "text/html") != 0;
}

static int tell_answer(const struct http_answer *a, struct err *e)
{
	const struct answer_parts parts = {.status = (int) a->status,
		.type = a->type,
		.location = a->location,
		.body = a->body,
		.len_bytes = a->len_bytes};

	return answer_tell("listing targets", &parts, e);
}

int list_targets(struct csharg_client *c, struct csharg_targets **ret, struct err *e)
{
	AUTO_ANSWER struct http_answer a = {0};
	AUTO_ANSWER struct http_answer direct = {0};
	const struct http_answer *use = &a;
	int rc = http_get(c, "/discover/mobyshark", LIST_BYTES_MAX, &a, e);

	if (rc < 0)
		return rc;
	/* The discovery service itself has another path, and answers unknown ones with its page. */
	if (a.status == 404 || (a.status == 200 && !is_document(&a))) {
		rc = http_get(c, "/mobyshark", LIST_BYTES_MAX, &direct, e);
		if (rc < 0)
			return rc;
		use = is_document(&direct) ? &direct : &a;
	}
	if (!is_document(use))
		return tell_answer(use, e);
	return target_json_list(use->body, use->len_bytes, c->url.port ? c->url.host : "", ret, e);
}

int list_service(struct csharg_client *c, struct csharg_service **ret, struct err *e)
{
	AUTO_ANSWER struct http_answer a = {0};
	int rc = http_get(c, "/version", VERSION_BYTES_MAX, &a, e);

	if (rc < 0 && rc != -E2BIG && rc != -EPROTO)
		return rc;
	if (rc < 0 || !is_document(&a))
		rc = target_json_service("{}", 2, ret);
	else
		rc = target_json_service(a.body, a.len_bytes, ret);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

int csharg_client_targets(
	struct csharg_client *client, struct csharg_targets **ret_targets, struct csharg_error *e)
{
	struct err why = ERR_NONE;
	int rc = list_targets(client, ret_targets, &why);

	return rc < 0 ? error_tell(&why, e) : 0;
}

int csharg_client_service(
	struct csharg_client *client, struct csharg_service **ret_service, struct csharg_error *e)
{
	struct err why = ERR_NONE;
	int rc = list_service(client, ret_service, &why);

	return rc < 0 ? error_tell(&why, e) : 0;
}
