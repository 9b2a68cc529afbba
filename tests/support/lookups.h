/* SPDX-License-Identifier: MIT */
/* Stands in for the system's name services in a test program: what a name could be is never asked,
 * only counted. Numbers are still understood. */
#ifndef SUPPORT_LOOKUPS_H
#define SUPPORT_LOOKUPS_H

/* Names asked for so far. */
unsigned int lookups_made(void);

#endif
