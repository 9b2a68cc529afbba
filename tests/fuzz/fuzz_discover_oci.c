/* SPDX-License-Identifier: MIT */
/* Laws: what runtimes and supervisors say leads to possible pids and to texts that are safe to
 * show; only labels that are ours to give come out. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "discover/container/oci_state.h"
#include "discover/container/supervised.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *s)
{
	assert(utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((unsigned char) *s >= 0x20 && *s != 0x7f);
}

static void check(const struct oci_state *s)
{
	assert(s->pid > 0 && s->pid <= 4194304);
	check_clean(s->name);
	for (size_t i = 0; i < s->labels.n; i++) {
		assert(strncmp(labels_key(&s->labels, i), "io.kubernetes.", 14) == 0);
		check_clean(labels_value(&s->labels, i));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = memcpy(malloc(size + 1), data, size);
	struct oci_state s;
	struct cgroup_name name;

	copy[size] = '\0';
	if (size < SUPERVISED_CMDLINE_MAX &&
		supervised_parse("systemd-nspawn", copy, size, &name)) {
		assert(name.name[0]);
		check_clean(name.name);
	}
	if (oci_state_parse_runc(copy, size, &s) == 0) {
		check(&s);
		oci_state_done(&s);
	}
	if (oci_state_parse_crun(copy, size, &s) == 0) {
		(void) oci_state_add_config(copy, size, &s);
		check(&s);
		oci_state_done(&s);
	}
	free(copy);
	return 0;
}
