/* SPDX-License-Identifier: MIT */
#include "broker/warnings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

void warnings_add(struct warnings *w, const char *kind, const char *fmt, ...)
{
	struct warning one;
	va_list ap;

	va_start(ap, fmt);
	(void) vsnprintf(one.text, sizeof(one.text), fmt, ap);
	va_end(ap);
	(void) snprintf(one.kind, sizeof(one.kind), "%s", kind);
	log_warn("%s kind=%s", one.text, one.kind);
	if (w->n < WARNINGS_MAX)
		w->v[w->n++] = one;
}
