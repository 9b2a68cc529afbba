/* SPDX-License-Identifier: MIT */
#include "csharg/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "csharg/cli/connect.h"
#include "csharg/cli/pump.h"

static void rotate_free_p(struct rotate **r)
{
	rotate_free(*r);
}

#define AUTO_ROTATE __attribute__((cleanup(rotate_free_p)))

static bool is_rotating(const struct options *o)
{
	return o->rotate_bytes > 0 || o->rotate_s > 0;
}

/* What can be said before the service is asked. */
static int check(const struct options *o, const char *name, struct err *e)
{
	bool to_stdout = strcmp(o->write, "-") == 0;

	if (!*name)
		return err_set(e, -EINVAL, "invalid empty capture target name");
	if (to_stdout && is_rotating(o))
		return err_set(e, -EINVAL, "rotation needs a file: --write FILE");
	if (o->files > 0 && !is_rotating(o))
		return err_set(e, -EINVAL, "--files needs --rotate-size or --rotate-seconds");
	if (to_stdout && isatty(STDOUT_FILENO))
		return err_set(e, -ENOTTY,
			"packets are not written to a terminal; use --write FILE or a pipe");
	return 0;
}

/* The descriptor to write to; it is the caller's to close. */
static int open_output(const char *path, struct err *e)
{
	int fd = strcmp(path, "-") == 0
			 ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0)
		return err_sys(e, -errno, "cannot create packet capture file: \"%.300s\"", path);
	return fd;
}

static int capture_into_files(struct pump *pump, const struct options *o, struct err *e)
{
	struct rotate_options options = {.path = o->write,
		.max_bytes = o->rotate_bytes,
		.max_ms = o->rotate_s * 1000,
		.files = (uint32_t) o->files};
	AUTO_ROTATE struct rotate *rotate = NULL;
	int rc = rotate_new(&options, clock_mono_ns() / 1000000, &rotate, e);

	pump->rotate = rotate;
	return rc < 0 ? rc : pump_run(pump, e);
}

static int capture_into_one(struct pump *pump, const struct options *o, struct err *e)
{
	AUTO_CLOSE int fd = open_output(o->write, e);

	pump->fd = fd;
	return fd < 0 ? fd : pump_run(pump, e);
}

static int capture(const struct options *o, struct csharg_client *client,
	const struct csharg_target *target, struct err *e)
{
	struct csharg_capture_options options = CSHARG_CAPTURE_OPTIONS_INIT;
	struct pump pump = {.client = client,
		.target = target,
		.options = &options,
		.fd = -1,
		.is_quiet = o->quiet,
		.shows_progress = !o->quiet && strcmp(o->write, "-") != 0};

	options.interfaces = o->interfaces.word;
	options.n_interfaces = o->interfaces.n;
	options.filter = o->filter;
	options.avoid_promiscuous = o->avoid_promiscuous;
	options.follow = o->follow;
	options.names = o->names;
	options.snaplen_bytes = (uint32_t) o->snaplen_bytes;
	options.max_duration_ms = o->duration_ms;
	options.max_packets = o->packets;
	options.max_bytes = o->bytes;
	return is_rotating(o) ? capture_into_files(&pump, o, e) : capture_into_one(&pump, o, e);
}

static int find_and_capture(
	const struct options *o, const struct csharg_query *query, struct err *e)
{
	AUTO_CLIENT struct csharg_client *client = NULL;
	AUTO_TARGETS struct csharg_targets *all = NULL;
	const struct csharg_target *target;
	struct csharg_error why;
	int rc = check(o, query->name, e);

	if (rc == 0)
		rc = connect_client(o, &client, e);
	if (rc < 0)
		return rc;
	if (csharg_client_targets(client, &all, &why) < 0)
		return connect_refused(client, &why, e);
	if (csharg_targets_find(all, query, &target, &why) < 0)
		return connect_error(&why, e);
	return capture(o, client, target, e);
}

int verb_capture(const struct call *call, struct err *e)
{
	const struct csharg_query query = {.name = call->args[0]};

	return find_and_capture(call->options, &query, e);
}

/* The node has always been ignored when a host was named. */
int verb_capture_container(const struct call *call, struct err *e)
{
	const struct csharg_query query = {.name = call->args[0], .type_class = CSHARG_CONTAINERS};

	return find_and_capture(call->options, &query, e);
}

int verb_capture_pod(const struct call *call, struct err *e)
{
	const char *wanted = call->options->pod_namespace, *name = call->args[0];
	const struct csharg_query query = {
		.name = name, .type_class = CSHARG_PODS, .pod_namespace = wanted};
	size_t n = strcspn(name, "/");

	if (wanted && name[n] && (strlen(wanted) != n || memcmp(wanted, name, n) != 0))
		return err_set(e, -EINVAL,
			"pod \"%.200s\" is not in the namespace of --namespace, \"%.200s\"", name,
			wanted);
	return find_and_capture(call->options, &query, e);
}

int verb_capture_network(const struct call *call, struct err *e)
{
	const struct csharg_query query = {
		.name = call->args[0], .type_class = CSHARG_NETWORKS, .node = call->args[1]};

	return find_and_capture(call->options, &query, e);
}
