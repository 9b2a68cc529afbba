/* SPDX-License-Identifier: MIT */
#include "service/reload.h"

#include <errno.h>

#include "base/log.h"
#include "base/own.h"
#include "service/http/tls.h"

#define FILES_MAX 3 /* certificate, key, token */

static int read_secrets(
	const struct msg_reload *m, struct fdset *fds, struct config_secrets *ret, struct err *e)
{
	size_t n = (m->has_tls ? 2 : 0) + (m->has_token ? 1 : 0);
	int files[FILES_MAX] = {-1, -1, -1};

	if (fds->n != n)
		return err_set(e, -EPROTO, "the broker sent other files than it said");
	for (size_t i = 0; i < n; i++)
		files[i] = fdset_take(fds, i);
	return config_read_secrets(files, m->has_tls, m->has_token, ret, e);
}

void reload(struct app *a, const struct msg_reload *m, struct fdset *fds)
{
	struct config_secrets *own = &a->config->secrets, next = {NULL, NULL, NULL};
	struct tls *tls = NULL;
	struct err e = ERR_NONE;
	int rc = read_secrets(m, fds, &next, &e);

	/* what the service was started with decides which of them there are */
	if (rc == 0 &&
		(m->has_tls != (own->tls_cert != NULL) || m->has_token != (own->token != NULL)))
		rc = err_set(&e, -EPROTO, "the broker sent other files than at the start");
	if (rc == 0 && next.tls_cert)
		rc = tls_new(next.tls_cert, next.tls_key, &tls, &e);
	if (rc < 0) {
		log_error("nothing is reloaded: %s", e.text);
		config_secrets_done(&next);
		return;
	}
	config_secrets_done(own);
	*own = next;
	a->server.env.access.token = own->token;
	tickets_done(&a->tickets); /* they were issued for the former token */
	if (tls)
		server_set_tls(&a->server, tls);
	log_info("reloaded certificate=%d token=%d", m->has_tls, m->has_token);
}
