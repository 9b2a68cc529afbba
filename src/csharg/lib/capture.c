/* SPDX-License-Identifier: MIT */
/* Starting captures: what is asked for, over how many connections, and where it goes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "csharg/lib/list.h"
#include "csharg/lib/stream.h"
#include "csharg/lib/target.h"

#define NAME_MAX_BYTES 255

/* The public options, and the names that result. */
struct plan {
	struct csharg_client *client;
	const struct csharg_target *target;
	struct csharg_capture_options options;
	const char *const *name; /* borrowed */
	size_t n_names;          /* 0 = "any" */
	const char *filter;
	bool splits;
};

static int check_names(const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n_names; i++) {
		const char *s = p->name[i];

		if (!s || !s[0] || strlen(s) > NAME_MAX_BYTES || strpbrk(s, "/\r\n"))
			return err_set(
				e, -EINVAL, "an interface name is empty, too long, or has a '/'");
	}
	return 0;
}

/* Original services apply a filter to the last interface only, so each gets a connection of its own
 * where the service does not say that it is another. */
static int plan_split(struct plan *p, struct err *e)
{
	struct csharg_service *service;
	int rc;

	if (p->n_names < 2 || !p->filter[0])
		return 0;
	rc = list_service(p->client, &service, e);
	if (rc < 0)
		return rc;
	p->splits = !service->is_ours;
	csharg_service_free(service);
	if (p->splits && p->n_names > STREAM_LEGS_MAX)
		return err_set(e, -EOPNOTSUPP,
			"this service filters only one interface of a capture, and more than %d "
			"connections are too many: choose interfaces",
			STREAM_LEGS_MAX);
	return 0;
}

static int plan_make(struct plan *p, const struct csharg_capture_options *options, struct err *e)
{
	struct csharg_capture_options o = CSHARG_CAPTURE_OPTIONS_INIT;
	int rc;

	if (options)
		memcpy(&o, options, options->size < sizeof(o) ? options->size : sizeof(o));
	p->options = o;
	p->filter = o.filter ? o.filter : "";
	p->name = o.n_interfaces ? o.interfaces : p->target->interfaces;
	p->n_names = o.n_interfaces ? o.n_interfaces : p->target->n_interfaces;
	rc = check_names(p, e);
	return rc < 0 ? rc : plan_split(p, e);
}

/* Interface names joined by '/', "any" if there are none. Owned by the caller; NULL without memory.
 */
static char *join_names(const char *const *name, size_t n)
{
	size_t len = 4;
	char *out, *at;

	for (size_t i = 0; i < n; i++)
		len += strlen(name[i]) + 1;
	out = malloc(len);
	if (!out)
		return NULL;
	at = stpcpy(out, n ? "" : "any");
	for (size_t i = 0; i < n; i++)
		at = stpcpy(stpcpy(at, i ? "/" : ""), name[i]);
	return out;
}

/* The target to ask for. Process id and start time only mean something together. NULL without
 * memory; owned by the caller. */
static char *target_text(const struct csharg_target *target)
{
	struct csharg_target t = *target;
	char *text = NULL;

	if (t.pid == 0 || t.starttime == 0) {
		t.pid = 0;
		t.starttime = 0;
	}
	return csharg_target_to_json(&t, &text) < 0 ? NULL : text;
}

static int open_legs(struct csharg_stream *s, const struct plan *p, struct err *e)
{
	AUTO_FREE char *container = target_text(p->target);
	struct ws_request r = {.authority = p->client->url.authority,
		.path = p->client->url.path,
		.header = (const char *const *) p->client->credentials.header,
		.n_headers = p->client->credentials.n,
		.user_agent = p->client->user_agent,
		.container = container,
		.filter = p->filter,
		.chaste = p->options.avoid_promiscuous,
		.follow = p->options.follow,
		.names = p->options.names,
		.snaplen_bytes = p->options.snaplen_bytes};

	if (!container)
		return err_set(e, -ENOMEM, "out of memory");
	for (size_t i = 0; i < s->n_legs; i++) {
		AUTO_FREE char *nif =
			p->splits ? join_names(p->name + i, 1) : join_names(p->name, p->n_names);
		int rc;

		if (!nif)
			return err_set(e, -ENOMEM, "out of memory");
		r.nif = nif;
		rc = leg_open(&s->leg[i], p->client, &r, e);
		if (rc < 0)
			return rc;
		s->leg[i].inlet.out = &s->pipeline;
	}
	return 0;
}

