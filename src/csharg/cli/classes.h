/* SPDX-License-Identifier: MIT */
/* Classes of targets as words of the command line: "pods", "containers", "networks". */
#ifndef CSHARG_CLI_CLASSES_H
#define CSHARG_CLI_CLASSES_H

#include <stdbool.h>
#include <stddef.h>

/* A set of classes. */
struct classes {
	bool has[4]; /* by enum csharg_class */
};

/* The classes that @words (each one of command_classes) name; all if there are none. */
struct classes classes_of_words(const char *const *words, size_t n);

/* Whether a target of type @type is in. */
bool classes_have(const struct classes *c, const char *type);

/* Whether pods are in and nothing else. */
bool classes_only_pods(const struct classes *c);

#endif
