/* SPDX-License-Identifier: MIT */
#include "service/warnings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "service/parts.h"

#define KIND_MAX 32  /* bytes, NUL included */
#define TEXT_MAX 256 /* bytes of a text made here, NUL included */

void warnings_each(
	const struct app *a, void (*fn)(const char *kind, const char *text, void *ctx), void *ctx)
{
	const struct catalog *cat = &a->catalog.catalog;
	char kind[KIND_MAX], text[TEXT_MAX];

	for (uint32_t i = 0; i < a->config->n_warning; i++) {
		const char *w = a->config->warning[i];
		size_t n = strcspn(w, ":");

		(void) snprintf(kind, sizeof(kind), "%.*s", (int) n, w);
		fn(kind, w[n] == ':' ? w + n + 1 : "", ctx);
	}
	if (cat->n_engines_unreachable == 0)
		return;
	(void) snprintf(text, sizeof(text),
		"%" PRIu32 " of %" PRIu32
		" container engines do not answer, and their containers are listed without "
		"their names; the log has the engines and what may help",
		cat->n_engines_unreachable, cat->n_engines);
	fn("engine", text, ctx);
}
