/* SPDX-License-Identifier: MIT */
/* The client behind csharg.h: what is known before anything is sent. Constant after its making,
 * except for the wish to cancel. */
#ifndef CSHARG_CLIENT_H
#define CSHARG_CLIENT_H

#include <stdatomic.h>

#include "base/err.h"
#include "csharg/csharg.h"
#include "csharg/lib/credentials.h"
#include "csharg/lib/url.h"

struct csharg_client {
	struct url url;
	char url_text[URL_MAX + 16];
	struct credentials credentials;
	char *ca_file, *proxy, *no_proxy; /* owned, NULL as in the options */
	char *user_agent;
	bool insecure;
	uint32_t timeout_ms;
	int cancel_fd; /* eventfd, readable for ever once cancelled */
	atomic_bool cancelled;
};

/* Tell @from in the public struct @to, which may be NULL. Returns @from's code. */
int error_tell(const struct err *from, struct csharg_error *to);

/* As error_tell(), for -ENOMEM. */
int error_nomem(struct csharg_error *to);

#endif
