/* SPDX-License-Identifier: MIT */
#include "service/merge/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "pcapng/edit.h"

#define PIECE_KEPT_BYTES 131072 /* an idle source keeps a buffer up to this size */

static int reserve_piece(struct merge_source *s, size_t len_bytes)
{
	if (len_bytes <= s->cap_bytes)
		return 0;
	free(s->piece);
	s->cap_bytes = 0;
	s->piece = malloc(len_bytes);
	if (!s->piece)
		return -ENOMEM;
	s->cap_bytes = len_bytes;
	return 0;
}

int source_take(struct merge_source *s, int64_t now_ns, int *ret_status)
{
	struct merge_piece p = {0};
	int rc = s->ops->next(s->ctx, &p);

	*ret_status = 0;
	s->len_bytes = s->at = 0;
	if (rc == 0 && s->cap_bytes > PIECE_KEPT_BYTES) {
		free(s->piece);
		s->piece = NULL;
		s->cap_bytes = 0;
	}
	if (rc <= 0)
		return rc;
	if (reserve_piece(s, p.len_bytes) < 0) {
		*ret_status = -ENOMEM;
		return -1;
	}
	memcpy(s->piece, p.bytes, p.len_bytes);
	s->len_bytes = p.len_bytes;
	s->arrived_ns = now_ns;
	(void) snprintf(s->comment, sizeof(s->comment), "%s", p.comment ? p.comment : "");
	s->ops->sent(s->ctx);
	return 1;
}

static int add_packet(struct merge_source *s, size_t len_bytes)
{
	const uint8_t *block = s->piece + s->at;
	struct source_packet *run = grow(s->run, s->n_run, &s->cap_run, sizeof(*run));

	if (!run)
		return -ENOMEM;
	s->run = run;
	if (pcapng_interface(block) >= s->n_interfaces)
		return -EBADMSG;
	run[s->n_run++] = (struct source_packet){
		pcapng_epb_ts_ns(block), (uint32_t) s->at, (uint32_t) len_bytes};
	s->at += len_bytes;
	return 0;
}

/* Processors that capture at the same time can swap neighbours, so nearly everything is in place.
 */
static void sort_run(struct merge_source *s)
{
	for (size_t i = 1; i < s->n_run; i++) {
		struct source_packet p = s->run[i];
		size_t j = i;

		for (; j > 0 && s->run[j - 1].ts_ns > p.ts_ns; j--)
			s->run[j] = s->run[j - 1];
		s->run[j] = p;
	}
}

int source_look(struct merge_source *s, size_t *ret_at, size_t *ret_len, uint32_t *ret_type)
{
	s->n_run = s->run_at = 0;
	if (s->at == s->len_bytes)
		return SOURCE_EMPTY;
	for (;;) {
		uint32_t type = 0;
		ssize_t n = pcapng_block_at(s->piece + s->at, s->len_bytes - s->at, &type);
		int rc;

		if (n < 0)
			return (int) n;
		if (n > 0 && type == PCAPNG_BLOCK_EPB) {
			rc = add_packet(s, (size_t) n);
			if (rc < 0)
				return rc;
			continue;
		}
		if (s->n_run > 0) {
			sort_run(s);
			return SOURCE_PACKETS;
		}
		if (n == 0)
			return SOURCE_EMPTY;
		*ret_at = s->at;
		*ret_len = (size_t) n;
		*ret_type = type;
		s->at += (size_t) n;
		return SOURCE_BLOCK;
	}
}

int source_add_interface(struct merge_source *s, uint32_t id)
{
	struct source_interface *v;

	if (s->n_interfaces >= SOURCE_INTERFACES_MAX)
		return -EBADMSG;
	v = grow(s->interfaces, s->n_interfaces, &s->cap_interfaces, sizeof(*v));
	if (!v)
		return -ENOMEM;
	s->interfaces = v;
	v[s->n_interfaces++] = (struct source_interface){.id = id};
	return 0;
}

void source_drop_run(struct merge_source *s)
{
	for (; s->run_at < s->n_run; s->run_at++) {
		const uint8_t *block = s->piece + s->run[s->run_at].at;

		s->interfaces[pcapng_interface(block)].dropped++;
	}
}

void source_done(struct merge_source *s)
{
	merge_label_done(&s->label);
	free(s->piece);
	free(s->run);
	free(s->interfaces);
}
