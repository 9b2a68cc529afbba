/* SPDX-License-Identifier: MIT */
#include "service/hub/capture.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/utf8.h"

struct capture *capture_new(uint32_t id, const struct ns_ref *ns, struct capture_conf *conf)
{
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->id = id;
	c->ns = *ns;
	c->conf = *conf;
	memset(conf, 0, sizeof(*conf));
	c->event_fd = c->space_fd = c->control_fd = -1;
	c->is_unwatched = ns->kind != NS_REF_PROC;
	return c;
}

void capture_release(struct capture *c)
{
	if (c->map)
		(void) munmap(c->map, c->map_bytes);
	c->map = NULL;
	close_p(&c->control_fd);
	c->control_fd = -1;
	idb_list_done(&c->idbs);
	names_done(&c->names);
}

void capture_free(struct capture *c)
{
	if (!c)
		return;
	capture_release(c);
	close_p(&c->event_fd);
	close_p(&c->space_fd);
	capture_conf_done(&c->conf);
	free(c);
}

static int map_stream(struct capture *c, int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return err_set(e, -EBADF, "was given no stream buffer");
	c->map_bytes = (size_t) st.st_size;
	c->map = mmap(NULL, c->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		return err_sys(e, -errno, "cannot map the stream buffer");
	}
	if (chunk_reader_init(&c->in, c->map, c->map_bytes) < 0)
		return err_set(e, -EINVAL, "the stream buffer has an impossible size");
	return 0;
}

static int send_conf(struct capture *c, struct err *e)
{
	AUTO_FREE uint8_t *buf = malloc(CONF_MAX_BYTES);
	ssize_t n;

	if (!buf)
		return err_set(e, -ENOMEM, "out of memory");
	n = capture_conf_encode(&c->conf, buf, CONF_MAX_BYTES);
	if (n < 0)
		return err_sys(e, (int) n, "cannot describe the capture");
	n = fdpass_send(c->control_fd, buf, (size_t) n, NULL, 0);
	return n < 0 ? err_sys(e, (int) n, "cannot configure the reader") : 0;
}

int capture_attach(struct capture *c, struct fdset *fds, struct err *e)
{
	AUTO_CLOSE int stream = fdset_take(fds, 0);
	int rc;

	c->event_fd = fdset_take(fds, 1);
	c->space_fd = fdset_take(fds, 2);
	c->control_fd = fdset_take(fds, 3);
	if (stream < 0 || c->control_fd < 0)
		return err_set(e, -EPROTO, "the broker sent too few descriptors");
	rc = map_stream(c, stream, e);
	if (rc == 0)
		rc = send_conf(c, e);
	if (rc == 0)
		c->state = CAPTURE_STARTING;
	return rc;
}

void capture_wake(struct capture *c)
{
	struct seat *next;

	for (struct seat *s = c->seats.first; s; s = next) {
		next = s->next;
		s->ops->wake(s->ctx);
	}
}

void capture_set_ended(struct capture *c, const struct refusal *end)
{
	if (c->end.text[0] == '\0' && c->end.close_code == 0)
		c->end = *end;
	if (c->state != CAPTURE_ENDED)
		c->ended_ns = clock_mono_ns();
	c->state = CAPTURE_ENDED;
	capture_wake(c);
}

/* The reader's last words. */
static void on_end(struct capture *c, const struct chunk *k)
{
	struct refusal why = {.http_status = 200, .close_code = CLOSE_NORMAL};
	char text[ERR_TEXT_MAX];
	size_t n = k->info.payload_len_bytes < sizeof(text) - 1 ? k->info.payload_len_bytes
								: sizeof(text) - 1;

	c->has_end = true;
	memcpy(text, k->payload, n);
	text[n] = '\0';
	if (k->info.status == 0)
		(void) snprintf(why.text, sizeof(why.text), "capture process terminated");
	else if (k->info.status == -ENODEV)
		(void) refuse(&why, 0, 404, CLOSE_POLICY, "%s", text);
	else
		(void) refuse(&why, 0, 500, CLOSE_INTERNAL, "%s", text);
	capture_set_ended(c, &why);
}

