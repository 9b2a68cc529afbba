/* SPDX-License-Identifier: MIT */
#include "service/dig/dig_ws.h"

#include <stdlib.h>

#include "base/text.h"
#include "proto/neighbours.h"
#include "service/dig/dig.h"
#include "service/http/conn.h"

#define TARGET_MAX 4096 /* bytes of a container's name in the request, with the NUL */

/* A client and its dig. */
struct dig_ws {
	struct conn *conn;
	struct dig *dig; /* owned */
	/* what is being sent */
	struct text messages[CONN_PIECES_MAX];
	int n;
};

static void wake(void *ctx)
{
	struct dig_ws *w = ctx;

	conn_wake(w->conn);
}

/* The messages that were made and not sent, and those that follow. */
static int next(void *ctx, struct iovec *ret, int cap, struct conn_end *end)
{
	struct dig_ws *w = ctx;
	int rc = 0;

	while (w->n < cap) {
		struct text t = {0};

		rc = dig_next(w->dig, &t);
		if (rc != 1 || t.failed) {
			text_done(&t);
			break;
		}
		w->messages[w->n++] = t;
	}
	if (rc < 0 && w->n == 0) {
		const struct refusal *why = dig_why(w->dig);

		*end = (struct conn_end){true, (uint16_t) why->close_code, why->text};
		return -1;
	}
	for (int i = 0; i < w->n; i++)
		ret[i] = (struct iovec){w->messages[i].p, w->messages[i].len_bytes};
	return w->n;
}

static void sent(void *ctx, int n)
{
	struct dig_ws *w = ctx;

	for (int i = 0; i < n; i++)
		text_done(&w->messages[i]);
	for (int i = n; i < w->n; i++)
		w->messages[i - n] = w->messages[i];
	w->n -= n;
}

static void dig_ws_free(void *ctx)
{
	struct dig_ws *w = ctx;

	sent(w, w->n);
	dig_free(w->dig);
	free(w);
}

static const struct conn_ops ops = {.next = next, .sent = sent, .free = dig_ws_free};

const char *dig_ws_check(const struct http_request *r)
{
	return http_request_count(r, "target") == 1 ? NULL
						    : "missing or multiple target query parameters";
}

void dig_ws_begin(struct conn *c, struct digs *digs)
{
	const struct http_request *r = conn_request(c);
	char target[TARGET_MAX];
	struct dig_ws *w;

	if (!http_request_argument(r, "target", target, sizeof(target))) {
		conn_error(c, 400, "the name of the target is too long");
		return;
	}
	w = calloc(1, sizeof(*w));
	if (w)
		w->dig = dig_new(digs, target, wake, w);
	if (!w || !w->dig) {
		free(w);
		conn_error(c, 503, "out of memory");
		return;
	}
	w->conn = c;
	conn_upgrade(c, true, &ops, w);
}
