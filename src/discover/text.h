/* SPDX-License-Identifier: MIT */
/* Moved to base, as the client library writes JSON too. */
#ifndef DISCOVER_TEXT_H
#define DISCOVER_TEXT_H

#include "base/text.h"

#endif
