/* SPDX-License-Identifier: MIT */
/* Descriptors of this process. */
#ifndef BASE_FILES_H
#define BASE_FILES_H

#include <stdint.h>

/* How many of the descriptors from @first on and below @end are open. */
uint64_t files_open(uint64_t first, uint64_t end);

#endif
