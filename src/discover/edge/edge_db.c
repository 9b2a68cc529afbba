/* SPDX-License-Identifier: MIT */
#include "discover/edge/edge_db.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/utf8.h"

#define HEAP_MAX_BYTES (16 << 20)
#define VALUE_MAX      (1 << 20)
#define STEPS          1000 /* of the virtual machine, between looks at the clock */

/* Where the file header says which way of journaling is used; 1 is the one without a log beside. */
#define HEADER_BYTES  100
#define READ_VERSION  19
#define WRITE_VERSION 18

/* A connection, and how long it may be used. */
struct query {
	sqlite3 *db;
	int64_t end_ns;
};

static int on_progress(void *ctx)
{
	const struct query *q = ctx;

	return clock_mono_ns() > q->end_ns;
}

/* Only reading of columns: no functions, no views, no recursion. */
static int on_authorize(
	void *ctx, int action, const char *a, const char *b, const char *db, const char *by)
{
	(void) ctx;
	(void) a;
	(void) b;
	(void) db;
	(void) by;
	return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static void set_limits(sqlite3 *db)
{
	static const struct {
		int what, value;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, VALUE_MAX},
		{SQLITE_LIMIT_SQL_LENGTH, 65536},
		{SQLITE_LIMIT_COLUMN, 200},
		{SQLITE_LIMIT_EXPR_DEPTH, 20},
		{SQLITE_LIMIT_COMPOUND_SELECT, 2},
		{SQLITE_LIMIT_VDBE_OP, 10000},
		{SQLITE_LIMIT_FUNCTION_ARG, 8},
		{SQLITE_LIMIT_ATTACHED, 0},
		{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100},
		{SQLITE_LIMIT_VARIABLE_NUMBER, 8},
		{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
		{SQLITE_LIMIT_WORKER_THREADS, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void) sqlite3_limit(db, limits[i].what, limits[i].value);
}

/* What a database could bring along besides tables is switched off before it is looked at. */
static int harden(struct query *q)
{
	static const struct {
		int what, value;
	} settings[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1}, {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_VIEW, 0}, {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}};
	int rc = SQLITE_OK;

	set_limits(q->db);
	for (size_t i = 0; i < ARRAY_LEN(settings) && rc == SQLITE_OK; i++)
		rc = sqlite3_db_config(q->db, settings[i].what, settings[i].value, NULL);
	/* no kind of virtual table: their code would run over what the file says */
	if (rc == SQLITE_OK)
		rc = sqlite3_drop_modules(q->db, NULL);
	/* no temporary files */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(q->db, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0", NULL,
			NULL, NULL);
	sqlite3_progress_handler(q->db, STEPS, on_progress, q);
	return rc;
}

static int open_copy(struct query *q, unsigned char *bytes, size_t len_bytes)
{
	int rc = sqlite3_open_v2(":memory:", &q->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);

	/* all of the process, but this is its only user */
	(void) sqlite3_hard_heap_limit64(HEAP_MAX_BYTES);
	if (rc == SQLITE_OK)
		rc = harden(q);
	if (rc != SQLITE_OK)
		return rc;
	bytes[WRITE_VERSION] = bytes[READ_VERSION] = 1;
	return sqlite3_deserialize(q->db, "main", bytes, (sqlite3_int64) len_bytes,
		(sqlite3_int64) len_bytes, SQLITE_DESERIALIZE_READONLY);
}

/* True if all columns of the table @name are stored. A computed one would be computed here. A table
 * that does not exist has none at all. */
static bool is_plain_table(struct query *q, const char *sql)
{
	sqlite3_stmt *s = NULL;
	bool plain = sqlite3_prepare_v2(q->db, sql, -1, &s, NULL) == SQLITE_OK;
	int rc = SQLITE_DONE;

	/* cid, name, type, notnull, dflt_value, pk, hidden */
	while (plain && (rc = sqlite3_step(s)) == SQLITE_ROW)
		plain = sqlite3_column_count(s) == 7 && sqlite3_column_int(s, 6) == 0;
	(void) sqlite3_finalize(s);
	return plain && rc == SQLITE_DONE;
}

static bool are_plain_tables(struct query *q)
{
	return is_plain_table(q, "PRAGMA main.table_xinfo(device)") &&
	       is_plain_table(q, "PRAGMA main.table_xinfo(application)") &&
	       is_plain_table(q, "PRAGMA main.table_xinfo(applicationversions)");
}

/* The column called @name of the current row, -1 if there is none. */
static int find_column(sqlite3_stmt *s, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(s); i++) {
		const char *n = sqlite3_column_name(s, i);

		if (n && sqlite3_stricmp(n, name) == 0)
			return i;
	}
	return -1;
}

static void get_text(sqlite3_stmt *s, const char *name, char ret[EDGE_TEXT_MAX])
{
	int column = find_column(s, name);
	const unsigned char *text = column < 0 ? NULL : sqlite3_column_text(s, column);

	utf8_sanitize(text ? (const char *) text : "", ret, EDGE_TEXT_MAX);
}

static void take_device(sqlite3_stmt *s, struct edge_db *d)
{
	char key[EDGE_TEXT_MAX];

	get_text(s, "deviceKey", key);
	if (strcmp(key, "deviceName") == 0) {
		get_text(s, "deviceValue", d->device_name);
		d->has_name = true;
	} else if (strcmp(key, "developerMode") == 0) {
		get_text(s, "deviceValue", d->developer_mode);
		d->has_mode = true;
	}
}

