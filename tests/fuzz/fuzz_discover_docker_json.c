/* SPDX-License-Identifier: MIT */
/* Laws: whatever an engine answers, ids are unique, sorted and fit for a URL, names and labels are
 * safe to show, labels can be found, pids are possible; the same answer twice is no change. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/container/container.h"
#include "discover/engine/docker_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s)
{
	assert(utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

static void check_labels(const struct labels *l)
{
	assert(l->n <= LABELS_MAX && l->len_bytes <= LABELS_MAX_BYTES);
	for (size_t i = 0; i < l->n; i++) {
		assert(i == 0 || strcmp(labels_key(l, i - 1), labels_key(l, i)) < 0);
		assert(strcmp(labels_get(l, labels_key(l, i)), labels_value(l, i)) == 0);
		check_clean(labels_key(l, i));
		check_clean(labels_value(l, i));
	}
}

static void check_container(const struct engine_container *c)
{
	assert(c->id[0] && strpbrk(c->id, "/?#%.: \n") == NULL);
	assert(c->name[0] && strlen(c->name) < CONTAINER_NAME_MAX);
	check_clean(c->name);
	assert(c->pid >= 0 && c->pid <= 4194304);
	check_labels(&c->labels);
}

static void check_list(const char *data, size_t size)
{
	struct engine_list l, again;
	char *copy = memcpy(malloc(size + 1), data, size);

	if (docker_parse_list(copy, size, &l) == 0) {
		for (size_t i = 0; i < l.n; i++) {
			check_container(&l.v[i]);
			assert(i == 0 || strcmp(l.v[i - 1].id, l.v[i].id) < 0);
			assert(engine_list_find(&l, l.v[i].id) == &l.v[i]);
		}
		/* the first parse has repaired the text in place */
		assert(docker_parse_list(copy, size, &again) == 0 && again.n == l.n);
		assert(!engine_list_inherit(&again, &l));
		engine_list_done(&again);
		engine_list_done(&l);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine_container c;
	struct docker_version v;
	char id[DOCKER_TEXT_MAX];
	char *copy = memcpy(malloc(size + 1), data, size);

	copy[size] = '\0';
	if (docker_version_read(copy, copy, copy, &v) == 0)
		assert(strspn(v.api, "0123456789.") == strlen(v.api) && v.libpod[0] == '\0');
	if (docker_version_read(copy, "1.41", NULL, &v) == 0)
		assert(utf8_valid(v.version, strlen(v.version)));
	if (docker_parse_inspect(copy, size, &c) == 0) {
		check_container(&c);
		engine_container_done(&c);
	}
	if (docker_parse_info(copy, size, id) == 0)
		assert(utf8_valid(id, strlen(id)));
	free(copy);
	check_list((const char *) data, size);
	return 0;
}
