/* SPDX-License-Identifier: MIT */
/* What an Industrial Edge runtime on this host says about the device and its apps (contract 2.8,
 * 2.9, 6.1). The runtime is a Docker container with a certain name, of an engine that runs as root;
 * its files are looked up inside its root and may hold anything. Kept from scan to scan; read again
 * only when the file of the database has changed. */
#ifndef EDGE_EDGE_H
#define EDGE_EDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "discover/container/container.h"
#include "discover/edge/edge_db.h"
#include "base/text.h"

#define EDGE_RUNTIME "edge-iot-core"

/* how soon a changed database is read again, and one that could not be read */
#define EDGE_AGAIN_MS  5000
#define EDGE_FAILED_MS 60000

#define EDGE_ICONS_MAX_BYTES (4 << 20) /* of all icons as texts */

struct edge {
	bool found; /* there is a runtime; what follows is its */
	int32_t pid;
	uint64_t starttime_ticks;
	const struct engine *engine; /* borrowed from the newest list of containers */
	char semversion[EDGE_TEXT_MAX];
	struct edge_db db;
	char **icons; /* owned: data URLs, by index in db.apps; NULL = not looked for yet */
	struct edge_stamp {
		uint64_t device, inode, size_bytes;
		int64_t changed_s, changed_ns;
	} stamp;         /* of the file that @db was read from */
	int64_t next_ns; /* when to look at the database again */
};

/* Zero-initialise. */
void edge_done(struct edge *e);

/* Bring @e up to date with @containers. Without memory it stays as it is. */
void edge_update(struct edge *e, int procfd, const struct container_list *containers);

/* Read the icons of all apps unless they have been. */
void edge_load_icons(struct edge *e, int procfd);

/* The app that @c is a container of, as index in e->db.apps; -1 = none. */
int edge_app_of(const struct edge *e, const struct container *c);

/* Append labels about app @app (an index): its title, its icon, whether it is debuggable. */
void edge_put_labels(struct text *t, const struct edge *e, int app);

/* True if edge_put_labels() may put a label with this key. */
bool edge_is_label(const char *key);

#endif
