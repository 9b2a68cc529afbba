/* SPDX-License-Identifier: MIT */
/* What the service is told by the broker (proto/service_args.h), and what it reads before it gives
 * up its file system. */
#ifndef SERVICE_CONFIG_H
#define SERVICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sandbox/ids.h"
#include "service/hub/hub.h"

#define CONFIG_LISTEN_MAX    16
#define CONFIG_HOSTS_MAX     32
#define CONFIG_OWN_HOSTS_MAX 24
#define CONFIG_WARNINGS_MAX  8
#define CONFIG_PEM_MAX       1048576
#define CONFIG_TOKEN_MAX     4096

/* Texts that are read again while the service runs; owned, NULL without TLS or token. */
struct config_secrets {
	char *tls_cert, *tls_key; /* PEM */
	char *token;
};

struct config {
	uint32_t n_listen; /* descriptors SERVICE_FD_FILES... */
	bool debug, log_requests, log_headers;
	bool proxy;                    /* pass what is not ours to @discovery_service */
	const char *discovery_service; /* borrowed from argv */
	uint16_t gw_port;
	const char *allow_host[CONFIG_HOSTS_MAX]; /* borrowed from argv */
	uint32_t n_allow_host;
	char hostname[256];                         /* of this machine */
	const char *own_host[CONFIG_OWN_HOSTS_MAX]; /* its names, borrowed from argv */
	uint32_t n_own_host;
	const char *warning[CONFIG_WARNINGS_MAX]; /* of the broker, "KIND:TEXT", borrowed from argv
						   */
	uint32_t n_warning;
	struct hub_limits limits;
	uint32_t max_targets; /* of one stream */
	uint32_t max_connections;
	uint32_t max_age_ms;           /* of a catalog that is used without asking */
	struct config_secrets secrets; /* owned */
	char hardware[256], os[256];   /* of the section header */
	uint64_t own_netns;            /* inode */
	struct sandbox_ids ids;        /* the user to become */
};

/* Read them from @fds, which are closed: certificate and key if @has_tls, then the token if
 * @has_token. Returns 0, or a negative errno with words in @e and *ret empty. Free with
 * config_secrets_done(). */
int config_read_secrets(
	const int *fds, bool has_tls, bool has_token, struct config_secrets *ret, struct err *e);
void config_secrets_done(struct config_secrets *s);

/* Read arguments and files. Returns 0, or a negative errno with words in @e. */
int config_read(int argc, char **argv, struct config *ret, struct err *e);
void config_done(struct config *c);

#endif
