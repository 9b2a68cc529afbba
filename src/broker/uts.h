/* SPDX-License-Identifier: MIT */
/* The host name of another UTS namespace, which the kernel shows only inside of it. */
#ifndef BROKER_UTS_H
#define BROKER_UTS_H

#include <sys/utsname.h>

/* What uname(2) returns in the UTS namespace @fd; @own_uts_fd is the broker's own. Ends the process
 * when it cannot get back. Returns 0 or a negative errno. */
int uts_name(int fd, int own_uts_fd, struct utsname *ret);

#endif
