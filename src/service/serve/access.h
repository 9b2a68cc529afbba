/* SPDX-License-Identifier: MIT */
/* Who may ask: the Host must be one we answer to (DNS rebinding), a browser's Origin must be the
 * Host, and the token must be right if there is one. */
#ifndef SERVE_ACCESS_H
#define SERVE_ACCESS_H

#include "service/serve/app.h"
#include "service/serve/words.h"

#define ACCESS_HOST_MAX 512 /* of a Host or Origin header, with the NUL */

/* What is looked at; NULL = absent. */
struct access_request {
	const char *path, *host, *origin, *authorization;
	const char *token; /* the parameter of that name */
};

/* Judge a request: returns 0, or an HTTP status (401, 403, 421) with words in @ret_why. */
int access_judge(const struct config *config, const struct access_request *r, const char **ret_why);

/* As access_judge() for the request on @wsi for @path. @token is its token parameter (NULL = none).
 */
int access_check(
	struct app *a, struct lws *wsi, const char *path, const char *token, const char **ret_why);

/* Are @a and @b the same? Takes the same time wherever they differ. */
bool access_same_token(const char *a, const char *b);

/* May a client call this service @host ("name", "name:port", "[v6]:port")? Addresses are always
 * fine, as no name can be rebound to them; names are "localhost", this machine's and those of
 * @config. */
bool access_host_allowed(const struct config *config, const char *host);

#endif
