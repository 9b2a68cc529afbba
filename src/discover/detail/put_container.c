/* SPDX-License-Identifier: MIT */
#include "discover/detail/put_container.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "discover/detail/proc_facts.h"
#include "discover/host/freezer.h"

#define ID_MAX 32

/* beyond this the document leaves out what processes may write at length */
#define DOCUMENT_FULL_BYTES ((size_t) 48 << 20)

/* "cont-PID" */
static void format_id(const struct process *p, char ret[ID_MAX])
{
	(void) snprintf(ret, ID_MAX, "cont-%" PRId32, p->pid);
}

static void format_group(int32_t group, char ret[ID_MAX])
{
	ret[0] = '\0';
	if (group >= 0)
		(void) snprintf(ret, ID_MAX, "group-%" PRId32, group);
}

static void put_group(struct text *t, const struct tenant *first, const struct tenant *end)
{
	char id[ID_MAX];

	text_next(t);
	text_put(t, "{");
	text_put_key(t, "container-idrefs");
	text_put(t, "[");
	for (const struct tenant *x = first; x < end; x++) {
		if (x->group != first->group)
			continue;
		format_id(x->proc, id);
		text_next(t);
		text_put_json(t, id);
	}
	text_put(t, "]");
	format_group(first->group, id);
	text_put_string(t, "id", id);
	text_put_string(t, "name", first->container->pod);
	text_put_string(t, "type", "pod");
	text_put_string(t, "type-text", "Pod");
	text_put(t, "}");
}

void put_groups(struct text *t, const struct tenants *tenants, size_t netns)
{
	const struct tenant *end = tenants->v + tenants->first[netns + 1];
	int32_t next = -1; /* numbers grow in order of appearance */

	text_put_key(t, "container-groups");
	text_put(t, "[");
	for (const struct tenant *x = tenants->v + tenants->first[netns]; x < end; x++) {
		if (x->group <= next)
			continue;
		next = x->group;
		put_group(t, x, end);
	}
	text_put(t, "]");
}

/* The type as a title: "docker" becomes "Docker". */
static void put_type(struct text *t, const char *type)
{
	char title[64];
	size_t n = 0;

	for (; type[n] && n + 1 < sizeof(title); n++)
		title[n] = (char) (n == 0 ? toupper((unsigned char) type[n])
					  : tolower((unsigned char) type[n]));
	title[n] = '\0';
	text_put_string(t, "type", type);
	text_put_string(t, "type-text", title);
}

static void put_labels(struct text *t, const struct edge *apps, const struct container *c)
{
	int app = apps && t->len_bytes < DOCUMENT_FULL_BYTES ? edge_app_of(apps, c) : -1;

	text_put_key(t, "labels");
	text_put(t, "{");
	for (size_t i = 0; i < c->labels.n; i++) {
		const char *key = labels_key(&c->labels, i);

		if (app < 0 || !edge_is_label(key))
			text_put_string(t, key, labels_value(&c->labels, i));
	}
	if (app >= 0)
		edge_put_labels(t, apps, app);
	text_put(t, "}");
}

static int put_dns(struct text *t, const struct detail *d, const struct tenant *x, uint64_t utsns)
{
	const struct dns *dns = NULL;
	/* whoever makes the document large by crowds of processes gets less of it */
	int rc = t->len_bytes < DOCUMENT_FULL_BYTES ? dns_files_read(d->dns, x->proc, &dns) : 0;

	text_put_key(t, "dns");
	dns_put(t, dns, uts_names_get(&d->uts, utsns));
	return rc;
}

/* The arguments as an array and joined by spaces, as clients have always been sent them. */
static void put_command(struct text *t, struct proc_facts *f)
{
	if (t->len_bytes >= DOCUMENT_FULL_BYTES)
		f->argv[f->argv_bytes = 0] = '\0';
	text_put_key(t, "argv");
	text_put(t, "[");
	for (size_t at = 0; at < f->argv_bytes; at += strlen(f->argv + at) + 1) {
		text_next(t);
		text_put_json(t, f->argv + at);
	}
	text_put(t, "]");
	proc_argv_join(f->argv, f->argv_bytes);
	text_put_string(t, "cmdline", f->argv);
}

/* When the process was started, in UTC (RFC 3339). Its start time counts from the start of the
 * machine (proc_pid_stat(5)). */
