/* SPDX-License-Identifier: MIT */
/* The order people expect of names with numbers in them: "eth2" before "eth10". */
#ifndef CSHARG_CLI_NATURAL_H
#define CSHARG_CLI_NATURAL_H

/* Compare as strcmp() does, but runs of digits by their value, however long; texts that differ only
 * in leading zeros by those. A total order. */
int natural_compare(const char *a, const char *b);

#endif
