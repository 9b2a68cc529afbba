/* SPDX-License-Identifier: MIT */
/* Laws: a configuration or a list of end points that is understood is the only way to write it, and
 * keeps to its limits. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "proto/capture_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_start(const uint8_t *data, size_t size)
{
	static uint8_t again[CONF_MAX_BYTES * 2];
	struct capture_conf c;
	ssize_t n;

	if (capture_conf_decode(data, size, &c) < 0)
		return;
	assert(c.snaplen > 0 && c.snaplen <= CONF_SNAPLEN_MAX && c.n_names <= CONF_NAMES_MAX &&
		c.n_programs <= CONF_PROGRAMS_MAX && c.n_endpoints <= CONF_ENDPOINTS_MAX &&
		strlen(c.filter) <= CONF_FILTER_MAX);
	for (uint16_t i = 0; i < c.n_names; i++)
		assert(c.names[i][0] && memchr(c.names[i], '\0', CONF_NAME_MAX));
	for (uint16_t i = 0; i < c.n_programs; i++)
		assert(c.programs[i].n_insns <= BPF_MAXINSNS);
	n = capture_conf_encode(&c, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
	capture_conf_done(&c);
}

static void check_exclude(const uint8_t *data, size_t size)
{
	struct conf_endpoint ep[CONF_ENDPOINTS_MAX];
	uint8_t again[sizeof(ep) + 64];
	ssize_t n = conf_exclude_decode(data, size, ep);

	if (n < 0)
		return;
	n = conf_exclude_encode(ep, (uint16_t) n, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
}

static void check_grow(const uint8_t *data, size_t size)
{
	uint8_t again[8];
	uint32_t ring_bytes;
	ssize_t n;

	if (conf_ring_decode(data, size, &ring_bytes) < 0)
		return;
	n = conf_ring_encode(ring_bytes, again, sizeof(again));
	assert(n == (ssize_t) size && memcmp(again, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_start(data, size);
	check_grow(data, size);
	check_exclude(data, size);
	return 0;
}
