/* SPDX-License-Identifier: MIT */
/* What packetflix cannot see or do where it was started: found by the broker at its start, and
 * container engines that do not answer now. */
#ifndef SERVICE_WARNINGS_H
#define SERVICE_WARNINGS_H

struct app;

/* Call @fn for each warning: @kind is for programs (lower-case letters and hyphens), @text for
 * people. Both are valid during the call. */
void warnings_each(
	const struct app *a, void (*fn)(const char *kind, const char *text, void *ctx), void *ctx);

#endif