static int on_chunk(struct capture *c, const struct chunk *k)
{
	if (k->info.interfaces > c->idbs.n)
		return -EBADMSG;
	switch ((enum chunk_kind) k->info.kind) {
	case CHUNK_INTERFACE:
		return idb_list_add(&c->idbs, k->payload, k->info.payload_len_bytes);
	case CHUNK_READY:
		c->has_started = true;
		/* one that nobody wanted any more before it was ready does not come back to life */
		if (c->state == CAPTURE_STARTING)
			c->state = CAPTURE_RUNNING;
		return 0;
	case CHUNK_RING_WANTED:
		c->ring_wanted = k->info.status == 0 ? RING_WANTED_LARGER : RING_WANTED_ANY;
		return 0;
	case CHUNK_FILTER_REFUSED:
		c->is_filter_refused = true;
		return 0;
	case CHUNK_PACKETS:
		c->packets += k->info.packets;
		c->payload_bytes += k->info.payload_len_bytes;
		c->lost_ring += k->info.lost;
		return 0;
	case CHUNK_END:
	default:
		on_end(c, k);
		return 0;
	}
}

int capture_scan(struct capture *c)
{
	struct refusal nonsense;
	bool is_new = false;
	int rc = 0;

	/* CHUNK_END is the last one, whatever comes behind it */
	while (c->map && rc == 0 && !c->has_end) {
		struct chunk k;

		rc = chunk_reader_next(&c->in, c->scan_pos, &k);
		if (rc <= 0)
			break;
		rc = on_chunk(c, &k);
		c->scan_pos = k.next;
		is_new = true;
	}
	if (rc < 0) {
		(void) refuse(&nonsense, 0, 500, CLOSE_INTERNAL, "capture process failed");
		capture_set_ended(c, &nonsense);
		return rc;
	}
	if (is_new)
		capture_wake(c);
	return 0;
}

static void wake_reader(struct capture *c)
{
	static const uint64_t one = 1;

	(void) !write(c->space_fd, &one, sizeof(one));
}

void capture_reclaim(struct capture *c)
{
	if (c->map && seats_reclaim(&c->seats, &c->in, c->scan_pos, &c->lost_viewer))
		wake_reader(c);
}

static void send_small(struct capture *c, const uint8_t *msg, ssize_t len)
{
	/* a reader that does not read any more ends by being hung up on or killed */
	if (len > 0 && c->control_fd >= 0)
		(void) fdpass_send(c->control_fd, msg, (size_t) len, NULL, 0);
}

void capture_stop(struct capture *c, const struct refusal *why, int64_t now_ns)
{
	uint8_t msg[8];

	if (c->is_stopping || c->state == CAPTURE_ENDED)
		return;
	c->is_stopping = true;
	c->stop_ns = now_ns;
	c->end = *why;
	if (c->control_fd < 0)
		capture_set_ended(c, why);
	else
		send_small(c, msg, conf_stop_encode(msg, sizeof(msg)));
}

void capture_use_next_ring(struct capture *c)
{
	uint8_t msg[8];

	send_small(c, msg, conf_ring_encode(c->next_ring_bytes, msg, sizeof(msg)));
}

void capture_exclude(struct capture *c)
{
	uint8_t msg[CONF_ENDPOINTS_MAX * sizeof(struct conf_endpoint) + 16];

	if (c->state == CAPTURE_STARTING || c->state == CAPTURE_RUNNING)
		send_small(c, msg,
			conf_exclude_encode(
				c->conf.endpoints, c->conf.n_endpoints, msg, sizeof(msg)));
}

int capture_seat(struct capture *c, struct seat *s, enum seat_start start)
{
	int rc = 0;

	assert(!s->capture);
	s->pos = c->in.released;
	if (c->map && start == SEAT_NEWEST)
		s->pos = chunk_reader_head(&c->in, &rc);
	if (rc < 0)
		return rc;
	assert(s->pos >= c->in.released);
	s->capture = c;
	s->leave_at = UINT64_MAX;
	s->gap = s->unbooked = 0;
	s->last_interface = c->conf.first_interface;
	seats_add(&c->seats, s);
	return 0;
}

void capture_unseat(struct seat *s)
{
	seats_remove(&s->capture->seats, s);
}

bool capture_may_go_on(const struct capture *c)
{
	return c->is_target_gone && c->state == CAPTURE_ENDED;
}

bool capture_matches(const struct capture *c, const struct ns_ref *ns, bool is_claimed,
	const struct capture_conf *conf)
{
	bool is_there = is_claimed ? ns_ref_is_same(&c->ns, ns) : c->ns.inode == ns->inode;

	if (c->state == CAPTURE_ENDED || c->is_stopping || !is_there ||
		c->conf.snaplen != conf->snaplen || c->conf.promiscuous != conf->promiscuous ||
		c->conf.n_names != conf->n_names || strcmp(c->conf.filter, conf->filter) != 0)
		return false;
	for (uint16_t i = 0; i < conf->n_names; i++) {
		if (strcmp(c->conf.names[i], conf->names[i]) != 0)
			return false;
	}
	return true;
}
