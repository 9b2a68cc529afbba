/* SPDX-License-Identifier: MIT */
/* Numbers on the command line of the bench programs, which end with a message on a bad one. */
#ifndef BENCH_ARGS_H
#define BENCH_ARGS_H

#include <stdint.h>

/* The decimal number @text, which must lie in @min..@max, else ends the program naming @what. */
uint64_t args_number(const char *what, const char *text, uint64_t min, uint64_t max);

#endif
