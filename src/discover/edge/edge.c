/* SPDX-License-Identifier: MIT */
#include "discover/edge/edge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/own.h"
#include "discover/edge/edge_icon.h"
#include "discover/host/host.h"
#include "files/root_path.h"

#define OSREL_FILE  "/etc/os-release-container"
#define OSREL_BYTES 16384
#define DB_FILE     "/data/app_engine/db/platformbox.db"
#define ICON_FOLDER "/data/BoxCache/app/"

#define APP_LABEL     "com_mwp_conf_" /* how keys of labels of an app's containers begin */
#define PROJECT_LABEL "com.docker.compose.project"
#define ICON_LABEL    "gostwire/icon"
#define TITLE_LABEL   "gostwire/ieapp/title"
#define DEBUG_LABEL   "gostwire/ieapp/debuggable"

#define MS_NS 1000000

static void forget_icons(struct edge *e)
{
	for (size_t i = 0; e->icons && i < e->db.n_apps; i++)
		free(e->icons[i]);
	free(e->icons);
	e->icons = NULL;
}

static void forget_db(struct edge *e)
{
	forget_icons(e);
	edge_db_done(&e->db);
	e->stamp = (struct edge_stamp){0};
}

void edge_done(struct edge *e)
{
	forget_db(e);
	*e = (struct edge){0};
}

/* Anybody may run an engine of his own and give a container any name. */
static const struct container *find_runtime(const struct container_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct container *c = &l->v[i];

		if (c->engine && c->engine->privileged && strcmp(c->type, "docker") == 0 &&
			strcmp(c->name, EDGE_RUNTIME) == 0)
			return c;
	}
	return NULL;
}

/* The root of the runtime, -1 if it has gone. */
static int open_root(const struct edge *e, int procfd)
{
	AUTO_CLOSE int root = root_path_root(procfd, e->pid);
	struct procstat st;

	if (root < 0 || procstat_read(procfd, e->pid, &st) < 0 ||
		st.starttime_ticks != e->starttime_ticks)
		return -1;
	return TAKE_FD(root);
}

static void read_version(struct edge *e, int root)
{
	AUTO_FREE char *text = malloc(OSREL_BYTES);

	if (!text || root_path_read_at(root, OSREL_FILE, text, OSREL_BYTES) < 0)
		return;
	host_parse_osrel(text, "VERSION_ID", e->semversion, sizeof(e->semversion));
	/* what a script of some runtimes has written */
	if (!e->semversion[0])
		host_parse_osrel(text, "-e VERSION_ID", e->semversion, sizeof(e->semversion));
}

static struct edge_stamp stamp_of(const struct stat *st)
{
	return (struct edge_stamp){st->st_dev, st->st_ino, (uint64_t) st->st_size,
		st->st_mtim.tv_sec, st->st_mtim.tv_nsec};
}