/* What the pipeline and the section header need, kept by the stream itself. */
static int fill_stream(struct csharg_stream *s, const struct plan *p)
{
	s->options = p->options;
	s->options.interfaces = NULL;
	s->options.filter = NULL;
	s->options.follow = s->options.names = NULL;
	s->filter = strdup(p->filter);
	if (!s->filter || csharg_target_copy(p->target, &s->target) < 0)
		return -ENOMEM;
	s->doc = (struct target_comment){.name = s->target->name,
		.type = s->target->type,
		.node_name = s->target->node_name,
		.has_cluster = s->target->has_cluster,
		.cluster_uid = s->target->cluster_uid,
		.filter = s->filter,
		.chaste = p->options.avoid_promiscuous};
	s->pipeline = (struct pipeline){.sink = &s->sink,
		.doc = &s->doc,
		.n_inlets = s->n_legs,
		.max_packets = p->options.max_packets,
		.max_bytes = p->options.max_bytes,
		.snaplen_bytes = p->options.snaplen_bytes};
	return 0;
}

static void stream_free_p(struct csharg_stream **s)
{
	csharg_stream_free(*s);
}

/* Start the stream whose output is @sink; it becomes the stream's, also on failure. */
static int start(struct plan *p, const struct csharg_capture_options *options, struct sink *sink,
	struct csharg_stream **ret, struct err *e)
{
	__attribute__((cleanup(stream_free_p))) struct csharg_stream *s = NULL;
	int rc = plan_make(p, options, e);

	if (rc == 0)
		s = stream_new(p->splits ? p->n_names : 1, e);
	if (!s) {
		sink_done(sink);
		return e->code;
	}
	s->sink = *sink;
	if (fill_stream(s, p) < 0)
		return err_set(e, -ENOMEM, "out of memory");
	rc = open_legs(s, p, e);
	if (rc == 0)
		rc = stream_begin(s, e);
	if (rc < 0)
		return rc;
	*ret = TAKE_PTR(s);
	return 0;
}

int csharg_capture_fd(struct csharg_client *client, const struct csharg_target *target,
	const struct csharg_capture_options *options, int fd, struct csharg_stream **ret_stream,
	struct csharg_error *e)
{
	struct plan p = {.client = client, .target = target};
	struct err why = ERR_NONE;
	struct sink sink;
	int rc = sink_init_fd(&sink, fd, &why);

	if (rc == 0)
		rc = start(&p, options, &sink, ret_stream, &why);
	return rc < 0 ? error_tell(&why, e) : 0;
}

int csharg_capture_bytes(struct csharg_client *client, const struct csharg_target *target,
	const struct csharg_capture_options *options, csharg_bytes_fn fn, void *ctx,
	struct csharg_stream **ret_stream, struct csharg_error *e)
{
	struct plan p = {.client = client, .target = target};
	struct err why = ERR_NONE;
	struct sink sink;

	sink_init_callback(&sink, fn, ctx);
	return start(&p, options, &sink, ret_stream, &why) < 0 ? error_tell(&why, e) : 0;
}

static int feed_reader(void *ctx, const uint8_t *bytes, size_t len_bytes)
{
	return csharg_reader_feed(ctx, bytes, len_bytes, NULL);
}

int csharg_capture_packets(struct csharg_client *client, const struct csharg_target *target,
	const struct csharg_capture_options *options, const struct csharg_packet_fns *fns,
	void *ctx, struct csharg_stream **ret_stream, struct csharg_error *e)
{
	struct csharg_stream *s = NULL;
	struct csharg_reader *reader;
	int rc = csharg_reader_new(fns, ctx, &reader);

	if (rc < 0)
		return error_nomem(e);
	rc = csharg_capture_bytes(client, target, options, feed_reader, reader, &s, e);
	if (!s) {
		csharg_reader_free(reader);
		return rc;
	}
	s->reader = reader;
	*ret_stream = s;
	return 0;
}
