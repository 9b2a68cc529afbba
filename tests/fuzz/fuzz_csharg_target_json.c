/* SPDX-License-Identifier: MIT */
/* Laws: a target that was understood is written as text that is understood as the same target; its
 * strings are fit to be shown; a list is in its order. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "csharg/lib/target.h"
#include "csharg/lib/target_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *s)
{
	assert(utf8_valid(s, strlen(s)));
	for (; *s; s++)
		assert((uint8_t) *s >= 0x20 && *s != 0x7f);
}

static void check_target(const char *in)
{
	struct csharg_target *t = NULL, *again = NULL;
	char *text = NULL, *text_again = NULL;
	struct err e = ERR_NONE;

	if (target_json_decode(in, &t, &e) < 0) {
		assert(e.text[0]);
		return;
	}
	check_text(t->name);
	for (size_t i = 0; i < t->n_interfaces; i++)
		check_text(t->interfaces[i]);
	if (csharg_target_to_json(t, &text) < 0 || target_json_decode(text, &again, &e) < 0 ||
		csharg_target_to_json(again, &text_again) < 0)
		abort();
	check_text(text);
	assert(strcmp(text, text_again) == 0 && target_compare(t, again) == 0);
	csharg_target_free(t);
	csharg_target_free(again);
	free(text);
	free(text_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct csharg_targets *all = NULL;
	struct csharg_service *service = NULL;
	struct err e = ERR_NONE;
	char *s = strndup((const char *) data, size), words[64];

	if (!s)
		abort();
	check_target(s);
	if (target_json_list((const char *) data, size, "node", &all, &e) == 0) {
		for (size_t i = 1; i < all->n; i++)
			assert(target_compare(all->target[i - 1], all->target[i]) <= 0);
	}
	csharg_targets_free(all);
	if (target_json_service((const char *) data, size, &service) == 0)
		check_text(service->name);
	csharg_service_free(service);
	if (target_json_error((const char *) data, size, words, sizeof(words)))
		check_text(words);
	free(s);
	return 0;
}
