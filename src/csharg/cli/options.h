/* SPDX-License-Identifier: MIT */
/* Everything the command line can say, as values. Filled by flags_parse(); zeros and NULL are what
 * was not given, unless options_defaults() says otherwise. Strings are borrowed from the command
 * line. */
#ifndef CSHARG_CLI_OPTIONS_H
#define CSHARG_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIONS_WORDS_MAX 256

/* The values of a flag that can be repeated. */
struct option_words {
	size_t n;
	const char *word[OPTIONS_WORDS_MAX];
};

struct options {
	/* every command */
	const char *host;
	bool insecure;
	const char *ca_file;
	struct option_words headers;
	const char *token;
	const char *token_file;
	bool ask_token;
	bool allow_plain_token;
	uint64_t request_timeout_ms;
	bool debug;
	bool quiet;
	bool help;
	bool version;
	/* list */
	const char *output;
	bool no_headers;
	const char *sort_by;
	/* capture */
	struct option_words interfaces;
	const char *filter;
	bool avoid_promiscuous;
	const char *write;
	const char *follow;
	const char *names;
	uint64_t snaplen_bytes;
	uint64_t duration_ms;
	uint64_t packets;
	uint64_t bytes;
	uint64_t rotate_bytes;
	uint64_t rotate_s;
	uint64_t files;
	/* capture pod, list, watch */
	const char *pod_namespace; /* NULL = not given */
	bool all_namespaces;
	const char *selector;
};

/* What holds when nothing is given. */
static inline struct options options_defaults(void)
{
	return (struct options){
		.request_timeout_ms = 30000,
		.sort_by = "{.Name}{'/'}{.NodeName}",
		.write = "-",
		.follow = "off",
	};
}

#endif
