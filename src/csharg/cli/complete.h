/* SPDX-License-Identifier: MIT */
/* What the last word of an unfinished command line could become. */
#ifndef CSHARG_CLI_COMPLETE_H
#define CSHARG_CLI_COMPLETE_H

#include <stddef.h>

#include "base/err.h"

#define COMPLETE_FILES ":files" /* no command, flag or target has this name */

/* Print candidates for the last of @words (without the program's name), one in each line: commands,
 * flags, formats, classes, names of targets and of their interfaces, for which the service has two
 * seconds to answer; COMPLETE_FILES where the name of a file is expected, as shells list these.
 * Errors: of writing. */
int complete_print(const char *const *words, size_t n_words, struct err *e);

#endif
