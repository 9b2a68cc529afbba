/* SPDX-License-Identifier: MIT */
/* From global flags and environment to a client of the service. */
#ifndef CSHARG_CLI_CONNECT_H
#define CSHARG_CLI_CONNECT_H

#include "base/err.h"
#include "csharg/csharg.h"
#include "csharg/cli/options.h"

#define CONNECT_TOKEN_MAX 16384 /* bytes of a token file */

/* The words of a failure of the library, as ours. Returns its code. */
int connect_error(const struct csharg_error *why, struct err *e);

/* The same for a request to the service of @client. Where the service wants another token, the
 * words also say which one was sent, or how to give one. */
int connect_refused(
	const struct csharg_client *client, const struct csharg_error *why, struct err *e);

/* Make a client of the service that --host names, or that of the environment, with a token from
 * --token, --token-file or --ask-token (a question on the terminal), or the one that the library
 * finds for this service (csharg.h, "Tokens"). Nothing is sent yet. Free @ret with
 * csharg_client_free(). Errors: -EINVAL for a wrong host or token, -EPERM for a token that would be
 * sent without TLS, those of the token file. */
int connect_client(const struct options *o, struct csharg_client **ret, struct err *e);

static inline void csharg_client_free_p(struct csharg_client **client)
{
	csharg_client_free(*client);
}

static inline void csharg_targets_free_p(struct csharg_targets **targets)
{
	csharg_targets_free(*targets);
}

#define AUTO_CLIENT  __attribute__((cleanup(csharg_client_free_p)))
#define AUTO_TARGETS __attribute__((cleanup(csharg_targets_free_p)))

#endif
