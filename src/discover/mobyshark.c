/* SPDX-License-Identifier: MIT */
#include "discover/mobyshark.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/version.h"

#define OPERSTATE_DOWN 2 /* RFC 2863, IF_OPER_DOWN */

/* ,"key": where the comma is left out in front of a first member. */
static void put_key(struct text *t, const char *key)
{
	if (t->len_bytes > 0 && t->p[t->len_bytes - 1] != '{')
		text_put(t, ",");
	text_put_json(t, key);
	text_put(t, ":");
}

static void put_string(struct text *t, const char *key, const char *value)
{
	put_key(t, key);
	text_put_json(t, value);
}

static void put_number(struct text *t, const char *key, uint64_t value)
{
	put_key(t, key);
	text_put_u64(t, value);
}

static void put_engines(struct text *t, const struct mobyshark *m)
{
	put_key(t, "container-engines");
	text_put(t, "[");
	for (size_t i = 0; i < m->n_engines; i++) {
		text_put(t, i ? ",{" : "{");
		put_string(t, "id", m->engines[i].id);
		put_string(t, "type", m->engines[i].type);
		put_string(t, "version", m->engines[i].version);
		put_number(t, "pid", (uint64_t) m->engines[i].pid);
		text_put(t, "}");
	}
	text_put(t, "]");
}

static void put_cpus(struct text *t, const struct host *h)
{
	if (h->n_cpus == 0)
		return;
	put_key(t, "cpus");
	text_put(t, "[");
	for (size_t i = 0; i < h->n_cpus; i++) {
		text_put(t, i ? ",[" : "[");
		text_put_u64(t, h->cpus[i][0]);
		text_put(t, ",");
		text_put_u64(t, h->cpus[i][1]);
		text_put(t, "]");
	}
	text_put(t, "]");
}

static void put_time(struct text *t, uint64_t wall_ns)
{
	time_t s = (time_t) (wall_ns / 1000000000);
	char day[32], all[48];
	struct tm tm;

	(void) gmtime_r(&s, &tm);
	(void) strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void) snprintf(all, sizeof(all), "%s.%09uZ", day, (unsigned int) (wall_ns % 1000000000));
	put_string(t, "creation-timestamp", all);
}

/* Keys in alphabetical order. */
static void put_metadata(struct text *t, const struct mobyshark *m)
{
	put_key(t, "metadata");
	text_put(t, "{");
	put_engines(t, m);
	put_cpus(t, m->host);
	put_time(t, m->wall_ns);
	put_string(t, "creator", "Packetflix container host discovery");
	put_string(t, "creator-id", "packetflix");
	put_string(t, "creator-version", PACKETFLIX_VERSION);
	put_string(t, "hostname", m->host->hostname);
	if (m->host->kernel_version[0])
		put_string(t, "kernel-version", m->host->kernel_version);
	if (m->host->osrel_name[0])
		put_string(t, "osrel-name", m->host->osrel_name);
	if (m->host->osrel_version[0])
		put_string(t, "osrel-version", m->host->osrel_version);
	text_put(t, "}");
}

static void put_links(struct text *t, const struct catalog_netns *ns)
{
	bool first = true;

	put_key(t, "network-interfaces");
	text_put(t, "[");
	for (uint32_t i = 0; ns && i < ns->n_links; i++) {
		if (ns->links[i].operstate == OPERSTATE_DOWN)
			continue;
		if (!first)
			text_put(t, ",");
		first = false;
		text_put_json(t, ns->links[i].name);
	}
	text_put(t, "]");
}

static void put_target(struct text *t, const struct catalog *c, const struct catalog_target *x)
{
	text_put(t, "{");
	put_string(t, "name", x->name);
	put_string(t, "type", x->type);
	put_number(t, "netns", x->netns_inode);
	put_links(t, catalog_find_netns(c, x->netns_inode));
	put_number(t, "pid", x->pid);
	put_number(t, "starttime", x->starttime_ticks);
	put_string(t, "prefix", x->prefix);
	text_put(t, "}");
}

void mobyshark_put(struct text *ret, const struct mobyshark *m)
{
	text_put(ret, "{");
	put_metadata(ret, m);
	put_key(ret, "containers");
	text_put(ret, "[");
	for (uint32_t i = 0; i < m->catalog->n_targets; i++) {
		if (i > 0)
			text_put(ret, ",");
		put_target(ret, m->catalog, &m->catalog->targets[i]);
	}
	text_put(ret, "]}\n");
}
