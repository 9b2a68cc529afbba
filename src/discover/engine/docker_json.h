/* SPDX-License-Identifier: MIT */
/* What the Docker-compatible API answers, taken apart. No I/O. Every text that leaves here is clean
 * UTF-8 without control characters; unknown members are passed over, malformed entries left out. */
#ifndef DISCOVER_DOCKER_JSON_H
#define DISCOVER_DOCKER_JSON_H

#include <stddef.h>

#include "discover/engine/docker_version.h"
#include "discover/engine/engine_list.h"

/* All parsers may change @body (malformed UTF-8 is replaced in place). Each returns 0, -EBADMSG
 * when the answer is not what it should be, or -ENOMEM; @ret is untouched then. */
int docker_parse_info(char *body, size_t len_bytes, char ret_id[DOCKER_TEXT_MAX]);
int docker_parse_list(char *body, size_t len_bytes, struct engine_list *ret);

/* The answer names only the id, the name, the process, the state and the labels; those of a
 * privileged container say so. */
int docker_parse_inspect(char *body, size_t len_bytes, struct engine_container *ret);

#endif
