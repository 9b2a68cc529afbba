/* SPDX-License-Identifier: MIT */
#include "discover/metadata.h"

#include <stdio.h>
#include <time.h>

#include "base/version.h"

static void put_engines(struct text *t, const struct metadata *m)
{
	text_put_key(t, "container-engines");
	text_put(t, "[");
	for (size_t i = 0; i < m->n_engines; i++) {
		text_put(t, i ? ",{" : "{");
		text_put_string(t, "id", m->engines[i].id);
		text_put_string(t, "type", m->engines[i].type);
		text_put_string(t, "version", m->engines[i].version);
		text_put_number(t, "pid", (uint64_t) m->engines[i].pid);
		if (m->engines[i].unreachable)
			text_put_string(t, "state", "unreachable");
		text_put(t, "}");
	}
	text_put(t, "]");
}

static void put_cpus(struct text *t, const struct host *h)
{
	if (h->n_cpus == 0)
		return;
	text_put_key(t, "cpus");
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
	text_put_string(t, "creation-timestamp", all);
}

static void put_edge(struct text *t, const struct edge *e)
{
	text_put_key(t, "industrial-edge");
	text_put(t, "{");
	if (e->db.has_name)
		text_put_string(t, "device-name", e->db.device_name);
	if (e->db.has_mode)
		text_put_string(t, "developer-mode", e->db.developer_mode);
	text_put_string(t, "semversion", e->semversion);
	text_put(t, "}");
}

void metadata_put(struct text *t, const struct metadata *m)
{
	text_put_key(t, "metadata");
	text_put(t, "{");
	put_engines(t, m);
	put_cpus(t, m->host);
	put_time(t, m->wall_ns);
	text_put_string(t, "creator", "Packetflix container host discovery");
	text_put_string(t, "creator-id", "gostwire");
	text_put_string(t, "creator-version", PACKETFLIX_VERSION);
	text_put_string(t, "hostname", m->host->hostname);
	if (m->edge && m->edge->found)
		put_edge(t, m->edge);
	if (m->host->kernel_version[0])
		text_put_string(t, "kernel-version", m->host->kernel_version);
	if (m->host->osrel_name[0])
		text_put_string(t, "osrel-name", m->host->osrel_name);
	if (m->host->osrel_version[0])
		text_put_string(t, "osrel-version", m->host->osrel_version);
	if (m->incomplete)
		text_put_string(t, "state", "incomplete");
	text_put(t, "}");
}
