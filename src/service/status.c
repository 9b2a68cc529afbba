/* SPDX-License-Identifier: MIT */
#include "service/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"
#include "service/parts.h"
#include "service/http/conn.h"
#include "service/metrics.h"

static void reply(struct conn *c, const char *type, const char *text)
{
	struct conn_head head = {.status = 200, .type = type};

	conn_reply_text(c, &head, text);
}

/* The first two members are those of the original service. What it cannot do is told by the third:
 * clients work around it where they do not find it. */
void status_version(struct conn *c, void *app)
{
	(void) app;
	reply(c, "application/json",
		"{\"name\":\"packetflix\",\"version\":\"" PACKETFLIX_VERSION "\","
		"\"features\":[\"filter-every-interface\"]}");
}

void status_health(struct conn *c, void *app)
{
	(void) app;
	reply(c, "text/plain; charset=utf-8", "ok\n");
}

void status_ready(struct conn *c, void *app)
{
	const struct app *a = app;

	if (a->is_ending)
		conn_error(c, 503, "shutting down");
	else if (!a->catalog.has_catalog || a->catalog.channel < 0)
		conn_error(c, 503, "discovery is not ready");
	else if (a->discover_is_silent)
		conn_error(c, 503, "discovery does not answer");
	else
		reply(c, "text/plain; charset=utf-8", "ready\n");
}

void status_metrics(struct conn *c, void *app)
{
	struct conn_head head = {.status = 200, .type = METRICS_TYPE};
	char *text = metrics_text(app);
	struct conn_body body = {.bytes = text, .free = free, .ctx = text};

	if (!text) {
		conn_error(c, 503, "out of memory");
		return;
	}
	body.len_bytes = strlen(text);
	conn_reply(c, &head, &body);
}