bool edge_db_icon_of(const char *url, char ret[EDGE_TEXT_MAX])
{
	const char *scheme = strstr(url, "://");
	const char *path = scheme ? strchr(scheme + 3, '/') : url;
	size_t n = path ? strcspn(path, "?#") : 0, at = n;

	for (int slashes = 0; at > 0; at--) {
		slashes += path[at - 1] == '/';
		if (slashes == 2)
			break;
	}
	/* "/FOLDER/FILE" at least, each with something in it */
	if (at == 0 || n - at >= EDGE_TEXT_MAX || path[at] == '/' || path[n - 1] == '/' ||
		strncmp(path + at, "../", 3) == 0 || strncmp(path + at, "./", 2) == 0 ||
		(n >= 3 && strncmp(path + n - 3, "/..", 3) == 0) ||
		(n >= 2 && strncmp(path + n - 2, "/.", 2) == 0))
		return false;
	memcpy(ret, path + at, n - at);
	ret[n - at] = '\0';
	return true;
}

/* Returns 0 or -ENOMEM. */
static int take_app(sqlite3_stmt *s, struct edge_db *d)
{
	struct edge_app app = {.debuggable = 0};
	char id[EDGE_TEXT_MAX], url[EDGE_TEXT_MAX];
	int column = find_column(s, "isDebuggingEnabled");

	if (d->n_apps == EDGE_APPS_MAX)
		return 0;
	get_text(s, "appId", id);
	get_text(s, "repositoryName", app.project);
	get_text(s, "title", app.title);
	get_text(s, "icon", url);
	(void) edge_db_icon_of(url, app.icon);
	app.debuggable = column < 0 ? 0 : sqlite3_column_int64(s, column);
	if (!id[0] || !app.project[0])
		return 0;
	if (!d->apps)
		d->apps = calloc(EDGE_APPS_MAX, sizeof(*d->apps));
	if (!d->apps)
		return -ENOMEM;
	d->apps[d->n_apps++] = app;
	return 0;
}

static int take_row(sqlite3_stmt *s, bool is_app, struct edge_db *d)
{
	if (is_app)
		return take_app(s, d);
	take_device(s, d);
	return 0;
}

/* Ask @sql and take its rows. Returns 0, -EBADMSG or -ENOMEM. */
static int ask(struct query *q, const char *sql, bool is_app, struct edge_db *d)
{
	sqlite3_stmt *s = NULL;
	int rc = 0, status = sqlite3_prepare_v2(q->db, sql, -1, &s, NULL);

	/* SQLITE_ERROR: there is no such table */
	if (status != SQLITE_OK)
		return status == SQLITE_ERROR ? 0 : -EBADMSG;
	while (rc == 0 && (status = sqlite3_step(s)) == SQLITE_ROW)
		rc = take_row(s, is_app, d);
	(void) sqlite3_finalize(s);
	if (rc == 0 && status != SQLITE_DONE)
		rc = -EBADMSG;
	return rc;
}

static int cmp_app(const void *a, const void *b)
{
	const struct edge_app *x = a, *y = b;
	int rc = strcmp(x->project, y->project);

	if (rc == 0)
		rc = strcmp(x->title, y->title);
	if (rc == 0)
		rc = strcmp(x->icon, y->icon);
	if (rc == 0)
		rc = (x->debuggable > y->debuggable) - (x->debuggable < y->debuggable);
	return rc;
}

static void sort_apps(struct edge_db *d)
{
	size_t n = 0;

	if (d->n_apps == 0)
		return;
	qsort(d->apps, d->n_apps, sizeof(*d->apps), cmp_app);
	for (size_t i = 1; i < d->n_apps; i++) {
		if (strcmp(d->apps[i].project, d->apps[n].project) != 0)
			d->apps[++n] = d->apps[i];
	}
	d->n_apps = n + 1;
}

static int read_tables(struct query *q, struct edge_db *d)
{
	int rc;

	if (!are_plain_tables(q) || sqlite3_set_authorizer(q->db, on_authorize, NULL) != SQLITE_OK)
		return -EBADMSG;
	rc = ask(q, "SELECT deviceKey, deviceValue FROM main.device", false, d);
	if (rc == 0)
		rc = ask(q,
			"SELECT * FROM main.application JOIN main.applicationversions"
			" USING (appId)",
			true, d);
	sort_apps(d);
	return rc;
}

int edge_db_read(unsigned char *bytes, size_t len_bytes, struct edge_db *ret)
{
	struct query q = {.end_ns = clock_mono_ns() + (int64_t) EDGE_DB_MS * 1000000};
	struct edge_db d = {.apps = NULL};
	int rc;

	if (len_bytes < HEADER_BYTES || len_bytes > EDGE_DB_MAX_BYTES)
		return -EBADMSG;
	rc = open_copy(&q, bytes, len_bytes);
	if (rc == SQLITE_OK)
		rc = read_tables(&q, &d);
	else
		rc = rc == SQLITE_NOMEM ? -ENOMEM : -EBADMSG;
	(void) sqlite3_close(q.db);
	if (rc < 0)
		edge_db_done(&d);
	else
		*ret = d;
	return rc;
}

void edge_db_done(struct edge_db *d)
{
	free(d->apps);
	*d = (struct edge_db){.apps = NULL};
}
