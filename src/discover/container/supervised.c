/* SPDX-License-Identifier: MIT */
#include "discover/container/supervised.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/own.h"
#include "base/utf8.h"

#define LXC_TITLE "[lxc monitor] "

static int found(const char *type, const char *name, struct cgroup_name *ret)
{
	if (!*name)
		return 0;
	ret->type = type;
	utf8_sanitize(name, ret->id, sizeof(ret->id));
	memcpy(ret->name, ret->id, sizeof(ret->name));
	return 1;
}

/* The arguments of a command line, one after the other. */
struct arguments {
	const char *at, *end;
};

static const char *next(struct arguments *a)
{
	const char *s = a->at;

	if (s >= a->end)
		return NULL;
	a->at += strlen(s) + 1;
	return s;
}

/* What systemd-nspawn(1) was told: the first of these that is there names the container. */
struct nspawn {
	const char *machine, *directory, *image;
};

static void set_option(struct nspawn *n, char letter, const char *value)
{
	if (letter == 'M')
		n->machine = value;
	else if (letter == 'D')
		n->directory = value;
	else if (letter == 'i')
		n->image = value;
}

static void read_long(struct nspawn *n, struct arguments *a, const char *option)
{
	static const struct {
		const char *name;
		char letter;
	} options[] = {{"machine", 'M'}, {"directory", 'D'}, {"image", 'i'}};

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t len = strlen(options[i].name);

		if (strncmp(option, options[i].name, len) != 0)
			continue;
		if (option[len] == '=')
			set_option(n, options[i].letter, option + len + 1);
		else if (option[len] == '\0')
			set_option(n, options[i].letter, next(a));
	}
}

/* "-M", "box"; "-Mbox"; "-qM", "box" */
static void read_short(struct nspawn *n, struct arguments *a, const char *cluster)
{
	static const char with_value[] = "DiuMSELZp";

	for (; *cluster; cluster++) {
		if (!strchr(with_value, *cluster))
			continue;
		set_option(n, *cluster, cluster[1] ? cluster + 1 : next(a));
		return;
	}
}

static struct nspawn read_nspawn(struct arguments *a)
{
	struct nspawn n = {0};
	const char *s;

	(void) next(a); /* the program */
	while ((s = next(a)) && s[0] == '-' && strcmp(s, "--") != 0) {
		if (s[1] == '-')
			read_long(&n, a, s + 2);
		else
			read_short(&n, a, s + 1);
	}
	return n;
}

/* The last component of a path, which systemd-nspawn makes a name of. */
static int found_path(const char *path, struct cgroup_name *ret)
{
	size_t len = strlen(path);
	const char *base;
	char name[CGROUP_ID_MAX];

	while (len > 0 && path[len - 1] == '/')
		len--;
	base = memrchr(path, '/', len);
	base = base ? base + 1 : path;
	len -= (size_t) (base - path);
	if (len > 4 && memcmp(base + len - 4, ".raw", 4) == 0)
		len -= 4;
	(void) snprintf(name, sizeof(name), "%.*s", (int) len, base);
	return found("systemd-nspawn", name, ret);
}

int supervised_parse(
	const char *comm, const char *cmdline, size_t len_bytes, struct cgroup_name *ret)
{
	struct arguments a = {cmdline, cmdline + len_bytes};
	struct nspawn n;
	const char *blank;

	/* "[lxc monitor] PATH NAME", all in one; what there was before may follow */
	if (strncmp(cmdline, LXC_TITLE, strlen(LXC_TITLE)) == 0) {
		blank = strrchr(cmdline + strlen(LXC_TITLE), ' ');
		return blank ? found("lxc", blank + 1, ret) : 0;
	}
	if (strcmp(comm, "systemd-nspawn") != 0)
		return 0;
	n = read_nspawn(&a);
	if (n.machine)
		return found("systemd-nspawn", n.machine, ret);
	if (n.directory || n.image)
		return found_path(n.directory ? n.directory : n.image, ret);
	return 0;
}

/* What may watch over containers: reading others' command lines would be a waste. */
static bool may_supervise(const struct process *p)
{
	static const char *const begins[] = {"[lxc", "lxc", "lxd", "incus", "systemd-nspawn"};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++) {
		if (strncmp(p->comm, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

int supervised_find(int procfd, const struct proc_table *procs, const struct process *p,
	struct cgroup_name *ret)
{
	const struct process *parent = proc_table_parent(procs, p);
	char path[32], text[SUPERVISED_CMDLINE_MAX];
	ssize_t n;

	if (!parent || !may_supervise(parent))
		return 0;
	(void) snprintf(path, sizeof(path), "%" PRId32 "/cmdline", parent->pid);
	n = io_read_file(procfd, path, text, sizeof(text));
	return n > 0 ? supervised_parse(parent->comm, text, (size_t) n, ret) : 0;
}
