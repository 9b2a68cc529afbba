/* SPDX-License-Identifier: MIT */
/* Laws: whatever an engine says about networks and pods, names are not empty and safe to show,
 * interfaces fit the kernel's limit, own labels cannot be forged, endpoints have ids. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/engine/networks_json.h"
#include "discover/engine/podman_pods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s)
{
	assert(utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

static void check(struct engine_networks *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct engine_network *n = &l->v[i];
		const char *name = labels_get(&n->labels, "gostwire/network/name");

		assert(n->name[0] && strlen(n->name) < NETWORK_NAME_MAX);
		assert(strlen(n->nif) < NETWORK_NIF_MAX);
		check_clean(n->name);
		check_clean(n->nif);
		assert(!name || strcmp(name, n->name) == 0);
		assert(!labels_get(&n->labels, "gostwire/bridge/internal") || n->internal);
	}
	engine_networks_done(l);
}

static void check_endpoints(char *copy, size_t size)
{
	struct engine_network n = {0};

	if (networks_parse_endpoints(copy, size, &n) == 0) {
		for (size_t i = 0; i < n.n_endpoints; i++)
			assert(n.endpoints[i].id[0] && !strpbrk(n.endpoints[i].id, "/?#%"));
	}
	free(n.endpoints);
}

static void check_pods(char *copy, size_t size)
{
	struct podman_member *v;
	size_t n;

	if (podman_pods_parse(copy, size, &v, &n) < 0)
		return;
	for (size_t i = 0; i < n; i++) {
		check_clean(v[i].pod);
		check_clean(v[i].id);
	}
	free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int (*const parsers[])(char *body, size_t len_bytes, struct engine_networks *ret) = {
		networks_parse_docker, networks_parse_podman, networks_parse_nerdctl};
	char *copy = malloc(size + 1);

	for (size_t i = 0; i < sizeof(parsers) / sizeof(parsers[0]); i++) {
		struct engine_networks l = {0};

		memcpy(copy, data, size);
		if (parsers[i](copy, size, &l) == 0)
			check(&l);
	}
	check_endpoints(copy, size);
	check_pods(copy, size);
	free(copy);
	return 0;
}
