/* SPDX-License-Identifier: MIT */
/* A client of the capture service as the command line wants it. */
#ifndef EXTCAP_CONNECT_H
#define EXTCAP_CONNECT_H

#include "csharg/csharg.h"
#include "extcap/args.h"

/* Make a client of the service at @url with the TLS, proxy and time settings of @args. Proxies are
 * set in this process's environment (wire contract 4.1). @token: "" = the one that the library
 * finds for this service (csharg.h, "Tokens"). Free *@ret with csharg_client_free(). @e must not be
 * NULL. Returns 0 or a negative errno with it filled. */
int connect_client(const struct args *args, const char *url, const char *token,
	struct csharg_client **ret, struct err *e);

/* The same six names that old plugins set, ended by NULL. Static. */
const char *const *connect_proxy_variables(void);

/* Copy words of the library. Returns @from's code. */
int connect_tell(const struct csharg_error *from, struct err *e);

/* The same for a request to the service of @client. Where the service wants another token, the
 * words also say which one was sent, or how to give one. */
int connect_refused(
	const struct csharg_client *client, const struct csharg_error *from, struct err *e);

static inline void connect_client_p(struct csharg_client **c)
{
	csharg_client_free(*c);
}

static inline void connect_targets_p(struct csharg_targets **t)
{
	csharg_targets_free(*t);
}

static inline void connect_target_p(struct csharg_target **t)
{
	csharg_target_free(*t);
}

static inline void connect_service_p(struct csharg_service **s)
{
	csharg_service_free(*s);
}

#define AUTO_SERVICE __attribute__((cleanup(connect_service_p)))
#define AUTO_CLIENT  __attribute__((cleanup(connect_client_p)))
#define AUTO_TARGETS __attribute__((cleanup(connect_targets_p)))
#define AUTO_TARGET  __attribute__((cleanup(connect_target_p)))

#endif
