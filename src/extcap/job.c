/* SPDX-License-Identifier: MIT */
#include "extcap/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "extcap/connect.h"
#include "extcap/link.h"
#include "extcap/reload.h"

void job_done(struct job *job)
{
	csharg_target_free(job->target);
	csharg_client_free(job->client);
	free(job->filter);
	free(job->nif_text);
	free(job->interfaces);
	*job = (struct job){NULL};
}

static int tell(int rc, struct err *e)
{
	return rc == -ENOMEM ? err_set(e, rc, "out of memory") : rc;
}

const struct csharg_target *job_match(
	const struct csharg_targets *all, const struct csharg_target *wanted)
{
	const struct csharg_target *found = NULL;

	for (size_t i = 0; i < all->n; i++) {
		const struct csharg_target *t = all->target[i];

		if (strcmp(t->name, wanted->name) != 0 || strcmp(t->type, wanted->type) != 0)
			continue;
		if (wanted->node_name[0] && strcmp(t->node_name, wanted->node_name) != 0)
			continue;
		if (found)
			return NULL;
		found = t;
	}
	return found;
}

int job_split_interfaces(struct job *job, const char *nif)
{
	char *rest, *name;

	job->n_interfaces = 0;
	job->nif_text = strdup(nif);
	job->interfaces = calloc(strlen(nif) / 2 + 1, sizeof(*job->interfaces));
	if (!job->nif_text || !job->interfaces)
		return -ENOMEM;
	for (name = strtok_r(job->nif_text, "/", &rest); name; name = strtok_r(NULL, "/", &rest))
		job->interfaces[job->n_interfaces++] = name;
	/* what some clients say, and original services do not understand */
	if (job->n_interfaces == 1 && strcmp(job->interfaces[0], "all") == 0)
		job->interfaces[0] = "any";
	return 0;
}

static int take_target(struct job *job, const char *text, struct err *e)
{
	AUTO_FREE char *json = NULL;
	struct csharg_error why = {0, ""};
	int rc = link_target_text(text, &json);

	if (rc == -EINVAL)
		return err_set(e, rc, "the target has a NUL character");
	if (rc < 0)
		return tell(rc, e);
	if (csharg_target_from_json(json, &job->target, &why) < 0)
		return connect_tell(&why, e);
	return 0;
}

static int prepare_mobyshark(const struct args *a, struct job *job, struct err *e)
{
	int rc;

	if (!*a->dockerhosturl)
		return err_set(e, -EINVAL, "no Docker host URL is given");
	if (!*a->container || strcmp(a->container, RELOAD_NO_VALUE) == 0)
		return err_set(e, -EINVAL, "no container is chosen");
	rc = connect_client(a, a->dockerhosturl, a->token, &job->client, e);
	if (rc == 0)
		rc = take_target(job, a->container, e);
	if (rc < 0)
		return rc;
	job->avoid_promiscuous = a->noprom;
	job->filter = strdup(a->capture_filter);
	rc = job->filter ? job_split_interfaces(job, a->nif) : -ENOMEM;
	return tell(rc, e);
}

/* A service that cannot list may still capture, so only those that cannot be talked to at all end
 * the matter here. */
static int refine(struct job *job, const struct journal *j, struct err *e)
{
	AUTO_TARGETS struct csharg_targets *all = NULL;
	const struct csharg_target *found;
	struct csharg_target *copy = NULL;
	struct csharg_error why = {0, ""};
	int rc = csharg_client_targets(job->client, &all, &why);

	if (rc == -EPROTO || rc == -E2BIG) {
		journal_debug(j, "targets are not listed: %s", why.text);
		return 0;
	}
	if (rc < 0)
		return connect_refused(job->client, &why, e);
	found = job_match(all, job->target);
	journal_debug(j, "target \"%s\" %s", job->target->name,
		found ? "is listed" : "is taken as the link describes it");
	if (!found)
		return 0;
	rc = csharg_target_copy(found, &copy);
	if (rc < 0)
		return tell(rc, e);
	csharg_target_free(job->target);
	job->target = copy;
	return 0;
}

static int prepare_packetflix(
	const struct args *a, const struct journal *j, struct job *job, struct err *e)
{
	AUTO_LINK struct link link = {NULL};
	int rc;

	if (!*a->url)
		return err_set(e, -EINVAL, "no capture URL is given");
	rc = link_parse(a->url, &link, e);
	if (rc < 0)
		return rc;
	if (!*link.container)
		return err_set(e, -EINVAL, "the capture URL names no container");
	rc = connect_client(
		a, link.service_url, *link.token ? link.token : a->token, &job->client, e);
	if (rc == 0)
		rc = take_target(job, link.container, e);
	if (rc == 0)
		rc = refine(job, j, e);
	if (rc < 0)
		return rc;
	job->avoid_promiscuous = link.chaste || a->noprom;
	rc = link_join_filters(link.filter, a->capture_filter, &job->filter);
	if (rc == 0)
		rc = job_split_interfaces(job, link.nif);
	return tell(rc, e);
}

int job_prepare(const struct args *args, enum nif nif, const struct journal *j, struct job *ret,
	struct err *e)
{
	AUTO_JOB struct job job = {NULL};
	int rc = nif == NIF_MOBYSHARK ? prepare_mobyshark(args, &job, e)
				      : prepare_packetflix(args, j, &job, e);

	if (rc < 0)
		return rc;
	*ret = job;
	job = (struct job){NULL};
	return 0;
}
