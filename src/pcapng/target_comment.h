/* SPDX-License-Identifier: MIT */
/* The document about the target in the comment of a section header (wire contract 1.13): a marker
 * of two lines, then YAML. Service and client write it. */
#ifndef PCAPNG_TARGET_COMMENT_H
#define PCAPNG_TARGET_COMMENT_H

#include <stdbool.h>

/* Byte by byte what clients look for. */
#define TARGET_COMMENT_MARKER "---\n# capture target information\n"

struct target_comment {
	const char *name, *type, *node_name;
	bool has_cluster;
	const char *cluster_uid;
	const char *filter; /* "" = none */
	bool chaste;        /* not promiscuous */
};

/* Marker and document, values in double quotes, names cut at 4096 bytes, the filter at 16384;
 * what is not UTF-8 is left empty. May exceed an option's 65535 bytes if full of control
 * characters. Owned by the caller; NULL without memory. */
char *target_comment_text(const struct target_comment *c);

#endif
