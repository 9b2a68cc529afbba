/* SPDX-License-Identifier: MIT */
/* What a request's headers say about the form of the answer (RFC 9110). */
#ifndef ANSWER_NEGOTIATE_H
#define ANSWER_NEGOTIATE_H

#include <stdbool.h>

/* Is the entity tag @tag (with its quotes) in @list, the value of If-None-Match (section 13.1.2)?
 * Compared weakly; "*" stands for all. A list that is not well formed says no from there on. */
bool negotiate_knows(const char *list, const char *tag);

/* Does @list, the value of Accept-Encoding, allow gzip (section 12.5.3): named, or meant by "*",
 * and not with a weight of 0? */
bool negotiate_takes_gzip(const char *list);

#endif
