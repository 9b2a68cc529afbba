/* SPDX-License-Identifier: MIT */
/* Moved to base, as the client library has arrays too. */
#ifndef DISCOVER_GROW_H
#define DISCOVER_GROW_H

#include "base/grow.h"

#endif
