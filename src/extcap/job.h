/* SPDX-License-Identifier: MIT */
/* What to capture, put together from the command line, a packetflix: link, and what the service
 * knows (wire contract 4.7, 4.8). */
#ifndef EXTCAP_JOB_H
#define EXTCAP_JOB_H

#include "csharg/csharg.h"
#include "extcap/args.h"
#include "extcap/describe.h"
#include "extcap/journal.h"

struct job {
	struct csharg_client *client; /* owned, as all of this */
	struct csharg_target *target;
	char *filter, *nif_text;
	const char **interfaces; /* into @nif_text */
	size_t n_interfaces;     /* 0 = those of the target */
	bool avoid_promiscuous;
};

/* Prepare the capture that @args asks for on interface @nif. A link's target is looked up on the
 * service first; if exactly one has its name and type, that takes its place. On success free @ret
 * with job_done(). Returns 0 or a negative errno with @e filled. */
int job_prepare(const struct args *args, enum nif nif, const struct journal *j, struct job *ret,
	struct err *e);
void job_done(struct job *job);

#define AUTO_JOB __attribute__((cleanup(job_done)))

/* The only target of @all with @wanted's name and type, and its node name if that is known; NULL
 * if there is none, or several. Borrowed from @all. */
const struct csharg_target *job_match(
	const struct csharg_targets *all, const struct csharg_target *wanted);

/* Take "a/b", "any", or "" apart into @job. Returns 0 or -ENOMEM. */
int job_split_interfaces(struct job *job, const char *nif);

#endif
