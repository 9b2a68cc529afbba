/* SPDX-License-Identifier: MIT */
#include "service/serve/dig_ws.h"

#include "service/serve/dig.h"
#include "service/serve/stream.h"

#define BURST 16 /* messages in a row, then other connections have their turn */

static void wake(void *ctx)
{
	const struct connection *c = ctx;

	lws_callback_on_writable(c->wsi);
}

int dig_ws_begin(struct connection *c, const char *target)
{
	c->dig = dig_new(c->app, target, wake, c);
	return c->dig ? 0 : -1;
}

static int write_message(struct connection *c, struct text *t)
{
	int n = (int) (t->len_bytes - LWS_PRE);

	return t->failed || lws_write(c->wsi, (unsigned char *) t->p + LWS_PRE, (size_t) n,
				    LWS_WRITE_TEXT) < n
		       ? -1
		       : 0;
}

/* libwebsockets asks for more while the close is on its way: there is none. */
static int close_now(struct connection *c)
{
	int rc = stream_close_ws(c, dig_why(c->dig));

	dig_free(c->dig);
	c->dig = NULL;
	return rc;
}

int dig_ws_write(struct connection *c)
{
	static const char head_room[LWS_PRE];

	for (int i = 0; i < BURST; i++) {
		AUTO_TEXT struct text t = {0};
		int rc;

		text_put_bytes(&t, head_room, sizeof(head_room));
		rc = dig_next(c->dig, &t);
		if (rc < 0)
			return close_now(c);
		if (rc == 0)
			return 0;
		if (write_message(c, &t) < 0)
			return -1;
		if (lws_send_pipe_choked(c->wsi))
			break;
	}
	lws_callback_on_writable(c->wsi);
	return 0;
}
