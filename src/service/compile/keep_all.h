/* SPDX-License-Identifier: MIT */
/* The programs of a capture without a filter. */
#ifndef COMPILE_KEEP_ALL_H
#define COMPILE_KEEP_ALL_H

#include "proto/capture_conf.h"

/* Put a program that keeps conf->snaplen bytes of every packet into @conf, whose programs must be
 * empty, for every link type we know. Returns 0, or -ENOMEM with @conf untouched. */
int keep_all(struct capture_conf *conf);

#endif
