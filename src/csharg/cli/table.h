/* SPDX-License-Identifier: MIT */
/* Tables of text: columns as wide as their longest cell and three blanks, at least five, the last
 * one unpadded. */
#ifndef CSHARG_CLI_TABLE_H
#define CSHARG_CLI_TABLE_H

#include <stddef.h>

#include "base/text.h"

#define TABLE_COLUMNS_MAX 64

/* Zero-initialise with the number of columns, 1 to TABLE_COLUMNS_MAX. */
struct table {
	size_t n_columns;
	char **cell; /* owned, row by row */
	size_t n_cells, cap_cells;
};

void table_done(struct table *t);

#define AUTO_TABLE __attribute__((cleanup(table_done)))

/* Add the next cell, row by row: a copy of the @len_bytes bytes at @s, made safe to be shown on a
 * terminal (utf8_sanitize()). Returns 0 or -ENOMEM. */
int table_add(struct table *t, const char *s, size_t len_bytes);

/* Put all full rows to @out. */
void table_put(const struct table *t, struct text *out);

#endif
