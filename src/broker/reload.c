/* SPDX-License-Identifier: MIT */
#include "broker/reload.h"

#include <errno.h>
#include <fcntl.h>

#include "base/log.h"
#include "base/own.h"
#include "broker/news.h"

static int open_file(const char *path, const char *what, int *ret_fd, struct err *e)
{
	if (!path)
		return 0;
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return *ret_fd < 0 ? err_sys(e, -errno, "cannot open the %s %s", what, path) : 0;
}

static void replace(int *fd, int *with)
{
	close_p(fd);
	*fd = TAKE_FD(*with);
}

int reload_open(struct broker *b, struct err *e)
{
	const struct options *o = b->options;
	AUTO_CLOSE int cert = -1;
	AUTO_CLOSE int key = -1;
	AUTO_CLOSE int token = -1;
	int rc = open_file(o->tls_cert, "certificate", &cert, e);

	if (rc == 0)
		rc = open_file(o->tls_key, "key", &key, e);
	if (rc == 0)
		rc = open_file(o->token_file, "token file", &token, e);
	if (rc < 0)
		return rc;
	replace(&b->tls_cert_fd, &cert);
	replace(&b->tls_key_fd, &key);
	replace(&b->token_fd, &token);
	return 0;
}

void reload_files(struct broker *b)
{
	struct err e = ERR_NONE;

	if (reload_open(b, &e) < 0) {
		log_error("nothing is reloaded: %s", e.text);
		return;
	}
	log_info("reloading certificate=%d token=%d", b->tls_cert_fd >= 0, b->token_fd >= 0);
	news_reload(b);
}
