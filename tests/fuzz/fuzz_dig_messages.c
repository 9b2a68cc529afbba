/* SPDX-License-Identifier: MIT */
/* Law: a message between service and dig, or a table of neighbours, that is understood is the only
 * way to write it. The first byte chooses. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/dig.h"
#include "proto/neighbours.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_told(const uint8_t *data, size_t size)
{
	uint8_t again[DIG_MSG_BYTES];
	struct dig_msg m;

	if (dig_msg_decode(data, size, &m) == 0)
		assert(dig_msg_encode(&m, again) == size && memcmp(again, data, size) == 0);
}

static void check_names(const uint8_t *data, size_t size)
{
	struct dig_names *names = calloc(1, sizeof(*names));
	uint8_t again[DIG_MESSAGE_BYTES];
	char *v[DIG_NAMES_MAX];
	size_t len;

	if (dig_names_decode(data, size, names) == 0) {
		for (size_t i = 0; i < names->n; i++)
			v[i] = names->v[i];
		assert(dig_names_encode(v, names->n, again, &len) == names->n && len == size);
		/* a message that is not the last one may well hold all there is so far */
		again[1] = names->is_last;
		assert(memcmp(again, data, size) == 0);
	}
	free(names);
}

static void check_neighbours(const uint8_t *data, size_t size)
{
	struct neighbours n;
	uint8_t *again;

	if (neighbours_decode(data, size, &n) < 0)
		return;
	assert(neighbours_encode(&n, &again) == (ssize_t) size && memcmp(again, data, size) == 0);
	for (uint32_t i = 0; i < n.n_containers; i++) {
		const struct neighbour *found = neighbours_find(&n, n.containers[i].name);

		assert(!n.containers[i].is_docker || (found && found <= &n.containers[i]));
	}
	free(again);
	neighbours_done(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] == 0)
		check_told(data + 1, size - 1);
	else if (data[0] == 1)
		check_names(data + 1, size - 1);
	else
		check_neighbours(data + 1, size - 1);
	return 0;
}
