/* SPDX-License-Identifier: MIT */
/* Law: a message that is understood is the only way to write it: encoding gives the same bytes. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/broker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[MSG_MAX_BYTES];
	struct msg m;
	ssize_t n;

	if (msg_decode(data, size, &m) < 0)
		return 0;
	n = msg_encode(&m, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
	return 0;
}
