/* SPDX-License-Identifier: MIT */
/* cshargextcap --check: what keeps a person from capturing, line by line, with what to do. */
#ifndef EXTCAP_CHECK_H
#define EXTCAP_CHECK_H

#include "extcap/args.h"

/* Look and tell on stdout: the folders Wireshark searches and whether the plugin is in one of them,
 * whether packetflix: links are known to the desktop, and, when @args->dockerhosturl is given,
 * whether that service answers. Returns 0, or -ENOENT when something is missing. */
int check_run(const struct args *args);

#endif
