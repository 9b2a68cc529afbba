/* SPDX-License-Identifier: MIT */
#include "discover/host/cgroup_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/utf8.h"

#define ID_HEX_DIGITS    64 /* of every OCI engine's container ids */
#define SHORT_HEX_DIGITS 12

/* How engines call the cgroup of a container. */
static const struct pattern {
	const char *before, *after; /* around the id or name, within one path component */
	const char *type;           /* NULL: the engine's own processes, no container */
	bool hex;                   /* an id of 64 hex digits, otherwise a name */
} patterns[] = {
	{"docker-", ".scope", "docker", true},
	{"libpod-", ".scope", "podman", true},
	{"libpod-", "", "podman", true},
	{"crio-", ".scope", "CRI", true},
	{"crio-", "", "CRI", true},
	{"cri-containerd-", ".scope", "CRI", true},
	{"nerdctl-", ".scope", "containerd", true},
	{"lxc.payload.", "", "lxc", false},
	{"machine-qemu\\x2d", ".scope", NULL, false},
	{"machine-lxc\\x2d", ".scope", "lxc", false},
	{"machine-", ".scope", "systemd-nspawn", false},
	{"systemd-nspawn@", ".service", "systemd-nspawn", false},
};

/* Components in front of one that is nothing but the id or name. */
static const struct parent {
	const char *begins; /* of any component further out, or all of the one in front */
	bool direct;        /* must be the component right in front */
	const char *type;
	bool hex;
} parents[] = {
	{"docker", true, "docker", true},
	{"lxc", true, "lxc", false},
	{"lxc.payload", true, "lxc", false},
	{"kubepods", false, "CRI", true},
};

struct word {
	const char *p;
	size_t len_bytes;
};

static bool is_hex_id(struct word w)
{
	return w.len_bytes == ID_HEX_DIGITS && strspn(w.p, "0123456789abcdef") >= w.len_bytes;
}

static bool word_is(struct word w, const char *s)
{
	return w.len_bytes == strlen(s) && memcmp(w.p, s, w.len_bytes) == 0;
}

static bool begins(struct word w, const char *s)
{
	return w.len_bytes >= strlen(s) && memcmp(w.p, s, strlen(s)) == 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Undo systemd's escapes of unit names, \xHH, in place. */
static void unescape(char *s)
{
	char *out = s;

	while (*s) {
		bool escape =
			s[0] == '\\' && s[1] == 'x' && hex_value(s[2]) >= 0 && hex_value(s[3]) >= 0;
		int v = escape ? hex_value(s[2]) << 4 | hex_value(s[3]) : 0;

		*out++ = v ? (char) v : *s;
		s += v ? 4 : 1;
	}
	*out = '\0';
}

static int set_found(struct cgroup_name *r, const char *type, bool hex, struct word id)
{
	char raw[CGROUP_ID_MAX];

	if (id.len_bytes == 0 || id.len_bytes >= sizeof(raw))
		return 0;
	memcpy(raw, id.p, id.len_bytes);
	raw[id.len_bytes] = '\0';
	if (!hex)
		unescape(raw);
	r->type = type;
	utf8_sanitize(raw, r->id, sizeof(r->id));
	(void) snprintf(r->name, sizeof(r->name), "%.*s",
		hex ? SHORT_HEX_DIGITS : (int) sizeof(r->name) - 1, r->id);
	return 1;
}

static int match_pattern(struct word w, struct cgroup_name *r)
{
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		const struct pattern *p = &patterns[i];
		size_t before = strlen(p->before), after = strlen(p->after);
		struct word id = {w.p + before, w.len_bytes - before - after};

		if (w.len_bytes <= before + after || !begins(w, p->before) ||
			memcmp(w.p + w.len_bytes - after, p->after, after) != 0 ||
			(p->hex && !is_hex_id(id)))
			continue;
		return p->type ? set_found(r, p->type, p->hex, id) : 0;
	}
	return 0;
}

/* A component that is nothing but an id or a name: what stands in front of it tells the type. */
static int match_bare(
	const struct word *outer, size_t n_outer, struct word w, struct cgroup_name *r)
{
	const char *colon;

	for (size_t i = 0; i < ARRAY_LEN(parents); i++) {
		const struct parent *p = &parents[i];

		if (p->hex && !is_hex_id(w))
			continue;
		for (size_t k = 0; k < n_outer; k++) {
			if (p->direct ? k + 1 == n_outer && word_is(outer[k], p->begins)
				      : begins(outer[k], p->begins))
				return set_found(r, p->type, p->hex, w);
		}
	}
	/* a pod of Podman's: its containers come further in */
	if (n_outer > 0 && word_is(outer[n_outer - 1], "libpod_parent"))
		return 0;
	/* UNIT.slice:RUNTIME:ID, a systemd style path under another cgroup driver */
	colon = memrchr(w.p, ':', w.len_bytes);
	if (colon) {
		struct word id = {colon + 1, w.len_bytes - (size_t) (colon + 1 - w.p)};
		struct word front = {w.p, (size_t) (colon - w.p)};
		bool docker = front.len_bytes >= 7 && memcmp(colon - 7, ":docker", 7) == 0;

		return is_hex_id(id) ? set_found(r, docker ? "docker" : "CRI", true, id) : 0;
	}
	return is_hex_id(w) ? set_found(r, "containerd", true, w) : 0;
}

/* What watches over a container lives beside it: nspawn's, LXC's and Podman's supervisors. */
static bool is_outside(struct word w)
{
	return word_is(w, "supervisor") || begins(w, "lxc.monitor") || word_is(w, "conmon") ||
	       begins(w, "libpod-conmon-") || begins(w, "crio-conmon-");
}

#define DEPTH_MAX 64

static int parse_path(struct word path, struct cgroup_name *r)
{
	struct word outer[DEPTH_MAX];
	const char *end = path.p + path.len_bytes, *s = path.p;
	size_t n = 0;
	int found = 0;

	while (s < end && n < DEPTH_MAX) {
		const char *slash = memchr(s, '/', (size_t) (end - s));
		struct word w = {s, (size_t) ((slash ? slash : end) - s)};

		s = slash ? slash + 1 : end;
		if (w.len_bytes == 0)
			continue;
		if (is_outside(w))
			found = 0;
		else if (match_pattern(w, r) || match_bare(outer, n, w, r))
			found = 1;
		outer[n++] = w;
	}
	return found;
}

/* "HIERARCHY:CONTROLLERS:PATH": what follows the second colon. */
static struct word path_of_line(struct word line)
{
	const char *end = line.p + line.len_bytes, *s = line.p;

	for (int i = 0; i < 2 && s; i++) {
		s = memchr(s, ':', (size_t) (end - s));
		s = s ? s + 1 : NULL;
	}
	return s ? (struct word){s, (size_t) (end - s)} : (struct word){line.p, 0};
}

int cgroup_name_parse(const char *text, struct cgroup_name *ret)
{
	struct cgroup_name r;

	/* the hierarchies of version 1 may differ: any that names a container will do */
	for (const char *s = text; *s;) {
		struct word line = {s, strcspn(s, "\n")};

		if (parse_path(path_of_line(line), &r)) {
			*ret = r;
			return 1;
		}
		s += line.len_bytes;
		s += *s == '\n';
	}
	return 0;
}
