/* SPDX-License-Identifier: MIT */
#include "discover/detail/proc_facts.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/ns_link.h"
#include "discover/host/proc_status.h"

#define CPUS_MAX_BYTES 1024 /* the kernel's limit is 8192 CPUs */

static bool has_cpu(const unsigned char *mask, size_t cpu)
{
	return mask[cpu / 8] >> cpu % 8 & 1;
}

size_t proc_facts_ranges(const unsigned char *mask, size_t n_bytes, uint32_t (*ret)[2])
{
	size_t n = 0;

	for (size_t cpu = 0; cpu < n_bytes * 8; cpu++) {
		if (!has_cpu(mask, cpu))
			continue;
		if (n > 0 && ret[n - 1][1] + 1 == cpu) {
			ret[n - 1][1] = (uint32_t) cpu;
			continue;
		}
		if (n == PROC_FACTS_RANGES_MAX)
			return n;
		ret[n][0] = ret[n][1] = (uint32_t) cpu;
		n++;
	}
	return n;
}

static uint64_t read_ns(int procfd, int32_t pid, const char *type)
{
	char path[32];

	(void) snprintf(path, sizeof(path), "%" PRId32 "/ns/%s", pid, type);
	return ns_link_read(procfd, path, type);
}

/* Only CPUs that are there: /proc/PID/status names all that might ever be. */
static void read_cpus(int32_t pid, struct proc_facts *f)
{
	union {
		cpu_set_t set;
		unsigned char bytes[CPUS_MAX_BYTES];
	} mask = {.bytes = {0}};

	if (sched_getaffinity(pid, sizeof(mask), &mask.set) == 0)
		f->n_cpus = proc_facts_ranges(mask.bytes, sizeof(mask), f->cpus);
}

static bool has_nice(uint32_t policy)
{
	return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

void proc_facts_read(int procfd, const struct process *p, struct proc_facts *ret)
{
	struct proc_status status;
	struct procstat stat;
	struct proc_facts f;

	memset(&f, 0, sizeof(f));
	memset(ret, 0, sizeof(*ret));
	f.argv_bytes = proc_argv_read(procfd, p->pid, f.argv);
	f.pidns = read_ns(procfd, p->pid, "pid");
	f.utsns = read_ns(procfd, p->pid, "uts");
	if (proc_status_read(procfd, p->pid, &status) == 0)
		f.capbnd = status.capbnd;
	read_cpus(p->pid, &f);
	if (procstat_read(procfd, p->pid, &stat) < 0 || stat.starttime_ticks != p->starttime_ticks)
		return;
	f.policy = stat.policy;
	f.nice = has_nice(stat.policy) ? stat.nice : 0;
	*ret = f;
}

static void put_cpus(struct text *t, const struct proc_facts *f)
{
	text_put_key(t, "affinity");
	text_put(t, "[");
	for (size_t i = 0; i < f->n_cpus; i++) {
		text_next(t);
		text_put(t, "[");
		text_put_u64(t, f->cpus[i][0]);
		text_put(t, ",");
		text_put_u64(t, f->cpus[i][1]);
		text_put(t, "]");
	}
	text_put(t, "]");
}

void proc_facts_put(struct text *t, const struct proc_facts *f)
{
	char number[24];

	(void) snprintf(
		number, sizeof(number), f->capbnd ? "0x%016" PRIx64 : "0x%" PRIx64, f->capbnd);
	text_put_string(t, "capbnd", number);
	if (f->n_cpus > 0)
		put_cpus(t, f);
	if (f->policy) {
		text_put_number(t, "policy", f->policy);
		/* clients have always been sent the policy here (contract B-19) */
		text_put_number(t, "priority", f->policy);
	}
	if (f->nice) {
		(void) snprintf(number, sizeof(number), "%" PRId32, f->nice);
		text_put_key(t, "nice");
		text_put(t, number);
	}
}
