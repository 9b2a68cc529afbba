/* SPDX-License-Identifier: MIT */
#include "discover/container/oci_states.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/utf8.h"
#include "base/grow.h"
#include "files/root_path.h"

#define USERS_DIR     "/run/user"
#define PATH_MAX_     512
#define DIRS_MAX      256 /* of containerd's namespaces, and of users */
#define ENTRIES_MAX   16384
#define OCI_ID_DIGITS 64
#define SHORT_DIGITS  12

/* A directory of accounts, one folder for each container. */
struct oci_dir {
	char path[PATH_MAX_];
	bool crun;
	const char *type;
	uint32_t uid;
	char ns[ENGINE_ID_MAX]; /* containerd's namespace, "" = none */
};

/* One update. */
struct update {
	struct oci_states *states;
	int procfd;
	int root; /* of the host */
	const struct proc_table *procs;
	const struct engines *engines;
	int64_t until_ns;
	char *text; /* owned, OCI_STATE_MAX_BYTES */
};

void oci_states_done(struct oci_states *s)
{
	for (size_t i = 0; i < s->n; i++)
		oci_state_done(&s->v[i].state);
	free(s->v);
	*s = (struct oci_states){0};
}

static size_t lower_bound(const struct oci_states *s, const char *id)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(s->v[mid].id, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct oci_entry *find(const struct oci_states *s, const char *id)
{
	size_t i = lower_bound(s, id);

	return i < s->n && strcmp(s->v[i].id, id) == 0 ? &s->v[i] : NULL;
}

const struct oci_entry *oci_states_find(const struct oci_states *s, const char *id)
{
	const struct oci_entry *e = find(s, id);

	return e && e->is_live ? e : NULL;
}

static bool is_id(const char *s)
{
	static const char set[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+-.";
	size_t n = strlen(s);

	return n > 0 && n < ENGINE_ID_MAX && s[0] != '.' && strspn(s, set) == n;
}

/* True if an engine knows of container @id, under containerd's way of writing it, too. */
static bool is_engines(const struct update *u, const struct oci_dir *d, const char *id)
{
	char full[2 * ENGINE_ID_MAX];

	(void) snprintf(full, sizeof(full), "%s/%s", d->ns, id);
	for (const struct engine *e = u->engines ? u->engines->first : NULL; e; e = e->next) {
		if (e->privileged &&
			(engine_list_find(&e->list, id) || engine_list_find(&e->list, full)))
			return true;
	}
	return false;
}

/* Read file @name of container @id into @u->text. Returns its length or a negative errno. */
static ssize_t read_file(
	const struct update *u, const struct oci_dir *d, const char *id, const char *name)
{
	char path[PATH_MAX_ + ENGINE_ID_MAX + 16];

	(void) snprintf(path, sizeof(path), "%s/%s/%s", d->path, id, name);
	return root_path_read_at(u->root, path, u->text, OCI_STATE_MAX_BYTES);
}

static int read_state(
	const struct update *u, const struct oci_dir *d, const char *id, struct oci_state *ret)
{
	ssize_t n = read_file(u, d, id, d->crun ? "status" : "state.json");
	int rc;

	if (n < 0)
		return (int) n;
	if (!d->crun)
		return oci_state_parse_runc(u->text, (size_t) n, ret);
	rc = oci_state_parse_crun(u->text, (size_t) n, ret);
	n = rc == 0 ? read_file(u, d, id, "config.json") : 0;
	/* without it the container goes by its id */
	if (n > 0 && oci_state_add_config(u->text, (size_t) n, ret) == -ENOMEM) {
		oci_state_done(ret);
		return -ENOMEM;
	}
	return rc;
}

/* What to show: containerd's names have their namespace in front (contract 6.3), ids of 64 digits
 * are shortened as engines do. */
static void set_name(struct oci_entry *e, const struct oci_dir *d)
{
	char name[CONTAINER_NAME_MAX];
	bool spaced = strcmp(e->type, "containerd") == 0 && strcmp(d->ns, "default") != 0;
	bool digits = d->ns[0] == '\0' && strspn(e->id, "0123456789abcdef") == OCI_ID_DIGITS &&
		      e->id[OCI_ID_DIGITS] == '\0';
	const char *base = e->state.name[0] ? e->state.name : e->id;

	(void) snprintf(name, sizeof(name), "%s%s%.*s", spaced ? d->ns : "", spaced ? "/" : "",
		digits && base == e->id ? SHORT_DIGITS : (int) sizeof(name), base);
	utf8_sanitize(name, e->state.name, sizeof(e->state.name));
}

static int insert(struct oci_states *s, const struct oci_entry *e)
{
	struct oci_entry *v = grow(s->v, s->n, &s->cap, sizeof(*v));
	size_t i;

	if (!v)
		return -ENOMEM;
	s->v = v;
	i = lower_bound(s, e->id);
	memmove(&v[i + 1], &v[i], (s->n - i) * sizeof(*v));
	v[i] = *e;
	s->n++;
	return 0;
}

/* Keep @e, in place of @known if that is not NULL. */
static int keep(struct oci_states *s, struct oci_entry *known, const struct oci_entry *e)
{
	if (!known)
		return insert(s, e);
	oci_state_done(&known->state);
	*known = *e;
	return 0;
}

/* Look at container @id of directory @d, whose own is @inode. Returns 0 or -ENOMEM. */
static int look_at(struct update *u, const struct oci_dir *d, const char *id, uint64_t inode)
{
	struct oci_entry *known = find(u->states, id);
	struct oci_entry e = {.type = d->type, .uid = d->uid, .inode = inode, .is_listed = true};
	int rc;

	if (known && (known->is_live || known->inode == inode)) {
		known->is_listed = true;
		return 0;
	}
	if (u->states->n >= OCI_STATES_MAX || clock_mono_ns() > u->until_ns || is_engines(u, d, id))
		return 0;
	rc = read_state(u, d, id, &e.state);
	if (rc < 0)
		return rc == -ENOMEM ? rc : 0;
	memcpy(e.id, id, strlen(id) + 1);
	set_name(&e, d);
	e.is_live = proc_table_has(u->procs, e.state.pid, e.state.starttime_ticks);
	rc = keep(u->states, known, &e);
	if (rc < 0)
		oci_state_done(&e.state);
	return rc;
}

/* Call @fn for at most @max entries of directory @path that may be ids. */
static int each(struct update *u, const char *path, size_t max,
	int (*fn)(struct update *u, const struct oci_dir *d, const char *name, uint64_t inode),
	const struct oci_dir *d)
{
	AUTO_ROOT_LIST struct root_list list = {0};
	struct root_entry entry;
	int rc = 0;

	if (root_path_list(u->root, path, &list) < 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < max && root_list_next(&list, &entry); i++) {
		if (is_id(entry.name))
			rc = fn(u, d, entry.name, entry.inode);
	}
	return rc;
}

static int look_into(struct update *u, const struct oci_dir *d)
{
	return each(u, d->path, ENTRIES_MAX, look_at, d);
}

/* Namespace @ns of containerd. Docker's own containers have no names there. */
static int look_into_namespace(
	struct update *u, const struct oci_dir *base, const char *ns, uint64_t inode)
{
	struct oci_dir d = {.type = strcmp(ns, "k8s.io") == 0 ? "CRI" : "containerd"};

	(void) inode;
	if (strcmp(ns, "moby") == 0)
		return 0;
	(void) snprintf(d.path, sizeof(d.path), "%.256s/%.200s", base->path, ns);
	(void) snprintf(d.ns, sizeof(d.ns), "%s", ns);
	return look_into(u, &d);
}

static int look_into_user(
	struct update *u, const struct oci_dir *base, const char *user, uint64_t inode)
{
	struct oci_dir d = {.type = "oci", .uid = (uint32_t) strtoul(user, NULL, 10)};
	int rc = 0;

	(void) inode;
	if (strspn(user, "0123456789") != strlen(user))
		return 0;
	for (int i = 0; i < 2 && rc == 0; i++) {
		d.crun = i == 1;
		(void) snprintf(d.path, sizeof(d.path), "%.256s/%.32s/%s", base->path, user,
			d.crun ? "crun" : "runc");
		rc = look_into(u, &d);
	}
	return rc;
}

static int look_everywhere(struct update *u)
{
	static const struct oci_dir runc = {.path = "/run/runc", .type = "oci"};
	static const struct oci_dir crun = {.path = "/run/crun", .type = "oci", .crun = true};
	static const struct oci_dir containerd = {.path = "/run/containerd/runc"};
	static const struct oci_dir users = {.path = USERS_DIR};
	int rc = look_into(u, &runc);

	if (rc == 0)
		rc = look_into(u, &crun);
	if (rc == 0)
		rc = each(u, containerd.path, DIRS_MAX, look_into_namespace, &containerd);
	if (rc == 0)
		rc = each(u, users.path, DIRS_MAX, look_into_user, &users);
	return rc;
}

/* See whose process is there. Those without are kept as long as they are listed and leave room. */
static void sort_out(struct oci_states *s, const struct proc_table *procs)
{
	bool is_crowded = s->n > OCI_STATES_MAX / 2;
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct oci_entry *e = &s->v[i];

		e->is_live = proc_table_has(procs, e->state.pid, e->state.starttime_ticks);
		if (!e->is_live && (is_crowded || !e->is_listed)) {
			oci_state_done(&e->state);
			continue;
		}
		e->is_listed = false;
		s->v[n++] = *e;
	}
	s->n = n;
}

/* The first process's root is the host's, also seen from within a container. Where that process is
 * out of reach there is only our own. */
static int host_root(int procfd)
{
	int root = root_path_root(procfd, 1);

	return root < 0 ? root_path_root(procfd, getpid()) : root;
}

int oci_states_update(struct oci_states *s, int procfd, const struct proc_table *procs,
	const struct engines *engines)
{
	AUTO_FREE char *text = malloc(OCI_STATE_MAX_BYTES);
	AUTO_CLOSE int root = host_root(procfd);
	struct update u = {.states = s,
		.procfd = procfd,
		.root = root,
		.procs = procs,
		.engines = engines,
		.until_ns = clock_mono_ns() + (int64_t) OCI_STATES_BUDGET_MS * 1000000,
		.text = text};

	if (!text)
		return -ENOMEM;
	sort_out(s, procs);
	return root < 0 ? 0 : look_everywhere(&u);
}
