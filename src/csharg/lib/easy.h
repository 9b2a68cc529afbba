/* SPDX-License-Identifier: MIT */
/* A libcurl handle with what every request of a client has: TLS, proxies, time limits, token,
 * cancelling. Redirects are not followed, and no signal handling is touched. */
#ifndef CSHARG_EASY_H
#define CSHARG_EASY_H

#include <curl/curl.h>

#include "csharg/lib/client.h"

struct easy {
	CURL *curl;
	struct curl_slist *headers;
	bool tls;
	char words[CURL_ERROR_SIZE]; /* of libcurl about a failure */
};

/* Make a handle for @path behind the client's URL. Free it with easy_free(), also on failure.
 * @c must live as long. Returns 0 or -ENOMEM with @e filled. */
int easy_new(struct csharg_client *c, const char *path, struct easy **ret, struct err *e);
void easy_free(struct easy *easy);

/* Add the header @line ("Name: value"). Returns 0 or -ENOMEM. */
int easy_header(struct easy *easy, const char *line);

/* Run it to its end. Returns 0, or a negative errno as in csharg.h with @e filled. */
int easy_perform(struct easy *easy, struct err *e);

static inline void easy_free_p(struct easy **e)
{
	easy_free(*e);
}

#define AUTO_EASY __attribute__((cleanup(easy_free_p)))

#endif
