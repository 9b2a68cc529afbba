/* SPDX-License-Identifier: MIT */
#include "reader/chunking.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "base/utf8.h"
#include "pcapng/write.h"
#include "reader/emit.h"

#define FILTER_SHOWN_INTERFACES 64  /* with a filter text of any length */
#define FILTER_SHOWN_BYTES      512 /* with all interfaces */

_Static_assert(STREAM_INTERFACE_BYTES >= CONF_FILTER_MAX + 4096, "room for all options");

void chunking_notify(struct capture *c)
{
	static const uint64_t one = 1;

	/* fails only when the counter is full, and then the service has a wake-up waiting anyway */
	(void) !write(c->fds.event, &one, sizeof(one));
}

/* Sleep until the service released space. Returns 0 or -EPIPE when it hung up. */
static int wait_for_space(struct capture *c)
{
	struct pollfd p[] = {
		{.fd = c->fds.space, .events = POLLIN},
		{.fd = c->fds.control, .events = 0},
	};
	uint64_t n;

	chunking_notify(c);
	if (poll(p, 2, -1) < 0 && errno != EINTR)
		return -errno;
	if (p[1].revents & (POLLHUP | POLLERR))
		return -EPIPE;
	if (p[0].revents & POLLIN)
		(void) !read(c->fds.space, &n, sizeof(n));
	return 0;
}

/* Reserve @bytes of payload, waiting as long as it takes. */
static int reserve(struct capture *c, size_t bytes, uint8_t **ret_payload)
{
	for (;;) {
		int rc = chunk_writer_reserve(&c->out, bytes, ret_payload);

		if (rc != -EAGAIN)
			return rc;
		if (!chunk_writer_must_wait(&c->out, bytes))
			continue;
		rc = wait_for_space(c);
		if (rc < 0)
			return rc;
	}
}

/* Open a chunk that holds at least @bytes. Losses belong in front of its first packet. */
static int open_chunk(struct capture *c, size_t bytes)
{
	size_t cap = bytes > CHUNK_PAYLOAD_BYTES ? bytes : CHUNK_PAYLOAD_BYTES;
	int rc = reserve(c, cap, &c->chunk_payload);

	if (rc < 0) {
		c->chunk_payload = NULL;
		return rc;
	}
	c->chunk_cap = cap;
	c->chunk_serial++;
	c->chunk = (struct chunk_info){.kind = CHUNK_PACKETS, .interfaces = c->ifs.n_told};
	return 0;
}

static void close_chunk(struct capture *c)
{
	if (!c->chunk_payload)
		return;
	chunk_writer_commit(&c->out, &c->chunk, c->counts);
	c->chunk_payload = NULL;
}

static void count_packet(struct capture *c, struct interface *i)
{
	if (i->chunk_serial != c->chunk_serial) {
		i->chunk_serial = c->chunk_serial;
		i->chunk_slot = c->chunk.n_counts++;
		c->counts[i->chunk_slot] = (struct chunk_count){.interface = i->id};
	}
	c->counts[i->chunk_slot].packets++;
	c->chunk.packets++;
}

static bool fits(const struct capture *c, const struct interface *i, size_t bytes)
{
	return c->chunk_payload && bytes <= c->chunk_cap - c->chunk.payload_len_bytes &&
	       (c->chunk.n_counts < CHUNK_COUNTS_MAX || i->chunk_serial == c->chunk_serial);
}

int chunking_add_packet(struct capture *c, struct interface *i, const struct packet *p)
{
	struct emit_plan plan;
	size_t bytes;
	int rc;

	emit_plan(p, i->id, i->linktype, c->conf.snaplen, &plan);
	plan.epb.dropcount = c->lost;
	bytes = pcapng_epb_bytes(&plan.epb);
	if (c->lost > 0 || !fits(c, i, bytes)) {
		close_chunk(c);
		rc = open_chunk(c, bytes);
		if (rc < 0)
			return rc;
		c->chunk.lost = c->lost;
		c->chunk.lost_interface = i->id; /* of its first packet */
		c->lost = 0;
	}
	emit_put(&plan, p, c->chunk_payload + c->chunk.payload_len_bytes);
	c->chunk.payload_len_bytes += (uint32_t) bytes;
	c->chunk.last_ts_ns = p->ts_ns;
	count_packet(c, i);
	return 0;
}

int chunking_flush(struct capture *c)
{
	int rc;

	close_chunk(c);
	if (c->lost == 0 || c->ifs.n_told == c->conf.first_interface)
		return 0;
	rc = open_chunk(c, 0);
	if (rc < 0)
		return rc;
	c->chunk.lost = c->lost; /* of no interface yet: that of the next packet counts them */
	c->lost = 0;
	close_chunk(c);
	return 0;
}

