/* SPDX-License-Identifier: MIT */
/* A capture into Wireshark's pipe, from its beginning to its end. */
#ifndef EXTCAP_CAPTURE_H
#define EXTCAP_CAPTURE_H

#include "extcap/job.h"
#include "extcap/journal.h"

/* Capture as @job says into the pipe @fifo, which is waited for until Wireshark opens its end,
 * until the service ends it, Wireshark closes its end, or SIGINT or SIGTERM arrive: the first one
 * stops gracefully, the second one at once. Until the capture has started these signals do what
 * they did before. Returns 0 for a capture that ended as wanted, also by Wireshark, else a negative
 * errno with @e filled: -EINTR after a second signal. */
int capture_run(struct job *job, const char *fifo, const struct journal *j, struct err *e);

/* For a capture that cannot begin: let Wireshark see the end of @fifo, as it would wait for ever
 * for somebody to open that. Waits two seconds for Wireshark to open its end. */
void capture_release_reader(const char *fifo);

#endif
