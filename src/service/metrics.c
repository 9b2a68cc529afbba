/* SPDX-License-Identifier: MIT */
#include "service/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/version.h"
#include "service/process.h"
#include "service/warnings.h"

/* One metric with one sample. */
static void put(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
	(void) fprintf(f, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", name, help, name, type,
		name, value);
}

static void put_captures(FILE *f, const struct app *a, const struct hub_totals *t)
{
	put(f, "packetflix_captures", "gauge", "Captures running now.", t->captures);
	put(f, "packetflix_viewers", "gauge", "Viewers connected now.", t->viewers);
	put(f, "packetflix_capture_memory_bytes", "gauge",
		"Memory of kernel rings, stream buffers and viewers' send buffers in use.",
		t->memory_bytes);
	put(f, "packetflix_captures_started_total", "counter", "Captures started.",
		t->captures_started);
	put(f, "packetflix_captures_refused_total", "counter",
		"Requests for captures that were refused.", a->captures_refused);
	put(f, "packetflix_rings_replaced_total", "counter",
		"Captures whose kernel ring was replaced by another one, usually a larger one.",
		t->rings_replaced);
	put(f, "packetflix_filters_refused_total", "counter",
		"Captures whose filter the kernel had no room for (net.core.optmem_max): their "
		"readers filter.",
		t->filters_refused);
	put(f, "packetflix_packets_total", "counter",
		"Packets captured, counted once however many viewers there are.", t->packets);
	put(f, "packetflix_bytes_total", "counter", "Bytes of pcapng blocks made of them.",
		t->payload_bytes);
	put(f, "packetflix_filter_timeouts_total", "counter",
		"Capture filters that took too long to compile.", a->compilers.n_timeouts);
	put(f, "packetflix_late_packets_total", "counter",
		"Packets of streams of several targets that were sent behind later ones.",
		a->packets_late);
	(void) fprintf(f,
		"# HELP packetflix_lost_packets_total Packets lost, by cause: the kernel ring was "
		"full, "
		"or a viewer was too slow.\n"
		"# TYPE packetflix_lost_packets_total counter\n"
		"packetflix_lost_packets_total{cause=\"ring\"} %" PRIu64 "\n"
		"packetflix_lost_packets_total{cause=\"viewer\"} %" PRIu64 "\n",
		t->lost_ring, t->lost_viewer);
}

static void put_processes(FILE *f, const struct app *a, const struct hub_totals *t)
{
	(void) fprintf(f,
		"# HELP packetflix_process_restarts_total Processes that ended unexpectedly.\n"
		"# TYPE packetflix_process_restarts_total counter\n"
		"packetflix_process_restarts_total{process=\"service\"} %" PRIu32 "\n"
		"packetflix_process_restarts_total{process=\"discover\"} %" PRIu32 "\n"
		"packetflix_process_restarts_total{process=\"reader\"} %" PRIu64 "\n",
		a->service_restarts, a->discover_restarts, t->readers_crashed);
}

static void put_warning(const char *kind, const char *text, void *ctx)
{
	(void) text;
	(void) fprintf(ctx, "packetflix_warning{kind=\"%s\"} 1\n", kind);
}

static void put_discovery(FILE *f, const struct app *a)
{
	(void) fprintf(f, "# HELP packetflix_warning What packetflix cannot see or do; "
			  "/readyz?verbose has the words.\n"
			  "# TYPE packetflix_warning gauge\n");
	warnings_each(a, put_warning, f);
	put(f, "packetflix_targets", "gauge", "Capture targets in the newest catalog.",
		a->catalog.catalog.n_targets);
	put(f, "packetflix_network_namespaces", "gauge",
		"Network namespaces in the newest catalog.", a->catalog.catalog.n_netns);
	(void) fprintf(f,
		"# HELP packetflix_container_engines Container engines found, by whether they "
		"answer.\n"
		"# TYPE packetflix_container_engines gauge\n"
		"packetflix_container_engines{state=\"answering\"} %" PRIu32 "\n"
		"packetflix_container_engines{state=\"unreachable\"} %" PRIu32 "\n",
		a->catalog.catalog.n_engines - a->catalog.catalog.n_engines_unreachable,
		a->catalog.catalog.n_engines_unreachable);
	put(f, "packetflix_catalog_generation", "gauge",
		"Number of the newest catalog; grows when one is different, or may be.",
		a->catalog.generation);
	put(f, "packetflix_scans_total", "counter", "Scans of the host that the service knows of.",
		a->catalog.received);
	(void) fprintf(f,
		"# HELP packetflix_scan_seconds Time the newest scan of the host took.\n"
		"# TYPE packetflix_scan_seconds gauge\npacketflix_scan_seconds %.6f\n",
		(double) a->catalog.scan_ns / 1e9);
}

/* Of the service, under the names that clients of Prometheus use. */
static void put_process(FILE *f, const struct app *a)
{
	struct timespec cpu;
	uint64_t max_files;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	(void) fprintf(f,
		"# HELP process_cpu_seconds_total Processor time of the service.\n"
		"# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total %.3f\n",
		(double) cpu.tv_sec + (double) cpu.tv_nsec / 1e9);
	put(f, "process_resident_memory_bytes", "gauge",
		"Memory of the service that is in RAM, shared stream buffers included.",
		process_resident_bytes(a->statm_fd));
	put(f, "process_open_fds", "gauge", "Descriptors of the service that are open.",
		process_open_files(&max_files));
	put(f, "process_max_fds", "gauge", "Descriptors that the service can have.", max_files);
	put(f, "process_start_time_seconds", "gauge", "When the service began, since 1970.",
		a->began_s);
}

char *metrics_text(const struct app *a)
{
	struct hub_totals t;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	hub_totals(a->hub, &t);
	(void) fprintf(f,
		"# HELP packetflix_build_info Version of the service.\n"
		"# TYPE packetflix_build_info gauge\n"
		"packetflix_build_info{version=\"%s\"} 1\n",
		PACKETFLIX_VERSION);
	put_captures(f, a, &t);
	put_processes(f, a, &t);
	put_discovery(f, a);
	put(f, "packetflix_connections", "gauge", "Client connections open now.",
		a->server.env.conns.n);
	put(f, "packetflix_requests_total", "counter", "Requests answered.",
		a->server.env.counters.requests);
	put(f, "packetflix_refused_connections_total", "counter",
		"Connections turned away because there were too many.",
		a->server.env.counters.refused_connections);
	put(f, "packetflix_evicted_connections_total", "counter",
		"Connections without a request that made room for others.",
		a->server.env.counters.evicted_connections);
	put(f, "packetflix_refused_requests_total", "counter",
		"Requests refused for their Host, Origin or token.",
		a->server.env.counters.refused_access);
	put(f, "packetflix_unauthorized_requests_total", "counter",
		"Requests refused for want of a valid token; counted among the refused ones.",
		a->server.env.counters.unauthorized);
	put_process(f, a);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
