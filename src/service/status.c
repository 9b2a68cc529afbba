/* SPDX-License-Identifier: MIT */
#include "service/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "service/parts.h"
#include "service/http/conn.h"
#include "service/metrics.h"
#include "service/warnings.h"

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

/* Why the service is not ready; NULL when it is. */
static const char *not_ready(const struct app *a)
{
	if (a->is_ending)
		return "shutting down";
	if (!a->catalog.has_catalog || a->catalog.channel < 0)
		return "discovery is not ready";
	return a->discover_is_silent ? "discovery does not answer" : NULL;
}

static void put_warning(const char *kind, const char *text, void *ctx)
{
	struct text *t = ctx;

	text_next(t);
	text_put(t, "{");
	text_put_string(t, "kind", kind);
	text_put_string(t, "text", text);
	text_put(t, "}");
}

/* The state with what packetflix cannot see or do where it was started. */
static void reply_verbose(struct conn *c, const struct app *a, const char *why)
{
	const struct conn_head head = {.status = why ? 503 : 200, .type = "application/json"};
	AUTO_TEXT struct text t = {0};

	text_put(&t, "{");
	text_put_bool(&t, "ready", !why);
	if (why)
		text_put_string(&t, "error", why);
	text_put_key(&t, "warnings");
	text_put(&t, "[");
	warnings_each(a, put_warning, &t);
	text_put(&t, "]}");
	text_put_bytes(&t, "", 1);
	if (t.failed)
		conn_error(c, 503, "out of memory");
	else
		conn_reply_text(c, &head, t.p);
}

void status_ready(struct conn *c, void *app)
{
	const struct app *a = app;
	const char *why = not_ready(a);

	if (http_request_count(conn_request(c), "verbose") > 0)
		reply_verbose(c, a, why);
	else if (why)
		conn_error(c, 503, why);
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
