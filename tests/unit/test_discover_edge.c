/* SPDX-License-Identifier: MIT */
/* Databases and icons of an Industrial Edge runtime, well-meant and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>

#include "base/own.h"
#include "discover/edge/edge_db.h"
#include "discover/edge/edge_icon.h"

#define DEVICE "CREATE TABLE device (id INTEGER PRIMARY KEY, deviceKey TEXT, deviceValue TEXT);"
#define APPS                                                                                       \
	"CREATE TABLE application (appId TEXT PRIMARY KEY, title TEXT, repositoryName TEXT, "      \
	"icon TEXT, isDebuggingEnabled INTEGER, more BLOB);"
#define VERSIONS "CREATE TABLE applicationversions (appVersionId TEXT, appId TEXT);"

struct file {
	unsigned char *bytes; /* owned */
	size_t len_bytes;
};

static void file_done(struct file *f)
{
	free(f->bytes);
}

#define AUTO_FILE __attribute__((cleanup(file_done)))

/* The database file that @sql makes. */
static struct file make(const char *sql)
{
	sqlite3 *db;
	sqlite3_int64 n = 0;
	unsigned char *p;
	struct file f;

	/* another test may have lowered it: it counts for the whole process */
	(void) sqlite3_hard_heap_limit64(0);
	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	p = sqlite3_serialize(db, "main", &n, 0);
	assert_non_null(p);
	f = (struct file){malloc((size_t) n), (size_t) n};
	memcpy(f.bytes, p, f.len_bytes);
	sqlite3_free(p);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return f;
}

/* What is read of the database that @sql makes. */
static int read_of(const char *sql, struct edge_db *ret)
{
	AUTO_FILE struct file f = make(sql);

	return edge_db_read(f.bytes, f.len_bytes, ret);
}

static void devices_and_apps_are_read(void **state)
{
	AUTO_FILE struct file f = make(DEVICE APPS VERSIONS
		"INSERT INTO device (deviceKey, deviceValue) VALUES ('deviceName', 'edge \xff 1'),"
		" ('developerMode', 'true'), ('other', 'x');"
		"INSERT INTO application VALUES "
		"('b', 'Beta', 'beta', 'https://192.0.2.1/p/icons/beta.png?x=1/2', 1, NULL),"
		"('a', 'Alpha', 'alpha', NULL, 0, NULL), ('', 'No id', 'none', '', 0, NULL),"
		"('c', 'No version', 'gamma', '', 0, NULL);"
		"INSERT INTO applicationversions VALUES ('1', 'a'), ('2', 'a'), ('3', 'b'),"
		" ('4', '');");

	(void) state;
	for (unsigned char journal = 1; journal <= 2; journal++) {
		struct edge_db d;

		/* with 2, changes are first written to a file beside */
		f.bytes[18] = f.bytes[19] = journal;
		assert_int_equal(edge_db_read(f.bytes, f.len_bytes, &d), 0);
		assert_true(d.has_name && d.has_mode);
		assert_string_equal(d.device_name, "edge ? 1");
		assert_string_equal(d.developer_mode, "true");
		assert_int_equal(d.n_apps, 2);
		assert_string_equal(d.apps[0].project, "alpha");
		assert_string_equal(d.apps[0].icon, "");
		assert_int_equal(d.apps[0].debuggable, 0);
		assert_string_equal(d.apps[1].title, "Beta");
		assert_string_equal(d.apps[1].icon, "icons/beta.png");
		assert_int_equal(d.apps[1].debuggable, 1);
		edge_db_done(&d);
	}
}

static void what_is_missing_is_not_missed(void **state)
{
	static const struct {
		const char *sql;
		bool has_name;
		size_t n_apps;
	} rows[] = {
		{"CREATE TABLE x (y)", false, 0},
		{DEVICE "INSERT INTO device VALUES (1, 'deviceName', 'n')", true, 0},
		{"CREATE TABLE device (x); INSERT INTO device VALUES (1)", false, 0},
		{"CREATE TABLE application (appId, repositoryName); " VERSIONS
		 "INSERT INTO application VALUES ('a', 'p'); "
		 "INSERT INTO applicationversions VALUES ('1', 'a')",
			false, 1},
		{APPS "INSERT INTO application VALUES ('a', 't', 'p', '', 0, '')", false, 0},
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct edge_db d;

		assert_int_equal(read_of(rows[i].sql, &d), 0);
		assert_int_equal(d.has_name, rows[i].has_name);
		assert_int_equal(d.n_apps, rows[i].n_apps);
		edge_db_done(&d);
	}
}

static void nothing_in_a_database_is_computed(void **state)
{
	static const char *const hostile[] = {
		"CREATE VIEW device AS SELECT 'deviceName' AS deviceKey, 'v' AS deviceValue",
		"CREATE TABLE device (deviceKey, deviceValue AS (upper(deviceKey)));"
		"INSERT INTO device VALUES ('deviceName')",
		"CREATE VIRTUAL TABLE device USING fts5(deviceKey, deviceValue);"
		"INSERT INTO device VALUES ('deviceName', 'v')",
		"CREATE VIEW device AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM"
		" n) SELECT i AS deviceKey, i AS deviceValue FROM n",
	};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct edge_db d = {.apps = NULL};
		int rc = read_of(hostile[i], &d);

		assert_true(rc == 0 || rc == -EBADMSG);
		assert_false(d.has_name);
		edge_db_done(&d);
	}
}

