/* SPDX-License-Identifier: MIT */
/* What the last word of an unfinished command line could become. */
#ifndef CSHARG_CLI_COMPLETE_H
#define CSHARG_CLI_COMPLETE_H

#include <stddef.h>

#include "base/err.h"

/* Print candidates for the last of @words (without the program's name), one in each line: commands,
 * flags, formats, classes, and with --host names of targets, which are asked for within two
 * seconds; nothing for file names, which shells know. Errors: of writing. */
int complete_print(const char *const *words, size_t n_words, struct err *e);

#endif