/* What the kernel calls this kind of link, for people. */
static const char *kind_of(const struct interface *i)
{
	if (i->link.kind[0])
		return i->link.kind;
	return i->link.arphrd == ARPHRD_LOOPBACK ? "loopback" : "network device";
}

static bool is_refused(const struct capture *c, uint16_t linktype)
{
	for (uint16_t i = 0; i < c->conf.n_programs; i++) {
		if (c->conf.programs[i].linktype == linktype)
			return c->conf.programs[i].refuses;
	}
	return false;
}

/* What there is to say about @i beyond its properties, line by line: NULL, or @ret. */
static const char *comment_of(
	const struct capture *c, const struct interface *i, char *ret, size_t cap_bytes)
{
	char former[LINK_NAME_MAX + 64] = "", name[LINK_NAME_MAX];
	const char *const lines[] = {c->conf.comment, former,
		i->is_further
			? "stands for all further links of this type: the stream has too many "
			  "interfaces to give each one of its own"
			: "",
		is_refused(c, i->linktype)
			? "the capture filter does not fit this link type: no packets are kept"
			: "",
		c->verdict.is_refused
			? "the kernel has no room for the capture filter (net.core.optmem_max): "
			  "packets are filtered behind the ring, and lost ones are counted "
			  "unfiltered"
			: ""};
	size_t len = 0;

	utf8_sanitize(i->former, name, sizeof(name));
	if (name[0])
		(void) snprintf(former, sizeof(former),
			"renamed: this interface was called %s before", name);
	ret[0] = '\0';
	for (size_t n = 0; n < ARRAY_LEN(lines) && len < cap_bytes; n++) {
		if (lines[n][0])
			len += (size_t) snprintf(
				ret + len, cap_bytes - len, "%s%s", len > 0 ? "\n" : "", lines[n]);
	}
	return ret[0] ? ret : NULL;
}

/* The filter as an interface's description shows it. Each description is kept for viewers that come
 * later, and a container can make interfaces without end: so a long text is in the first ones only.
 */
static const char *shown_filter(const struct capture *c)
{
	if (c->ifs.n_told >= FILTER_SHOWN_INTERFACES && strlen(c->conf.filter) > FILTER_SHOWN_BYTES)
		return NULL;
	return c->conf.filter;
}

int chunking_tell_interface(struct capture *c, struct interface *i)
{
	/* names and aliases may hold any bytes; the stream holds UTF-8 */
	char name[LINK_NAME_MAX], alias[LINK_TEXT_MAX], description[LINK_TEXT_MAX + 64];
	char comment[CONF_COMMENT_MAX + 512];
	struct chunk_info info = {.kind = CHUNK_INTERFACE, .interfaces = c->ifs.n_told};
	struct pcapng_idb idb = {
		.linktype = i->linktype,
		.snaplen = c->conf.snaplen,
		.name = name,
		.description = description,
		.filter = shown_filter(c),
		.hardware = kind_of(i),
		.os = c->os,
		.mac = i->link.addr_len == 6 ? i->link.addr : NULL,
		.speed_bps = i->speed_bps,
		.comment = comment_of(c, i, comment, sizeof(comment)),
	};
	uint8_t *payload;
	ssize_t n;
	int rc;

	utf8_sanitize(i->link.name, name, sizeof(name));
	utf8_sanitize(i->link.alias, alias, sizeof(alias));
	(void) snprintf(description, sizeof(description), "%s%s%s, index %u", kind_of(i),
		alias[0] ? " " : "", alias, i->link.ifindex);
	close_chunk(c);
	if (c->ifs.n_told >= INTERFACES_MAX)
		return -ENOSPC;
	rc = reserve(c, STREAM_INTERFACE_BYTES, &payload);
	if (rc < 0)
		return rc;
	n = pcapng_put_idb(&idb, payload, STREAM_INTERFACE_BYTES);
	if (n < 0)
		return (int) n;
	info.payload_len_bytes = (uint32_t) n;
	chunk_writer_commit(&c->out, &info, NULL);
	i->id = c->ifs.n_told++;
	i->is_told = true;
	return 0;
}

int chunking_tell(struct capture *c, enum chunk_kind kind, int status, const char *text)
{
	struct chunk_info info = {.kind = kind,
		.interfaces = c->ifs.n_told,
		.status = status,
		.payload_len_bytes = (uint32_t) strlen(text)};
	uint8_t *payload;
	int rc;

	close_chunk(c);
	rc = reserve(c, info.payload_len_bytes, &payload);
	if (rc < 0)
		return rc;
	memcpy(payload, text, info.payload_len_bytes);
	chunk_writer_commit(&c->out, &info, NULL);
	chunking_notify(c);
	return 0;
}
