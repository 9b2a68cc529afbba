/* SPDX-License-Identifier: MIT */
/* What OCI runtimes write down about a container they have started: runc its state.json, crun its
 * status and a copy of the container's config.json (runtime specification, config.md#annotations).
 * No I/O. All texts that leave here are clean UTF-8. */
#ifndef DISCOVER_OCI_STATE_H
#define DISCOVER_OCI_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "discover/engine/engine_list.h"
#include "discover/engine/labels.h"

struct oci_state {
	int32_t pid; /* of its first process, as the runtime sees it */
	uint64_t starttime_ticks;
	char name[CONTAINER_NAME_MAX]; /* what annotations call it, "" = nothing */
	struct labels labels;          /* owned; io.kubernetes.*, as far as annotations tell */
};

void oci_state_done(struct oci_state *s);

/* Parsers may change @body. Each returns 0, -EBADMSG when the text is not what it should be or
 * names no process, or -ENOMEM; @ret is untouched then. */
int oci_state_parse_runc(char *body, size_t len_bytes, struct oci_state *ret);
int oci_state_parse_crun(char *body, size_t len_bytes, struct oci_state *ret);

/* Add to @s what the annotations of a config.json tell. Returns as above. */
int oci_state_add_config(char *body, size_t len_bytes, struct oci_state *s);

#endif
