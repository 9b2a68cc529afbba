/* SPDX-License-Identifier: MIT */
/* The command line of packetflix. Flags may have one or two dashes, values stand behind "=" or as
 * the next word, switches may say =true or =false: the forms users of the original know. */
#ifndef BROKER_OPTIONS_H
#define BROKER_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define OPTIONS_LISTEN_MAX 16
#define OPTIONS_HOSTS_MAX  32

struct options {
	bool help, version;
	bool debug, log_requests, log_headers;
	bool proxy_discovery;
	const char *discovery_service; /* host name or address of another discovery service */
	uint16_t gw_port, port;
	const char *listen[OPTIONS_LISTEN_MAX]; /* addresses as given */
	uint32_t n_listen;
	char *listen_env; /* owned: the words of PACKETFLIX_LISTEN, which listen[] points into */
	const char *allow_host[OPTIONS_HOSTS_MAX];
	uint32_t n_allow_host;
	const char *tls_cert, *tls_key, *token_file;
	const char *http;   /* an address to listen on, NULL = none */
	const char *unused; /* flags of other programs, taken without effect */
	bool unused_switch;
	uint64_t memory_bytes; /* 0 = not given */
	uint64_t ring_bytes, stream_bytes;
	uint64_t latency_ms, max_age_ms, max_captures, max_viewers, max_targets, max_connections;
};

/* Fill @ret with the defaults, the environment variable PACKETFLIX_LISTEN (@listen_env, may be
 * NULL; used if there is no --listen), and the command line. Strings are borrowed from @argv.
 * Returns 0 or -EINVAL with words in @e. Free with options_done(). */
int options_parse(
	int argc, char **argv, const char *listen_env, struct options *ret, struct err *e);
void options_done(struct options *o);

/* Print the help text to @to. */
void options_help(FILE *to);

#endif
