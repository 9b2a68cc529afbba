/* SPDX-License-Identifier: MIT */
/* Laws: a table that is understood is the only way to write it; every namespace in it is found. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct catalog c = {0};
	uint8_t *again;
	ssize_t n;

	if (catalog_decode(data, size, &c) < 0)
		return 0;
	n = catalog_encode(&c, &again);
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
	for (uint32_t i = 0; i < c.n_netns; i++)
		assert(catalog_find_netns(&c, c.netns[i].ref.inode) == &c.netns[i]);
	free(again);
	catalog_done(&c);
	return 0;
}
