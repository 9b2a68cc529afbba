/* SPDX-License-Identifier: MIT */
#include "csharg/cli/table.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/utf8.h"

#define WIDTH_MIN 5
#define BLANKS    3

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cell[i]);
	free(t->cell);
	*t = (struct table){0};
}

int table_add(struct table *t, const char *s, size_t len_bytes)
{
	char **v = grow(t->cell, t->n_cells, &t->cap_cells, sizeof(*v));

	if (!v)
		return -ENOMEM;
	t->cell = v;
	v[t->n_cells] = strndup(s, len_bytes);
	if (!v[t->n_cells])
		return -ENOMEM;
	/* replaces characters by shorter ones only */
	utf8_sanitize(v[t->n_cells], v[t->n_cells], len_bytes + 1);
	t->n_cells++;
	return 0;
}

/* Characters of UTF-8 text. */
static size_t characters(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((uint8_t) *s & 0xc0) != 0x80;
	return n;
}

void table_put(const struct table *t, struct text *out)
{
	size_t width[TABLE_COLUMNS_MAX], rows = t->n_cells / t->n_columns;

	for (size_t c = 0; c < t->n_columns; c++) {
		width[c] = WIDTH_MIN;
		for (size_t r = 0; r < rows; r++) {
			size_t n = characters(t->cell[r * t->n_columns + c]) + BLANKS;

			width[c] = n > width[c] ? n : width[c];
		}
	}
	for (size_t i = 0; i < rows * t->n_columns; i++) {
		size_t c = i % t->n_columns;

		text_put(out, t->cell[i]);
		if (c + 1 == t->n_columns) {
			text_put(out, "\n");
			continue;
		}
		for (size_t n = characters(t->cell[i]); n < width[c]; n++)
			text_put(out, " ");
	}
}