static void a_question_without_end_is_given_up(void **state)
{
	struct edge_db d;

	(void) state;
	assert_int_equal(
		read_of("CREATE TABLE application (appId, repositoryName); " VERSIONS
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT "
			"50000) "
			"INSERT INTO application SELECT 'a', '' FROM n; "
			"INSERT INTO applicationversions SELECT '', appId FROM application",
			&d),
		-EBADMSG);
}

static void too_large_values_and_lists_end_at_limits(void **state)
{
	struct edge_db d;

	(void) state;
	assert_int_equal(
		read_of(DEVICE "INSERT INTO device VALUES (1, 'deviceName', hex(zeroblob(500)))",
			&d),
		0);
	assert_int_equal(strlen(d.device_name), EDGE_TEXT_MAX - 1);
	edge_db_done(&d);
	assert_int_equal(
		read_of(DEVICE "INSERT INTO device VALUES (1, 'deviceName', zeroblob(1100000))",
			&d),
		-EBADMSG);
	assert_int_equal(
		read_of(APPS VERSIONS
			"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 257) "
			"INSERT INTO application SELECT i, i, i, '', 0, '' FROM n; "
			"INSERT INTO applicationversions SELECT '', appId FROM application",
			&d),
		0);
	assert_int_equal(d.n_apps, EDGE_APPS_MAX);
	edge_db_done(&d);
}

static void what_is_no_database_is_refused(void **state)
{
	AUTO_FILE struct file f = make(DEVICE "INSERT INTO device VALUES (1, 'deviceName', 'n')");
	AUTO_FREE unsigned char *large = calloc(1, EDGE_DB_MAX_BYTES + 1);
	struct edge_db d;

	(void) state;
	memcpy(large, f.bytes, f.len_bytes);
	assert_int_equal(edge_db_read(large, EDGE_DB_MAX_BYTES, &d), 0);
	edge_db_done(&d);
	assert_int_equal(edge_db_read(large, EDGE_DB_MAX_BYTES + 1, &d), -EBADMSG);
	assert_int_equal(edge_db_read(f.bytes, 0, &d), -EBADMSG);
	assert_int_equal(edge_db_read(f.bytes, 99, &d), -EBADMSG);
	memset(f.bytes + 100, 0xff, f.len_bytes - 100);
	assert_int_equal(edge_db_read(f.bytes, f.len_bytes, &d), -EBADMSG);
	memset(f.bytes, 'x', f.len_bytes);
	assert_int_equal(edge_db_read(f.bytes, f.len_bytes, &d), -EBADMSG);
}

static void icons_are_the_last_two_parts_of_a_path(void **state)
{
	static const struct {
		const char *url, *icon;
	} rows[] = {{"https://192.0.2.1/a/b/c.png", "b/c.png"}, {"/b/c.png", "b/c.png"},
		{"https://host/b/c.png#d/e", "b/c.png"}, {"https://host/c.png", NULL}, {"", NULL},
		{"https://host", NULL}, {"/x/../c.png", NULL}, {"/x/./c.png", NULL},
		{"/x/..", NULL}, {"/x/.", NULL}, {"/x//c.png", NULL}, {"/x/c/", NULL},
		{"b/c.png", NULL}, {"/..b/.c", "..b/.c"}};

	(void) state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char icon[EDGE_TEXT_MAX] = "untouched";

		assert_int_equal(edge_db_icon_of(rows[i].url, icon), rows[i].icon != NULL);
		assert_string_equal(icon, rows[i].icon ? rows[i].icon : "untouched");
	}
}

static void only_pictures_become_urls(void **state)
{
	static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0,
		13, 'I', 'H', 'D', 'R', 0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b,
		0x55};
	AUTO_FREE unsigned char *file = calloc(1, EDGE_ICON_MAX_BYTES + 1);
	char *url = edge_icon_url(png, sizeof(png));

	(void) state;
	assert_string_equal(
		url, "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV");
	free(url);
	assert_null(edge_icon_url(png, sizeof(png) - 1));
	memcpy(file, png, sizeof(png));
	url = edge_icon_url(file, EDGE_ICON_MAX_BYTES);
	assert_non_null(url);
	assert_int_equal(url[strlen(url) - 1], '=');
	free(url);
	assert_null(edge_icon_url(file, EDGE_ICON_MAX_BYTES + 1));
	file[19] = 0; /* no width */
	assert_null(edge_icon_url(file, EDGE_ICON_MAX_BYTES));
	assert_null(edge_icon_url(
		(const unsigned char *) "<svg xmlns='http://www.w3.org/2000/svg'/>", 41));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_and_apps_are_read),
		cmocka_unit_test(what_is_missing_is_not_missed),
		cmocka_unit_test(nothing_in_a_database_is_computed),
		cmocka_unit_test(a_question_without_end_is_given_up),
		cmocka_unit_test(too_large_values_and_lists_end_at_limits),
		cmocka_unit_test(what_is_no_database_is_refused),
		cmocka_unit_test(icons_are_the_last_two_parts_of_a_path),
		cmocka_unit_test(only_pictures_become_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
