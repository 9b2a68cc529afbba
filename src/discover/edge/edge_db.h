/* SPDX-License-Identifier: MIT */
/* The database of an Industrial Edge runtime (contract 6.1): an SQLite file that belongs to a
 * container, so it may hold anything. It is read from a copy in memory, never changed, and nothing
 * written in it is ever computed (docs/decisions/0027). No I/O. */
#ifndef EDGE_EDGE_DB_H
#define EDGE_EDGE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EDGE_DB_MAX_BYTES (8 << 20)
#define EDGE_TEXT_MAX     256 /* bytes with NUL; longer texts are cut */
#define EDGE_APPS_MAX     256 /* more are left out */
#define EDGE_DB_MS        250 /* for all questions together */

/* An installed app; texts are clean UTF-8. */
struct edge_app {
	char project[EDGE_TEXT_MAX]; /* compose project of its containers, not empty */
	char title[EDGE_TEXT_MAX];
	char icon[EDGE_TEXT_MAX]; /* file below the runtime's folder of icons, "" = none */
	int64_t debuggable;
};

struct edge_db {
	bool has_name, has_mode;
	char device_name[EDGE_TEXT_MAX], developer_mode[EDGE_TEXT_MAX];
	struct edge_app *apps; /* owned; by project, none twice */
	size_t n_apps;
};

/* Read the database file @bytes, which is changed. A missing table is as good as an empty one.
 * Returns 0, -EBADMSG when it is no database or takes more time or memory than it may, or -ENOMEM;
 * @ret is untouched then. Free with edge_db_done(). */
int edge_db_read(unsigned char *bytes, size_t len_bytes, struct edge_db *ret);
void edge_db_done(struct edge_db *d);

/* Take the last two parts of the path in @url, "FOLDER/FILE". Returns false, with @ret untouched,
 * when there are none that could be a file's. */
bool edge_db_icon_of(const char *url, char ret[EDGE_TEXT_MAX]);

#endif
