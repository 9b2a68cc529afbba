/* SPDX-License-Identifier: MIT */
/* What the runtime service of Kubernetes answers, taken apart (proto/cri.proto). No I/O. Every text
 * that leaves here is clean UTF-8 without control characters; entries without a usable id are left
 * out. All parsers return 0, -EBADMSG when the message is malformed or unfolds to more memory than
 * it may take, or -ENOMEM. */
#ifndef DISCOVER_CRI_MSG_H
#define DISCOVER_CRI_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "discover/engine/engine.h"

/* "RUNTIME VERSION [API VERSION]" into @ret. */
int cri_parse_version(const uint8_t *p, size_t len_bytes, char ret[ENGINE_TEXT_MAX]);

/* Sandboxes that are ready, sorted, with the labels of contract 2.11; each goes by its id. Their
 * pids are not known. Free with engine_list_done(). */
int cri_parse_pods(const uint8_t *p, size_t len_bytes, struct engine_list *ret);

/* Add the running containers to @l, which holds the sandboxes and is sorted afterwards. */
int cri_parse_containers(const uint8_t *p, size_t len_bytes, struct engine_list *l);

/* True if @c is a sandbox, to be asked about with PodSandboxStatus. */
bool cri_is_sandbox(const struct engine_container *c);

/* The process that a detailed status tells of, 0 = none, into @ret. */
int cri_parse_status(const uint8_t *p, size_t len_bytes, int32_t *ret_pid);

/* Encoded requests for lists of what is ready or running, and for a detailed status. Return their
 * length, with the bytes in *@ret (the caller frees them; NULL without memory). */
size_t cri_make_list(bool sandboxes, uint8_t **ret);
size_t cri_make_status(const char *id, uint8_t **ret);

#endif
