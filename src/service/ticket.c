/* SPDX-License-Identifier: MIT */
#include "service/ticket.h"

#include <errno.h>

#include "base/clock.h"
#include "base/text.h"
#include "service/parts.h"
#include "service/http/conn.h"

static void reply(struct conn *c, const char *id)
{
	const struct conn_head head = {.status = 201, .type = "application/json"};
	AUTO_TEXT struct text t = {0};

	text_put(&t, "{");
	text_put_string(&t, "ticket", id);
	text_put_key(&t, "path");
	text_put(&t, "\"ticket/");
	text_put(&t, id);
	text_put(&t, "/\"");
	text_put_number(&t, "expires", TICKET_SECONDS);
	text_put(&t, "}");
	text_put_bytes(&t, "", 1);
	if (t.failed)
		conn_error(c, 503, "out of memory");
	else
		conn_reply_text(c, &head, t.p);
}

void ticket_begin(struct conn *c, void *app)
{
	struct app *a = app;
	struct http_slice query = conn_request(c)->query;
	char id[TICKET_DIGITS + 1];
	int rc;

	rc = tickets_issue(&a->tickets, query, clock_mono_ns(), id);
	if (rc == -E2BIG)
		conn_error(c, 414, "the query is too long for a ticket");
	else if (rc == -EBUSY)
		conn_error(c, 503, "too many tickets are valid; try again in a minute");
	else if (rc < 0)
		conn_error(c, 503, "no ticket could be made");
	else
		reply(c, id);
}
