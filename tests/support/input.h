/* SPDX-License-Identifier: MIT */
/* Cutting the bytes of a fuzz input into numbers and texts. What is missing reads as zero. */
#ifndef SUPPORT_INPUT_H
#define SUPPORT_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *p;
	size_t left;
};

static inline uint64_t input_number(struct input *in, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = 0; i < bytes && in->left > 0; i++, in->left--)
		v = v << 8 | *in->p++;
	return v;
}

/* A text of at most @max bytes as its own allocation, so that reading past it is seen. */
static inline char *input_text(struct input *in, size_t max)
{
	size_t n = input_number(in, 2) % (max + 1);
	char *s;

	n = n < in->left ? n : in->left;
	s = strndup((const char *) in->p, n);
	in->p += n;
	in->left -= n;
	if (!s)
		abort();
	return s;
}

#endif
