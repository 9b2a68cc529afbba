/* SPDX-License-Identifier: MIT */
/* GET /filter: checks a capture filter without capturing. The filter is compiled as for a capture,
 * and the programs are dropped. */
#ifndef CAPTURE_FILTER_CHECK_H
#define CAPTURE_FILTER_CHECK_H

#include "loop/loop.h"
#include "service/compile/compiler.h"

struct conn;

/* Answer the request on @c, with arguments "expr", the text of the filter, and "linktypes", numbers
 * of link types separated by commas (default: 1, Ethernet). The answer is 200 for a filter that
 * captures of all these link types accept; 400 with the words of the compiler otherwise, and for
 * arguments that are missing or malformed; 503 when too many filters wait. @compilers outlives the
 * connection. */
void filter_check_begin(struct conn *c, struct compilers *compilers);

#endif