static void put_start_time(struct text *t, const struct process *p)
{
	uint64_t ms = p->starttime_ticks * 1000 / (uint64_t) sysconf(_SC_CLK_TCK);
	int64_t at_ms = ((int64_t) clock_wall_ns() - clock_boot_ns()) / 1000000 + (int64_t) ms;
	time_t at_s = at_ms / 1000;
	char text[40];
	struct tm tm;
	size_t n;

	if (!gmtime_r(&at_s, &tm))
		return;
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void) snprintf(text + n, sizeof(text) - n, ".%03dZ", (int) (at_ms % 1000));
	text_put_string(t, "start-time", text);
	text_put_number(t, "starttime", p->starttime_ticks);
}

/* What containers and processes have in common. Returns 0 or -ENOMEM. */
static int put_process(struct text *t, const struct detail *d, const struct tenant *x)
{
	struct proc_facts facts;
	char id[ID_MAX];
	int rc;

	proc_facts_read(d->procfd, x->proc, &facts);
	put_command(t, &facts);
	rc = put_dns(t, d, x, facts.utsns);
	format_group(x->group, id);
	text_put_string(t, "group", id);
	format_id(x->proc, id);
	text_put_string(t, "id", id);
	text_put_number(t, "pid", (uint64_t) x->proc->pid);
	put_start_time(t, x->proc);
	text_put_number(t, "pidns", facts.pidns);
	(void) snprintf(id, sizeof(id), "pidns-%" PRIu64, facts.pidns);
	text_put_string(t, "pidns-idref", facts.pidns ? id : "");
	proc_facts_put(t, &facts);
	return rc;
}

/* Engines know; of others' containers the kernel tells. */
static bool is_paused(const struct detail *d, const struct container *c)
{
	return c && (c->engine ? c->paused : freezer_is_frozen(d->procfd, c->proc->pid));
}

static void put_name_of_process(struct text *t, const struct process *p)
{
	char name[PROC_NAME_MAX];

	proc_name(p, name);
	text_put_string(t, "name", name);
}

static int put_tenant(struct text *t, const struct document *d, const struct tenant *x)
{
	const struct container *c = x->container;
	int rc;

	text_next(t);
	text_put(t, "{");
	rc = put_process(t, d->detail, x);
	if (c) {
		text_put_string(t, "name", c->name);
		text_put_string(t, "container-id", c->id);
		text_put_string(t, "image", c->image);
		text_put_string(t, "prefix", c->prefix);
		put_labels(t, d->apps, c);
		put_type(t, c->type);
	} else {
		put_name_of_process(t, x->proc);
		text_put_string(t, "prefix", "");
		text_put_string(t, "type", "proc");
		text_put_string(t, "type-text", "Process");
	}
	text_put_string(t, "api-path", c && c->engine ? c->engine->api_path : "");
	text_put_string(t, "status", is_paused(d->detail, c) ? "paused" : "running");
	text_put(t, "}");
	return rc;
}

/* A namespace that nobody lives in. */
static void put_place(struct text *t, const struct netns *ns)
{
	char id[ID_MAX];

	(void) snprintf(id, sizeof(id), "bmnt-%" PRIu64, ns->ref.inode);
	text_put(t, "{");
	text_put_string(t, "cmdline", "");
	text_put(t, ",\"dns\":{\"etc-hosts\":null}");
	text_put_string(t, "group", "");
	text_put_string(t, "id", id);
	text_put_string(t, "name", ns->place);
	text_put_string(t, "prefix", "");
	text_put_string(t, "api-path", "");
	text_put_number(t, "pid", 0);
	text_put_number(t, "pidns", 0);
	text_put_string(t, "pidns-idref", "");
	text_put_string(t, "status", "");
	text_put_string(t, "type", "bindmount");
	text_put_string(t, "type-text", "Bind-mounted");
	text_put(t, "}");
}

int put_containers(
	struct text *t, const struct document *d, const struct tenants *tenants, size_t netns)
{
	const struct netns *ns = &d->detail->scan->nets.v[netns];
	size_t first = tenants->first[netns], end = tenants->first[netns + 1];
	int rc = 0;

	text_put_key(t, "containers");
	text_put(t, "[");
	for (size_t i = first; i < end && rc == 0; i++)
		rc = put_tenant(t, d, &tenants->v[i]);
	if (first == end && ns->place)
		put_place(t, ns);
	text_put(t, "]");
	return rc;
}
