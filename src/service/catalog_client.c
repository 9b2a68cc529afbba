/* SPDX-License-Identifier: MIT */
#include "service/catalog_client.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "proto/broker.h"
#include "proto/fdpass.h"

#define NEEDED_SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

void catalog_client_init(struct catalog_client *c, int channel)
{
	memset(c, 0, sizeof(*c));
	c->channel = channel;
}

static void drop_catalog(struct catalog_client *c)
{
	catalog_done(&c->catalog);
	if (c->json)
		(void) munmap(c->json, c->json_len_bytes);
	c->json = NULL;
}

void catalog_client_done(struct catalog_client *c)
{
	drop_catalog(c);
	close_p(&c->channel);
	c->channel = -1;
}

static void ask(struct catalog_client *c)
{
	struct msg m = {.op = MSG_REFRESH, .id = c->asked};

	/* a full queue means that discover has enough to answer, with the same scan */
	if (c->channel >= 0)
		(void) msg_send(c->channel, &m, NULL, 0);
}

void catalog_client_reconnect(struct catalog_client *c, int channel)
{
	close_p(&c->channel);
	c->channel = channel;
	if (c->waiters)
		ask(c);
}

/* Map a memfd that nobody can change any more. */
static int map_sealed(int fd, char **ret, size_t *ret_len)
{
	struct stat st;
	void *p;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || (seals & NEEDED_SEALS) != NEEDED_SEALS || fstat(fd, &st) < 0 ||
		st.st_size <= 0 || st.st_size > CATALOG_BYTES_MAX)
		return -EBADMSG;
	p = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret = p;
	*ret_len = (size_t) st.st_size;
	return 0;
}

static int take_catalog(struct catalog_client *c, const struct msg *m, struct fdset *fds)
{
	AUTO_CLOSE int json_fd = fdset_take(fds, 0);
	AUTO_CLOSE int table_fd = fdset_take(fds, 1);
	struct catalog cat;
	char *json = NULL, *table = NULL;
	size_t json_len = 0, table_len = 0;
	int rc = map_sealed(table_fd, &table, &table_len);

	if (rc < 0)
		return rc;
	rc = catalog_decode((const uint8_t *) table, table_len, &cat);
	(void) munmap(table, table_len);
	if (rc < 0)
		return rc;
	rc = map_sealed(json_fd, &json, &json_len);
	if (rc < 0) {
		catalog_done(&cat);
		return rc;
	}
	drop_catalog(c);
	c->catalog = cat;
	c->json = json;
	c->json_len_bytes = json_len;
	c->has_catalog = true;
	c->received_ns = clock_mono_ns();
	c->generation = m->u.catalog.generation;
	c->scan_ns = m->u.catalog.scan_ns;
	if (m->id)
		c->answered = m->id;
	return 0;
}

/* Call the waiters that @due says. Those called may wait again, which puts them on the new list. */
static void call_due(struct catalog_client *c, int64_t now_ns)
{
	struct catalog_waiter *due = NULL, **p = &c->waiters;

	while (*p) {
		struct catalog_waiter *w = *p;

		if ((int32_t) (c->answered - w->want) < 0 && now_ns < w->limit_ns) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		w->next = due;
		due = w;
	}
	while (due) {
		struct catalog_waiter *w = due;

		due = w->next;
		w->is_waiting = false;
		w->ready(w->ctx, (int32_t) (c->answered - w->want) >= 0);
	}
}

int catalog_client_receive(struct catalog_client *c)
{
	int is_new = 0;

	for (;;) {
		AUTO_FDSET struct fdset fds = FDSET_NONE;
		struct msg m;
		int rc = msg_recv(c->channel, &m, &fds);

		if (rc == -EAGAIN)
			break;
		if (rc > 0)
			rc = m.op == MSG_CATALOG ? take_catalog(c, &m, &fds) : -EPROTO;
		else
			rc = -EPIPE;
		if (rc < 0) {
			close_p(&c->channel);
			c->channel = -1;
			c->lost_ns = clock_mono_ns();
			return -EPIPE;
		}
		is_new = 1;
	}
	if (is_new)
		call_due(c, clock_mono_ns());
	return is_new;
}

void catalog_client_wait(struct catalog_client *c, struct catalog_waiter *w, int64_t now_ns)
{
	w->want = ++c->asked;
	w->limit_ns = now_ns + CATALOG_WAIT_LIMIT_NS;
	w->is_waiting = true;
	w->next = c->waiters;
	c->waiters = w;
	ask(c);
}

void catalog_client_cancel(struct catalog_client *c, struct catalog_waiter *w)
{
	struct catalog_waiter **p = &c->waiters;

	if (!w->is_waiting)
		return;
	while (*p && *p != w)
		p = &(*p)->next;
	if (*p)
		*p = w->next;
	w->is_waiting = false;
}

void catalog_client_tick(struct catalog_client *c, int64_t now_ns)
{
	call_due(c, now_ns);
}