static bool same_stamp(const struct edge_stamp *a, const struct edge_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size_bytes == b->size_bytes &&
	       a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

/* Read the database below @root, of @size_bytes. Returns 0 or a negative errno. */
static int read_db(int root, uint64_t size_bytes, struct edge_db *ret)
{
	AUTO_FREE char *bytes = NULL;
	ssize_t n;

	if (size_bytes > EDGE_DB_MAX_BYTES)
		return -EFBIG;
	bytes = malloc(size_bytes + 1);
	if (!bytes)
		return -ENOMEM;
	n = root_path_read_at(root, DB_FILE, bytes, size_bytes + 1);
	return n < 0 ? (int) n : edge_db_read((unsigned char *) bytes, (size_t) n, ret);
}

/* What was known stays when the file cannot be understood: it may be in the middle of a change. */
static void update_db(struct edge *e, int root)
{
	struct stat st;
	struct edge_stamp stamp;
	struct edge_db db;
	int rc;

	e->next_ns = clock_mono_ns() + (int64_t) EDGE_AGAIN_MS * MS_NS;
	if (root_path_stat(root, DB_FILE, &st) < 0)
		return;
	stamp = stamp_of(&st);
	if (same_stamp(&stamp, &e->stamp))
		return;
	rc = read_db(root, stamp.size_bytes, &db);
	if (rc < 0) {
		e->next_ns = clock_mono_ns() + (int64_t) EDGE_FAILED_MS * MS_NS;
		return;
	}
	forget_db(e);
	e->db = db;
	e->stamp = stamp;
}

void edge_update(struct edge *e, int procfd, const struct container_list *containers)
{
	const struct container *c = find_runtime(containers);
	AUTO_CLOSE int root = -1;

	if (!c) {
		edge_done(e);
		return;
	}
	if (!e->found || e->pid != c->proc->pid || e->starttime_ticks != c->proc->starttime_ticks) {
		edge_done(e);
		*e = (struct edge){.found = true,
			.pid = c->proc->pid,
			.starttime_ticks = c->proc->starttime_ticks};
	}
	e->engine = c->engine;
	if (clock_mono_ns() < e->next_ns)
		return;
	root = open_root(e, procfd);
	if (root < 0)
		return;
	read_version(e, root);
	update_db(e, root);
}

/* The data URL of an app's icon, NULL if it has none. */
static char *read_icon(int root, const struct edge_app *app)
{
	AUTO_FREE char *bytes = app->icon[0] ? malloc(EDGE_ICON_MAX_BYTES + 1) : NULL;
	char path[sizeof(ICON_FOLDER) + EDGE_TEXT_MAX];
	ssize_t n;

	if (!bytes)
		return NULL;
	(void) snprintf(path, sizeof(path), "%s%s", ICON_FOLDER, app->icon);
	n = root_path_read_at(root, path, bytes, EDGE_ICON_MAX_BYTES + 1);
	return n < 0 ? NULL : edge_icon_url((unsigned char *) bytes, (size_t) n);
}

void edge_load_icons(struct edge *e, int procfd)
{
	AUTO_CLOSE int root = -1;
	size_t total = 0;

	if (!e->found || e->icons || e->db.n_apps == 0)
		return;
	root = open_root(e, procfd);
	e->icons = root < 0 ? NULL : calloc(e->db.n_apps, sizeof(*e->icons));
	for (size_t i = 0; e->icons && i < e->db.n_apps && total < EDGE_ICONS_MAX_BYTES; i++) {
		e->icons[i] = read_icon(root, &e->db.apps[i]);
		total += e->icons[i] ? strlen(e->icons[i]) : 0;
	}
}

static bool is_app_container(const struct container *c)
{
	for (size_t i = 0; i < c->labels.n; i++) {
		if (strncmp(labels_key(&c->labels, i), APP_LABEL, strlen(APP_LABEL)) == 0)
			return true;
	}
	return false;
}

int edge_app_of(const struct edge *e, const struct container *c)
{
	const char *project = labels_get(&c->labels, PROJECT_LABEL);

	if (!e->found || !project || c->engine != e->engine || !is_app_container(c))
		return -1;
	for (size_t i = 0; i < e->db.n_apps; i++) {
		if (strcmp(e->db.apps[i].project, project) == 0)
			return (int) i;
	}
	return -1;
}

void edge_put_labels(struct text *t, const struct edge *e, int app)
{
	const struct edge_app *a = &e->db.apps[app];
	char number[24];

	if (e->icons && e->icons[app])
		text_put_string(t, ICON_LABEL, e->icons[app]);
	text_put_string(t, TITLE_LABEL, a->title);
	if (a->debuggable) {
		(void) snprintf(number, sizeof(number), "%" PRId64, a->debuggable);
		text_put_string(t, DEBUG_LABEL, number);
	}
}

bool edge_is_label(const char *key)
{
	return strcmp(key, ICON_LABEL) == 0 || strcmp(key, TITLE_LABEL) == 0 ||
	       strcmp(key, DEBUG_LABEL) == 0;
}
