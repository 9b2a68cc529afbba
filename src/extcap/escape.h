/* SPDX-License-Identifier: MIT */
/* The escapes of URL queries: %XX, and '+' for a blank. No I/O. */
#ifndef EXTCAP_ESCAPE_H
#define EXTCAP_ESCAPE_H

#include <stddef.h>

#include "base/text.h"

/* Put @s escaped: everything but letters, digits and "-_.~" as %XX with upper case digits, blanks
 * as '+'. */
void escape_put(struct text *t, const char *s);

/* Undo the escapes in the @len_bytes bytes at @s. A '%' without two hexadecimal digits stands for
 * itself. *@ret is owned by the caller. Returns 0, -EINVAL for %00, or -ENOMEM. */
int escape_undo(const char *s, size_t len_bytes, char **ret);

#endif
