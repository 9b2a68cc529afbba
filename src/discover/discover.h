/* SPDX-License-Identifier: MIT */
/* The life of packetflix-discover: what a scan waits for, what is published.
 *
 * One scan at a time. When which kind of scan begins, says agenda.h; requests that come in during a
 * scan get the next one, shared by all who wait.
 *
 * A scan waits for engines at most DISCOVER_ENGINE_MS; what is not known by then is published as it
 * was known before. It waits for the broker until that has been silent for DISCOVER_LINKS_MS; then
 * the generation says that it is incomplete, and does not count as current. Updates ask
 * those engines that have announced something, or all if there is a container that none has told
 * of. If nobody waits for an update and no engine announced it, it waits for engines only
 * DISCOVER_ENGINE_SOON_MS: what they say later makes another generation, and who asks meanwhile
 * waits for it. */
#ifndef DISCOVER_DISCOVER_H
#define DISCOVER_DISCOVER_H

#include "base/err.h"

#define DISCOVER_ENGINE_MS      2000
#define DISCOVER_ENGINE_SOON_MS 100 /* in an update for nobody that no engine has announced */
#define DISCOVER_LINKS_MS       3000
#define DISCOVER_EVENTS_MS      100  /* the first scan waits for the kernel to tell of changes */
#define DISCOVER_RETRY_MS       1000 /* after a scan that failed */

struct discover_fds {
	int broker;  /* channel to the broker; its end is ours */
	int catalog; /* channel to the service */
	int proc;    /* directory of the host's proc file system */
};

/* Discover until the broker is gone. Takes over @fds. Returns 0 when the broker closed its channel,
 * or a negative errno with words in @e. */
int discover_run(const struct discover_fds *fds, struct err *e);

#endif
